#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "config/secret.h"
#include "config/settings_reader.h"
#include "tocsin/base/check.h"

namespace tocsin::config {
namespace {

constexpr std::string_view kIngest = "ingest:";
constexpr std::string_view kHash = "sha256:";
constexpr std::size_t kHashDigits = 64;
constexpr std::string_view kRespond = "respond:";
/// Shorter ones can be guessed by whoever may ask often enough.
constexpr std::size_t kTokenBytesMin = 16;

Anonymous read_anonymous(const Value& value) {
  const auto choice = value.choice({"loopback", "read", "none"});
  return static_cast<Anonymous>(choice.value_or(0));
}

/// Whose each secret is, by its SHA-256 in hexadecimal.
using Owners = std::map<std::string, std::string>;

/// One word of `scopes`; sources are known already, teams are not.
void read_scope(const Value& value, const SettingsDraft& draft, Token& token) {
  const auto word = value.text();
  if (!word) return;
  if (*word == "read") {
    token.read = true;
  } else if (*word == "respond") {
    token.respond = true;
  } else if (*word == "admin") {
    token.admin = true;
  } else if (word->starts_with(kRespond) && word->size() > kRespond.size()) {
    token.respond_teams.push_back(word->substr(kRespond.size()));
    token.respond_teams_at.push_back(value.at());
  } else if (word->starts_with(kIngest) && word->size() > kIngest.size()) {
    const std::string name = word->substr(kIngest.size());
    if (!token.source.empty() && token.source != name) {
      value.error("the token already is the source " + in_quotes(token.source),
                  "a token stands for one source; give the other its own token");
    }
    token.source = name;
    const auto& sources = draft.out.sources;
    std::vector<std::string_view> names;
    names.reserve(sources.size() + 1);
    for (const triage::Source& source : sources) names.push_back(source.name);
    names.push_back("alertmanager-api");
    if (std::ranges::find(names, std::string_view(name)) == names.end()) {
      value.error("nothing defines the source " + in_quotes(name),
                  did_you_mean(name, names, "add it to sources"));
    }
  } else {
    value.error("unknown scope " + in_quotes(*word),
                did_you_mean(*word, {"read", "respond", "admin"},
                             "scopes are read, respond, respond:TEAM, admin and ingest:SOURCE"));
  }
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == text.npos;
}

void check_form(const Value& file, const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    if (secret.starts_with(kHash)) {
      const std::string_view hash = std::string_view(secret).substr(kHash.size());
      if (hash.size() == kHashDigits && is_hex(hash)) continue;
      file.error("what follows sha256: in this file is no SHA-256 in hexadecimal",
                 "write the 64 digits that `printf %s TOKEN | sha256sum` shows");
      continue;
    }
    if (secret.size() >= kTokenBytesMin) continue;
    file.error(
        "the token in this file is shorter than " + std::to_string(kTokenBytesMin) + " characters",
        "make a new one: openssl rand -hex 32");
  }
}

std::string hash_of_secret(std::string_view secret) {
  std::string out;
  if (secret.starts_with(kHash)) {
    for (const char c : secret.substr(kHash.size())) out += c >= 'A' && c <= 'F' ? char(c + 32) : c;
    return out;
  }
  std::array<unsigned char, kHashDigits / 2> hash{};
  CHECK(EVP_Digest(secret.data(), secret.size(), hash.data(), nullptr, EVP_sha256(), nullptr) == 1);
  for (const unsigned char byte : hash) {
    out += "0123456789abcdef"[byte >> 4U];
    out += "0123456789abcdef"[byte & 15U];
  }
  return out;
}

/// With one secret for two nobody could tell who did what, or with which scopes.
void check_owner(const Value& file, const Token& token, Owners& owners) {
  for (const std::string& secret : token.secrets) {
    const auto [known, is_new] = owners.emplace(hash_of_secret(secret), token.name);
    if (is_new || known->second == token.name) continue;
    file.error("the tokens " + in_quotes(known->second) + " and " + in_quotes(token.name) +
                   " have the same secret",
               "make a new one for one of them: openssl rand -hex 32");
  }
}

void read_scopes(const Value& scopes, const SettingsDraft& draft, Token& token) {
  const std::vector<Value> words = scopes.list();
  for (const Value& scope : words) read_scope(scope, draft, token);
  const bool is_list = scopes.is(Node::Kind::list) || scopes.is(Node::Kind::empty);
  if (is_list && words.empty()) {
    scopes.warning("the token may do nothing",
                   "write scopes: [read, respond], or remove the token");
  }
}

void read_token(const Value& value, SettingsDraft& draft, Owners& owners) {
  Section section(value);
  Token token;
  token.at = value.at();
  std::vector<Token>& tokens = draft.out.auth.tokens;
  if (const auto name = section.require("name", "name the person or program that has it")) {
    token.name = name->name().value_or("");
    if (std::ranges::find(tokens, token.name, &Token::name) != tokens.end()) {
      name->error("the token " + in_quotes(token.name) + " is defined twice",
                  "give each token its own name");
    }
  }
  if (const auto file = section.require("token_file", "name a file that holds the token")) {
    token.secrets = read_secret_lines(*file, draft.folder, 2);
    check_form(*file, token.secrets);
    check_owner(*file, token, owners);
  }
  section.secret("token", "token_file");
  if (const auto scopes = section.require("scopes", "write scopes: [read, respond]")) {
    read_scopes(*scopes, draft, token);
  }
  if (!token.name.empty() && !token.secrets.empty()) tokens.push_back(std::move(token));
}

}  // namespace

void read_auth(const Value& value, SettingsDraft& draft) {
  Section section(value);
  if (const auto anonymous = section.find("anonymous")) {
    draft.out.auth.anonymous = read_anonymous(*anonymous);
  }
  if (const auto tokens = section.find("tokens")) {
    Owners owners;
    for (const Value& element : tokens->list()) read_token(element, draft, owners);
  }
}

}  // namespace tocsin::config
