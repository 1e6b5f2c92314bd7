#include "config/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

namespace tocsin::config {
namespace {

constexpr std::string_view kListenCure = "write address and port, such as 127.0.0.1:9911";

std::optional<in_addr> parse_v4(const std::string& host) {
  in_addr out{};
  if (::inet_pton(AF_INET, host.c_str(), &out) != 1) return std::nullopt;
  return out;
}

std::optional<in6_addr> parse_v6(const std::string& host) {
  in6_addr out{};
  if (::inet_pton(AF_INET6, host.c_str(), &out) != 1) return std::nullopt;
  return out;
}

bool is_v4_loopback(const in_addr& address) { return (ntohl(address.s_addr) >> 24) == 127; }

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Of letters, digits and what `others` holds, between single dots, at most `longest` bytes each.
bool are_dotted(std::string_view text, std::string_view others, std::size_t longest) {
  std::size_t length = 0;
  for (const char c : text) {
    if (c == '.' ? length == 0 : !is_letter_or_digit(c) && others.find(c) == others.npos) {
      return false;
    }
    length = c == '.' ? 0 : length + 1;
    if (length > longest) return false;
  }
  return length > 0;
}

bool is_host_name(std::string_view text) {
  return text.size() <= 253 && text.front() != '-' && text.back() != '-' &&
         are_dotted(text, "-_", 63);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

}  // namespace

std::expected<Listen, std::string> parse_listen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return std::unexpected(std::string(kListenCure));
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return std::unexpected("the port is a number from 0 to 65535");
  std::string host(text.substr(0, colon));
  if (host.empty() || host == "*") {
    return std::unexpected("write 0.0.0.0 for every address of this machine");
  }
  if (host == "localhost") return Listen{"127.0.0.1", *port};
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (!parse_v6(host)) return std::unexpected(std::string(kListenCure));
    return Listen{std::move(host), *port};
  }
  if (parse_v4(host)) return Listen{std::move(host), *port};
  if (parse_v6(host)) return std::unexpected("write an IPv6 address in brackets: [::1]:9911");
  return std::unexpected(std::string(kListenCure));
}

bool is_loopback(const Listen& listen) {
  if (const auto v4 = parse_v4(listen.host)) return is_v4_loopback(*v4);
  const auto v6 = parse_v6(listen.host);
  if (!v6) return false;
  if (IN6_IS_ADDR_LOOPBACK(&*v6)) return true;
  return IN6_IS_ADDR_V4MAPPED(&*v6) && v6->s6_addr[12] == 127;
}

bool is_any_address(const Listen& listen) {
  if (const auto v4 = parse_v4(listen.host)) return v4->s_addr == htonl(INADDR_ANY);
  const auto v6 = parse_v6(listen.host);
  return v6 && std::ranges::all_of(v6->s6_addr, [](unsigned char byte) { return byte == 0; });
}

std::string to_string(const Listen& listen) {
  const bool is_v6 = listen.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + listen.host + "]" : listen.host) + ":" + std::to_string(listen.port);
}

bool is_loopback_host(const std::string& host) {
  return host == "localhost" || is_loopback(Listen{host, 0});
}

std::expected<SmtpUrl, std::string> parse_smtp_url(std::string_view text) {
  SmtpUrl out;
  out.is_tls_from_the_start = text.starts_with("smtps://");
  if (!out.is_tls_from_the_start && !text.starts_with("smtp://")) {
    return std::unexpected("begin it with smtps:// (TLS from the start) or smtp:// (STARTTLS)");
  }
  std::string_view rest = text.substr(text.find("//") + 2);
  if (rest.find('@') != rest.npos) {
    return std::unexpected("leave user and password out of it: write user and password_file");
  }
  const bool is_v6 = rest.starts_with('[');
  const std::size_t host_end = is_v6 ? rest.find(']') : std::min(rest.find(':'), rest.size());
  if (host_end == rest.npos) return std::unexpected("close the bracket of the IPv6 address");
  out.host = rest.substr(is_v6 ? 1 : 0, host_end - (is_v6 ? 1 : 0));
  rest.remove_prefix(host_end + (is_v6 ? 1 : 0));
  const bool is_host =
      is_v6 ? parse_v6(out.host).has_value() : !out.host.empty() && is_host_name(out.host);
  if (!is_host) return std::unexpected("name the host in it, such as smtps://mail.example.net:465");
  if (rest.empty()) return out;
  const auto port = rest.front() == ':' ? parse_port(rest.substr(1)) : std::nullopt;
  if (!port || *port == 0) {
    return std::unexpected("after the host comes a port from 1 to 65535 and nothing else");
  }
  return out;
}

bool is_mail_address(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == text.npos || text.size() > 254) return false;
  const std::string_view local = text.substr(0, at);
  const std::string_view domain = text.substr(at + 1);
  return local.size() <= 64 && are_dotted(local, "!#$%&'*+-/=?^_`{|}~", 64) && !domain.empty() &&
         is_host_name(domain);
}

std::expected<std::string, std::string> parse_external_url(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return std::unexpected("begin it with http:// or https://");
  }
  const std::string_view host = rest.substr(0, rest.find('/'));
  if (host.empty() || host.front() == ':') return std::unexpected("name the host in it");
  if (host.find('@') != host.npos) {
    return std::unexpected("leave user and password out: the URL is part of every page");
  }
  const auto is_fine = [](char c) {
    return c > 0x20 && c < 0x7F &&
           std::string_view("\"<>\\^`{|}?#").find(c) == std::string_view::npos;
  };
  if (!std::ranges::all_of(rest, is_fine)) {
    return std::unexpected("leave out blanks, \"?\", \"#\" and what else is no host or path");
  }
  while (text.ends_with('/')) text.remove_suffix(1);
  return std::string(text);
}

}  // namespace tocsin::config
