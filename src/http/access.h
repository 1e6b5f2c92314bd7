#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "http/message.h"

namespace tocsin::http {

/// What a route asks of its caller. `open` routes tell nothing that is worth guarding.
enum class Scope : std::uint8_t { open, read, respond, ingest };
std::string_view to_string(Scope);

/// Who may do what without a token: PRODUCT.md section 3, `anonymous: loopback`.
class Access {
 public:
  Access(std::string_view external_url, bool insecure);

  struct Denied {
    int status = 403;
    std::string why;
  };
  /// The actor: "anonymous@loopback", or "anonymous@<address>" where `insecure` lets it in.
  std::expected<std::string, Denied> check(Scope, const Head&, const Peer&) const;

 private:
  bool is_own_origin(const Head&) const;
  bool is_known_host(std::string_view host) const;
  /// Why the peer is no direct loopback one, "" if it is.
  std::string why_not_direct(const Head&, const Peer&) const;

  std::string external_origin_;  ///< "https://tocsin.example.net"
  std::string external_host_;    ///< "tocsin.example.net"
  bool insecure_;
};

/// "localhost", 127.0.0.0/8 or [::1], with or without a port.
bool is_loopback_host(std::string_view host);

}  // namespace tocsin::http
