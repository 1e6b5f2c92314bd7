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

/// True for what parse_smtp_url's host may be on this machine: localhost and loopback addresses.
bool is_loopback_host(const std::string& host);

/// Where mail is handed in.
struct SmtpUrl {
  bool is_tls_from_the_start = false;  ///< smtps://
  std::string host;                    ///< An IPv6 address without its brackets.
};
/// Reads `smtps://host:port` or `smtp://host:port`; the port may be left out. The error is a cure
/// that repeats nothing of the text: a password may stand in it.
std::expected<SmtpUrl, std::string> parse_smtp_url(std::string_view text);

/// True for an address of mail as it may stand in an envelope: `local@domain`, ASCII, a local part
/// of atoms and dots. Source: RFC 5321 sections 4.1.2 and 4.5.3.1, RFC 5322 section 3.2.3.
bool is_mail_address(std::string_view text);

/// `http://host:port/path` without a slash at the end. The error is a cure.
std::expected<std::string, std::string> parse_external_url(std::string_view text);

}  // namespace tocsin::config
