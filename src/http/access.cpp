#include "http/access.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <optional>

#include "http/target.h"
#include "tocsin/base/check.h"

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

constexpr std::string_view kTokenParameter = "token";

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

/// The hash in "sha256:<64 digits>"; nothing if the text is something else, and so a token itself.
std::optional<TokenHash> read_hash(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  TokenHash hash{};
  if (!text.starts_with(kPrefix) || text.size() != kPrefix.size() + 2 * hash.size()) {
    return std::nullopt;
  }
  text.remove_prefix(kPrefix.size());
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const auto high = hex_digit(text[2 * i]);
    const auto low = hex_digit(text[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    hash[i] = static_cast<unsigned char>(*high * 16 + *low);
  }
  return hash;
}

bool is_same(const TokenHash& a, const TokenHash& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

/// RFC 4648 section 4. Nothing if it is no base64.
std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() > 8192) return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  // The decoder counts the padding's zero bytes.
  std::size_t bytes = static_cast<std::size_t>(size);
  for (std::size_t i = text.size(); i > 0 && text[i - 1] == '=' && bytes > 0; --i) --bytes;
  out.resize(bytes);
  return out;
}

/// What follows `scheme` and a space, whatever the scheme's case; nothing if it is another scheme.
std::optional<std::string_view> after_scheme(std::string_view header, std::string_view scheme) {
  if (header.size() <= scheme.size() || header[scheme.size()] != ' ') return std::nullopt;
  if (lower(header.substr(0, scheme.size())) != scheme) return std::nullopt;
  header.remove_prefix(scheme.size());
  const std::size_t begin = header.find_first_not_of(' ');
  if (begin == header.npos) return std::nullopt;
  return header.substr(begin, header.find_last_not_of(' ') - begin + 1);
}

std::unexpected<Access::Denied> denied(int status, std::string why, std::string_view reason) {
  return std::unexpected(Access::Denied{status, std::move(why), reason});
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
    case Scope::admin:
      return "admin";
  }
  return "";
}

bool is_loopback_host(std::string_view host) {
  const std::string name = lower(without_port(host));
  return name == "localhost" || name == "[::1]" || is_loopback_v4(name);
}

TokenHash hash_of_token(std::string_view token) {
  TokenHash hash{};
  unsigned size = 0;
  const int done =
      EVP_Digest(token.data(), token.size(), hash.data(), &size, EVP_sha256(), nullptr);
  CHECK(done == 1 && size == hash.size());
  return hash;
}

std::string random_token() {
  std::array<unsigned char, 32> bytes{};
  CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : bytes) {
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

std::vector<std::string> credentials_of(std::string_view authorization) {
  std::vector<std::string> out;
  for (const std::string_view scheme : {"bearer", "geniekey"}) {
    if (const auto token = after_scheme(authorization, scheme)) out.emplace_back(*token);
  }
  const auto basic = after_scheme(authorization, "basic");
  const auto pair = basic ? from_base64(*basic) : std::nullopt;
  if (!pair) return out;
  const std::size_t colon = std::min(pair->find(':'), pair->size());
  const std::string password = pair->substr(std::min(colon + 1, pair->size()));
  const std::string& credential = password.empty() ? pair->substr(0, colon) : password;
  if (!credential.empty()) out.push_back(credential);
  return out;
}

bool needs_bootstrap(const config::Settings& settings) {
  if (settings.auth.anonymous != config::Anonymous::none) return false;
  return std::ranges::none_of(settings.auth.tokens, &config::Token::admin);
}

Bootstrap::Use Bootstrap::use(const TokenHash& presented, Instant now) {
  if (!is_same(presented, hash_)) return Use::other;
  if (now > until_) return Use::expired;
  return used_.exchange(true) ? Use::used : Use::accepted;
}

Access::Access(const config::Settings& settings, std::shared_ptr<Bootstrap> bootstrap)
    : insecure_(settings.insecure),
      needs_certificate_(settings.tls && !settings.tls->client_ca.empty()),
      anonymous_(settings.auth.anonymous),
      bootstrap_(std::move(bootstrap)) {
  for (const config::Token& token : settings.auth.tokens) {
    Entry& entry = tokens_.emplace_back(token);
    for (const std::string& secret : token.secrets) {
      entry.hashes.push_back(read_hash(secret).value_or(hash_of_token(secret)));
    }
    entry.token.secrets.clear();
  }
  const std::string_view external_url = settings.external_url;
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

/// Looks at every hash, so that the time it takes tells nothing about any of them.
const Access::Entry* Access::find(const TokenHash& presented) const {
  const Entry* found = nullptr;
  for (const Entry& entry : tokens_) {
    for (const TokenHash& hash : entry.hashes) {
      if (is_same(hash, presented)) found = &entry;
    }
  }
  return found;
}

Access::Result Access::by_token(Scope scope, const Entry& entry) {
  const config::Token& token = entry.token;
  Caller caller{.actor = token.name, .admin = token.admin, .teams = {}, .source = token.source};
  if (!token.respond) caller.teams = token.respond_teams;
  const bool may = (scope == Scope::read && token.read) ||
                   (scope == Scope::respond && (token.respond || !token.respond_teams.empty())) ||
                   (scope == Scope::ingest && !token.source.empty()) ||
                   (scope == Scope::admin && token.admin);
  if (may) return caller;
  const std::string wanted =
      scope == Scope::ingest ? "ingest:SOURCE" : std::string(to_string(scope));
  return denied(403,
                "the token \"" + token.name + "\" lacks the scope " + wanted +
                    "; add it to its scopes in auth.tokens",
                "scope");
}

Access::Result Access::without_token(Scope scope, bool has_credential, const Head& head,
                                     const Peer& peer) const {
  using config::Anonymous;
  const std::string why = why_not_direct(head, peer);
  const bool everybody = insecure_ && tokens_.empty();
  if (anonymous_ != Anonymous::none) {
    if (why.empty()) {
      return Caller{.actor = "anonymous@loopback",
                    .admin = true,
                    .teams = {},
                    .source = {},
                    .credential_ignored = has_credential};
    }
    if (everybody || (anonymous_ == Anonymous::read && scope == Scope::read)) {
      return Caller{.actor = "anonymous@" + peer.address,
                    .admin = everybody,
                    .teams = {},
                    .source = {},
                    .credential_ignored = has_credential};
    }
  }
  if (has_credential) {
    return denied(401, "the credential matches no token of auth.tokens", "unknown_token");
  }
  if (anonymous_ == Anonymous::none || !tokens_.empty()) {
    return denied(401, "a token is needed: send Authorization: Bearer TOKEN", "no_token");
  }
  return denied(403,
                "only a direct connection from this machine is let in: " + why +
                    "; ask on the machine itself, by its loopback address",
                "not_loopback");
}

Access::Result Access::decide(Scope scope, const std::vector<std::string>& credentials,
                              const Head& head, const Peer& peer, Instant now) const {
  if (scope == Scope::open) return Caller{};
  // Browsers name the page that asks; a foreign page must not act with the peer's rights, whatever
  // the address rules say.
  if (scope != Scope::read && head.sec_fetch_site == "cross-site") {
    return denied(403, "a page of another site may not write (Sec-Fetch-Site: cross-site)",
                  "cross_site");
  }
  if (!head.origin.empty() && !is_own_origin(head)) {
    return denied(403,
                  "the request comes from a page of another origin; use the API without a "
                  "browser, or through external_url",
                  "origin");
  }
  if (needs_certificate_ && peer.certificate.empty() && !why_not_direct(head, peer).empty()) {
    return denied(401,
                  "a client certificate is needed: show one that an authority of "
                  "tls.client_ca_file has signed",
                  "no_certificate");
  }
  for (const std::string& credential : credentials) {
    const TokenHash hash = hash_of_token(credential);
    if (const Entry* entry = find(hash)) return by_token(scope, *entry);
    if (bootstrap_ == nullptr) continue;
    switch (bootstrap_->use(hash, now)) {
      case Bootstrap::Use::other:
        break;
      case Bootstrap::Use::accepted:
        return Caller{.actor = "bootstrap", .admin = true};
      case Bootstrap::Use::expired:
        return denied(401, "the bootstrap token has expired; a restart makes a new one",
                      "bootstrap_expired");
      case Bootstrap::Use::used:
        return denied(401, "the bootstrap token was used already; a restart makes a new one",
                      "bootstrap_used");
    }
  }
  return without_token(scope, !credentials.empty(), head, peer);
}

std::vector<std::string> Access::credentials_in(const Head& head) {
  std::vector<std::string> credentials = credentials_of(head.authorization);
  const std::size_t question = head.target.find('?');
  if (question != head.target.npos) {
    const std::string_view query = head.target.substr(question + 1);
    if (query.find(kTokenParameter) != query.npos) {
      const auto parsed = Query::parse(query);
      if (parsed && parsed->has(kTokenParameter)) {
        credentials.emplace_back(parsed->get(kTokenParameter));
      }
    }
  }
  return credentials;
}

Access::Result Access::check(Scope scope, const Head& head, const Peer& peer, Instant now) const {
  return decide(scope, credentials_in(head), head, peer, now);
}

Access::Result Access::check_key(Scope scope, std::string_view key, const Head& head,
                                 const Peer& peer, Instant now) const {
  std::vector<std::string> credentials = credentials_in(head);
  if (!key.empty()) credentials.emplace_back(key);
  return decide(scope, credentials, head, peer, now);
}

}  // namespace tocsin::http
