#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "tocsin/config/config.h"

namespace tocsin::config {

/// Reads `127.0.0.1:9911`, `[::1]:9911` or `localhost:9911` (which means 127.0.0.1). The error is
/// a cure. Names are refused: what a name stands for may change behind the daemon's back.
std::expected<Listen, std::string> parse_listen(std::string_view text);

/// True for 127.0.0.0/8, ::1 and the same mapped into IPv6. REQUIRES: parse_listen made it.
bool is_loopback(const Listen&);
/// True for 0.0.0.0 and ::, which are every address of the machine.
bool is_any_address(const Listen&);

/// "127.0.0.1:9911", "[::1]:9911".
std::string to_string(const Listen&);

/// `http://host:port/path` without a slash at the end. The error is a cure.
std::expected<std::string, std::string> parse_external_url(std::string_view text);

}  // namespace tocsin::config
