#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/base/diagnostic.h"
#include "tocsin/base/time.h"
#include "tocsin/ingest/mapping.h"
#include "tocsin/rules/matcher.h"
#include "tocsin/triage/policy.h"

/// YAML → settings and Policy, every mistake at once. Strict: unknown keys, duplicate keys, tags,
/// merge keys, tabs and second documents are errors with their cure. Only yaml.cpp knows yaml-cpp.
namespace tocsin::config {

/// An address to listen on: "127.0.0.1:9911", "[::1]:9911".
struct Listen {
  std::string host;
  std::uint16_t port = 9911;
};

/// How a channel of kind email reaches its server, and whom.
struct MailSettings {
  std::string from;             ///< The bare address; ASCII, checked.
  std::vector<std::string> to;  ///< The same, at most kRecipientsMax. Empty: nobody is reached yet.
  std::string user;             ///< "" = no authentication.
  std::string password;         ///< Read from password_file; a secret. Never logged or shown.
  std::string trusted;          ///< PEM, read from ca_file; "" = the certificates the system trusts.
  bool require_tls = true;      ///< false: smtp:// without TLS.
};
inline constexpr std::size_t kRecipientsMax = 50;

struct Channel {
  enum class Kind : std::uint8_t { log, webhook, email };
  std::string name;
  Kind kind = Kind::log;
  /// Of a webhook: read from url_file; a secret. Never logged or shown. Of an email: smtp.
  std::string url;
  std::string secret;  ///< Read from secret_file; "" = unsigned.
  enum class Format : std::uint8_t { tocsin, alertmanager };
  Format format = Format::tocsin;  ///< Of a webhook's body.
  Position at;
  MailSettings mail;  ///< Of kind email.
};
std::string_view to_string(Channel::Kind);  ///< "log", "webhook", "email"

/// Who is let in without a token.
enum class Anonymous : std::uint8_t { loopback, read, none };

struct Token {
  std::string name;  ///< Who has it: the actor of what is done with it.
  /// The file's lines: the token and, while it is being replaced, the former one. Each is the token
  /// itself or `sha256:` and the hexadecimal hash of it. Secrets: never logged or shown.
  std::vector<std::string> secrets;
  bool read = false, respond = false, admin = false;
  std::vector<std::string> respond_teams;  ///< respond, for the incidents of these teams only.
  std::string source;                      ///< ingest:NAME; "" = it may not send alerts.
  Position at;
  std::vector<Position> respond_teams_at;  ///< Where each of respond_teams is named.
};

struct Auth {
  Anonymous anonymous = Anonymous::loopback;
  std::vector<Token> tokens;
};

/// What the listener shows and asks for. Checked: OpenSSL has taken all of it.
struct Tls {
  std::string certificates;  ///< PEM: the server's own first, then its chain.
  std::string key;           ///< PEM. A secret: never logged or shown.
  std::string client_ca;     ///< PEM; "" = clients are not asked for certificates.
  Instant expires{};         ///< The server's certificate.
};

/// What one team's folder of rules may touch: a sub-folder of a rules root.
struct Fragment {
  std::string name;          ///< Of the sub-folder.
  rules::Predicate scope;    ///< Added with "and" to each of the folder's rules.
  std::string spelling;      ///< As written: part of the rule set's hash.
  Position at;
};

/// What intake knows of a configured source besides what the core decides by.
struct Sender {
  std::string source;
  /// Kind json, and never null there: what its alerts are made of.
  std::shared_ptr<const ingest::Mapping> map;
  std::string hmac_secret;  ///< "" = unsigned. Never logged or shown.
  std::string hmac_header;  ///< Holds the signature.
};

struct SizeLimits {
  std::uint64_t body = 32ULL << 20;
  std::uint64_t bodies_in_flight = 256ULL << 20;
  std::uint64_t labels = 128;
  std::uint64_t label_value = 16ULL << 10;
  std::uint64_t active_alerts = 2'000'000;
};

/// config/tocsin.yaml, read.
struct Settings {
  std::string path;                       ///< Of the file itself.
  Listen listen{"127.0.0.1", 9911};
  std::string external_url;               ///< Without a trailing slash; default http(s)://<listen>.
  std::optional<Tls> tls;                 ///< Nothing: plain HTTP.
  bool insecure = false;                  ///< Allows listening beyond loopback without TLS or tokens.
  std::string storage_path = "var";       ///< Resolved: absolute or against $STATE_DIRECTORY / cwd.
  std::uint64_t min_free = 512ULL << 20;
  Duration keep_events = std::chrono::days(30);      ///< retention.events
  Duration keep_incidents = std::chrono::days(400);  ///< retention.incidents
  std::vector<std::string> rules;         ///< Folders, resolved beside the file.
  std::vector<Position> rules_at;         ///< Where each is named; empty for the default.
  std::vector<Fragment> fragments;        ///< Each name once.
  Auth auth;
  std::vector<triage::Source> sources;    ///< alertmanager-api exists built in.
  std::vector<Sender> senders;            ///< Of the configured ones among them.
  std::vector<std::string> identity_ignore;
  std::vector<Channel> channels;          ///< `log` built in, first.
  std::vector<std::string> fallback;      ///< Channel names; default {log}.
  Position fallback_at;
  SizeLimits limits;
};

/// The one of this source, or null.
const Sender* find_sender(const std::vector<Sender>&, std::string_view source);

/// Reads tocsin.yaml and the secrets it names. Settings are filled as far as they could be read.
struct SettingsResult {
  Settings settings;
  bool is_whole = true;  ///< False if the file is missing or no YAML: nothing in it could be read.
  Diagnostics diagnostics;
};
SettingsResult read_settings(const std::string& path);
/// `storage` alone, for who may read the store but not every secret: the rest of the file is not
/// checked, and of the settings only path, storage_path, min_free and keep_* are filled. A file that is
/// no YAML is an error.
SettingsResult read_storage_settings(const std::string& path);
/// The same as read_settings() from text (tests, fuzzing); secrets and folders resolve against `folder`.
SettingsResult parse_settings(std::string_view text, const std::string& path, const std::string& folder);

/// What is in force: every key of tocsin.yaml that has a value or a default, as YAML that reads as the
/// same settings from the same folder. Secrets are named by their files, as in the text. REQUIRES:
/// `settings` was read from `text` without an error.
std::string dump_settings(std::string_view text, const Settings&);

/// The rules files of the settings' folders: *.yaml and *.yml, of the root first, then of sub-folders
/// by name, files by name; names that begin with a dot are left out, and folders named `tests`, which
/// hold cases.
struct FilesResult {
  std::vector<triage::PolicyFile> files;
  std::vector<std::string> tests;  ///< The folders of cases, the root's own first.
  Diagnostics diagnostics;
};
FilesResult read_rules_files(const std::vector<std::string>& folders);

/// Compiles rules files against the settings. Null policy if there is an error.
struct PolicyResult {
  std::shared_ptr<const triage::Policy> policy;
  Diagnostics diagnostics;
};
/// Whether to tell what is certain of rules without an alert, too: that one never holds, or never
/// decides because another always comes first. Takes about as long again as all else.
enum class Lint : std::uint8_t { no, yes };
PolicyResult compile_policy(const Settings&, std::vector<triage::PolicyFile> files,
                            Lint lint = Lint::no);

/// Settings and rules together, as `tocsin check`, `serve` and a reload read them.
struct Loaded {
  Settings settings;
  std::shared_ptr<const triage::Policy> policy;  ///< Null if settings or rules have errors.
  bool settings_are_good = false;
  Diagnostics diagnostics;  ///< Sorted.
  FilesResult files;        ///< As they lie on the disk.
  /// Fragments that are not in force as they lie on the disk; "" is the files of the roots
  /// themselves. Filled by fall_back().
  std::vector<std::string> kept;
};
/// Rules are read from `rules_folder` instead of those that tocsin.yaml names, if it is not "".
/// Without a tocsin.yaml that can be read no rules are read: nobody knows which.
Loaded load(const std::string& settings_path, Lint lint = Lint::no,
            const std::string& rules_folder = "");

/// Gives `loaded` a policy where the rules on the disk have errors: each fragment with an error
/// stands as in `last_good`, the files the policy in force was compiled from, everything else as on
/// the disk. A fragment without an earlier version is left out. Where an older fragment does not go
/// with what changed, such as a name that is gone, the one fragment whose change is in its way stays
/// as it was, too; if no single one is, all of `last_good` is in force. The policy stays
/// null if even that has errors, or if `last_good` is empty; `diagnostics` then say why.
/// REQUIRES: loaded.settings_are_good.
void fall_back(Loaded& loaded, const std::vector<triage::PolicyFile>& last_good);

/// The default path of tocsin.yaml: the installed one if it exists, else config/tocsin.yaml.
std::string default_path();

}  // namespace tocsin::config
