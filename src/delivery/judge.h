#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <string>

#include "tocsin/delivery/delivery.h"

namespace tocsin::delivery {

/// What is known about a transfer that has ended.
struct Evidence {
  CURLcode code = CURLE_OK;
  bool answered = false;       ///< The header of a final answer arrived whole.
  long status = 0;             ///< Valid if answered.
  bool request_began = false;  ///< From here on the destination may have seen the request.
  bool looked_up = false;      ///< The address is known.
  bool connected = false;      ///< TCP is up.
  bool encrypted = false;      ///< TLS is up.
  long os_errno = 0;           ///< Of the failed connection.
  std::int64_t retry_after_seconds = 0;
};

/// The longest wait a destination may ask for (R31).
inline constexpr Duration kRetryAfterMax{5 * 60 * 1000};

/// Pure. Never names a URL, host or address: those of a webhook are secrets.
triage::PageAttempted judge(PageId, const Evidence&);

/// The same for a connection to a mail server that could not be made: always refused. `tls_first`:
/// the URL is smtps://.
triage::PageAttempted judge_mail_connection(PageId, const Evidence&, bool tls_first);

}  // namespace tocsin::delivery
