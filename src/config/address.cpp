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
