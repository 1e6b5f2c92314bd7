#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "tocsin/base/time.h"
#include "tocsin/config/config.h"

namespace tocsin::http {

/// What a route asks of its caller. `open` routes tell nothing that is worth guarding.
enum class Scope : std::uint8_t { open, read, respond, ingest, admin };
std::string_view to_string(Scope);

/// Who asks, and how far they may go beyond the route's scope.
struct Caller {
  std::string actor;                ///< "ana", "anonymous@loopback"; "" on open routes.
  bool admin = false;               ///< May act in another's name.
  std::vector<std::string> teams;   ///< May act on incidents of these teams only; empty: on all.
  std::string source;               ///< The source its token stands for; "": by path.
  bool credential_ignored = false;  ///< It sent one that matches no token and was let in without.
};

/// SHA-256: what is kept of a token.
using TokenHash = std::array<unsigned char, 32>;
TokenHash hash_of_token(std::string_view token);

/// 256 bits from the system's generator, in hexadecimal.
std::string random_token();

/// A token that is made at a start where no other could do anything, told once, used once.
class Bootstrap {
 public:
  static constexpr Duration kValid{15 * 60 * 1000};
  enum class Use : std::uint8_t { other, accepted, expired, used };

  Bootstrap(const TokenHash& hash, Instant until) : hash_(hash), until_(until) {}
  /// Accepted at most once. Thread-safe.
  Use use(const TokenHash& presented, Instant now);

 private:
  TokenHash hash_;
  Instant until_;
  std::atomic<bool> used_ = false;
};

/// Who may do what: PRODUCT.md section 3, `auth`. Immutable; tokens are kept as hashes and compared
/// in constant time.
class Access {
 public:
  /// `bootstrap` may be null.
  Access(const config::Settings&, std::shared_ptr<Bootstrap> bootstrap);

  struct Denied {
    int status = 403;  ///< 401: another credential might do.
    std::string why;
    std::string_view reason;  ///< Bounded, for metrics and the audit log.
  };
  std::expected<Caller, Denied> check(Scope, const Head&, const Peer&, Instant now) const;
  /// The same with a further credential that stands in the body: a routing key; "" for none.
  std::expected<Caller, Denied> check_key(Scope, std::string_view key, const Head&, const Peer&,
                                          Instant now) const;

 private:
  struct Entry {
    config::Token token;  ///< Without its secrets.
    std::vector<TokenHash> hashes;
  };
  using Result = std::expected<Caller, Denied>;
  Result decide(Scope, const std::vector<std::string>& credentials, const Head&, const Peer&,
                Instant now) const;
  static std::vector<std::string> credentials_in(const Head&);
  const Entry* find(const TokenHash&) const;
  static Result by_token(Scope, const Entry&);
  Result without_token(Scope, bool has_credential, const Head&, const Peer&) const;
  bool is_own_origin(const Head&) const;
  bool is_known_host(std::string_view host) const;
  /// Why the peer is no direct loopback one, "" if it is.
  std::string why_not_direct(const Head&, const Peer&) const;

  std::string external_origin_;  ///< "https://tocsin.example.net"
  std::string external_host_;    ///< "tocsin.example.net"
  bool insecure_;
  bool needs_certificate_;  ///< From whoever does not connect directly on this machine.
  config::Anonymous anonymous_;
  std::vector<Entry> tokens_;
  std::shared_ptr<Bootstrap> bootstrap_;
};

/// "localhost", 127.0.0.0/8 or [::1], with or without a port.
bool is_loopback_host(std::string_view host);

/// What an Authorization header may hold as a token: that of `Bearer` and `GenieKey`, the password
/// of `Basic` and, if that is empty, its user.
std::vector<std::string> credentials_of(std::string_view authorization);

/// True if no token of the settings could ever change anything: then a start makes a bootstrap
/// token.
bool needs_bootstrap(const config::Settings&);

}  // namespace tocsin::http
