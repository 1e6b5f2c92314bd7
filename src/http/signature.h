#pragma once

#include <cstdint>

#include "http/routes.h"
#include "tocsin/config/config.h"

namespace tocsin::http {

enum class Signature : std::uint8_t { none_needed, good, missing, wrong };

/// The request's signature, if its sender (null: an unknown one) has to sign: HMAC-SHA256 of the
/// raw body in lower or upper case hexadecimal, as Grafana and Sentry write it, perhaps with
/// `sha256=` in front, as GitHub does; or `t=<unix>,v1=<hex>` of "<t>.<body>", as Tocsin signs what
/// it sends.
Signature check_signature(const config::Sender*, const Request&);

}  // namespace tocsin::http
