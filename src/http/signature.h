#pragma once

#include <cstdint>
#include <string>

#include "http/routes.h"
#include "tocsin/base/time.h"
#include "tocsin/config/config.h"

namespace tocsin::http {

enum class Signature : std::uint8_t { none_needed, good, missing, wrong, untimely };

struct CheckedSignature {
  Signature result = Signature::none_needed;
  /// Of a good one with a time: by what its request is known. "": it may come again.
  std::string once{};
};

/// The request's signature, if its sender (null: an unknown one) has to sign: HMAC-SHA256 of the
/// raw body in lower or upper case hexadecimal, as Grafana and Sentry write it, perhaps with
/// `sha256=` in front, as GitHub does; or `t=<unix>,v1=<hex>` of "<t>.<body>", as Tocsin signs what
/// it sends. Such a time is untimely when it is more than five minutes from `now`, the wall clock.
CheckedSignature check_signature(const config::Sender*, const Request&, Instant now);

}  // namespace tocsin::http
