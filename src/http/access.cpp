#include "http/access.h"

#include <algorithm>

namespace tocsin::http {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

/// Without the port, which begins behind the last colon outside brackets.
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) {
    const auto bracket = host.find(']');
    return bracket == std::string_view::npos ? host : host.substr(0, bracket + 1);
  }
  return host.substr(0, host.find(':'));
}

/// 127.a.b.c in decimal. A name such as 127.evil.example is none.
bool is_loopback_v4(std::string_view host) {
  if (!host.starts_with("127.")) return false;
  const bool digits_and_dots = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return digits_and_dots && std::ranges::count(host, '.') == 3;
}

}  // namespace

std::string_view to_string(Scope scope) {
  switch (scope) {
    case Scope::open:
      return "open";
    case Scope::read:
      return "read";
    case Scope::respond:
      return "respond";
    case Scope::ingest:
      return "ingest";
  }
  return "";
}

bool is_loopback_host(std::string_view host) {
  const std::string name = lower(without_port(host));
  return name == "localhost" || name == "[::1]" || is_loopback_v4(name);
}

Access::Access(std::string_view external_url, bool insecure) : insecure_(insecure) {
  const auto scheme = external_url.find("://");
  if (scheme == std::string_view::npos) return;
  const auto path = external_url.find('/', scheme + 3);
  external_origin_ = lower(external_url.substr(0, path));
  external_host_ = external_origin_.substr(scheme + 3);
}

bool Access::is_known_host(std::string_view host) const {
  if (is_loopback_host(host)) return true;
  return !external_host_.empty() && lower(host) == external_host_;
}

bool Access::is_own_origin(const Head& head) const {
  const std::string origin = lower(head.origin);
  if (!external_origin_.empty() && origin == external_origin_) return true;
  const std::string host = lower(head.host);
  return !host.empty() && (origin == "http://" + host || origin == "https://" + host);
}

std::string Access::why_not_direct(const Head& head, const Peer& peer) const {
  if (!peer.is_loopback) return "the connection does not come from this machine";
  if (!head.forwarded_by.empty()) {
    return "it came through a proxy, as its header " + std::string(head.forwarded_by) + " says";
  }
  if (!head.host.empty() && !is_known_host(head.host)) {
    return "its Host is neither a loopback name nor that of external_url";
  }
  return {};
}

std::expected<std::string, Access::Denied> Access::check(Scope scope, const Head& head,
                                                         const Peer& peer) const {
  if (scope == Scope::open) return std::string();
  // Browsers name the page that asks; a foreign page must not act with the peer's rights, whatever
  // the address rules say.
  if (scope == Scope::ingest && head.sec_fetch_site == "cross-site") {
    return std::unexpected(Denied{403,
                                  "a page of another site may not send alerts "
                                  "(Sec-Fetch-Site: cross-site)"});
  }
  if (!head.origin.empty() && !is_own_origin(head)) {
    return std::unexpected(
        Denied{403,
               "the request comes from a page of another origin; use the API without a "
               "browser, or through external_url"});
  }
  const std::string why = why_not_direct(head, peer);
  if (why.empty()) return std::string("anonymous@loopback");
  if (insecure_) return "anonymous@" + peer.address;
  return std::unexpected(
      Denied{403, "only a direct connection from this machine is let in: " + why +
                      "; ask on the machine itself, by its loopback address"});
}

}  // namespace tocsin::http
