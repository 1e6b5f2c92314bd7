#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/delivery/delivery.h"

namespace tocsin::delivery {

/// One mail, ready to be handed in: its envelope and its text in lines that end with CRLF.
struct Mail {
  std::string from;
  std::vector<std::string> to;
  std::string text;
};

/// What the `email` channel sends for a message at `unix_seconds`. Message-ID depends on the page's
/// idempotency key and `store_secret` alone, so every attempt has the same one and another store's
/// incident of the same number has another. All mails of an incident name one (which no mail has)
/// in References, so that mail programs show them as one conversation. Source: RFC 5322, RFC 3834.
Mail compose_mail(const Message&, const config::MailSettings&, std::string_view external_url,
                  std::string_view store_secret, std::int64_t unix_seconds);

/// The text for people, plain, "\n" at each line's end: what, since when, what to do. All from
/// outside is on lines of its own or behind a word of ours, and bounded.
std::string mail_body(const Message&, std::string_view external_url);

}  // namespace tocsin::delivery
