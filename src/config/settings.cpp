#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "config/address.h"
#include "config/names.h"
#include "config/predicate.h"
#include "config/settings_reader.h"
#include "config/targets.h"
#include "config/text_file.h"
#include "tocsin/config/config.h"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSettingsBytesMax = 1 << 20;

void read_listen(const Value& value, SettingsDraft& draft) {
  const auto text = value.text();
  if (!text) return;
  auto listen = parse_listen(*text);
  if (!listen) {
    value.error("expected an address to listen on, found " + in_quotes(*text), listen.error());
    return;
  }
  draft.out.listen = std::move(*listen);
  if (is_loopback(draft.out.listen) || draft.out.insecure) return;
  if (draft.out.auth.tokens.empty()) {
    value.error("listening beyond loopback without any token",
                "add auth.tokens, listen on 127.0.0.1, or say insecure: true");
  } else if (!draft.out.tls) {
    value.error("listening beyond loopback without TLS, where tokens can be overheard",
                "add tls: {cert_file: tls.crt, key_file: tls.key}, listen on 127.0.0.1 behind a "
                "proxy that has it, or say insecure: true");
  }
}

void read_external_url(const Value& value, SettingsDraft& draft) {
  const auto text = value.text();
  if (!text) return;
  auto url = parse_external_url(*text);
  if (url) {
    draft.out.external_url = std::move(*url);
  } else {
    value.error("expected the URL people reach this daemon by", url.error());
  }
}

void read_insecure(const Value& value, SettingsDraft& draft) {
  draft.out.insecure = value.boolean().value_or(false);
}

void read_storage_kind(const Value& value) {
  const auto word = value.text();
  if (!word || *word == "sqlite") return;
  if (*word == "postgres") {
    value.error("storage of kind \"postgres\" is not supported by this version of Tocsin",
                "supported kinds: sqlite");
    return;
  }
  value.error("unknown kind of storage " + in_quotes(*word),
              did_you_mean(*word, {"sqlite"}, "supported kinds: sqlite"));
}

void read_storage(const Value& value, SettingsDraft& draft) {
  Section storage(value);
  if (const auto kind = storage.find("kind")) read_storage_kind(*kind);
  storage.text("path", draft.out.storage_path);
  storage.size("min_free", draft.out.min_free, 0, std::uint64_t{1} << 50);
  if (const auto found = storage.find("retention")) {
    Section retention(*found);
    retention.duration("events", draft.out.keep_events, 1h);
    retention.duration("incidents", draft.out.keep_incidents, 1h);
  }
}

void read_rules(const Value& value, SettingsDraft& draft) {
  std::vector<std::string> folders = value.texts();
  if (folders.empty()) {
    const bool is_empty = value.is(Node::Kind::empty) || value.is(Node::Kind::list);
    if (is_empty) value.error("no folder of rules", "write rules: [../rules]");
    return;
  }
  draft.out.rules.clear();
  draft.out.rules.reserve(folders.size());
  for (const std::string& folder : folders) draft.out.rules.push_back(beside(draft.folder, folder));
  const bool is_list = value.is(Node::Kind::list);
  for (const Value& element : is_list ? value.list() : std::vector<Value>()) {
    draft.out.rules_at.push_back(element.at());
  }
}

/// What stands there, unambiguously: for the rule set's hash.
void spell(const Node& node, std::string& out) {
  out += std::to_string(static_cast<int>(node.kind)) + ":" + std::to_string(node.text.size()) +
         ":" + node.text + "[";
  for (const auto& item : node.items) spell(*item, out);
  for (const auto& entry : node.entries) {
    spell(*entry.key, out);
    spell(*entry.value, out);
  }
  out += "]";
}

void read_fragments(const Value& value, SettingsDraft& draft) {
  std::vector<triage::Source> sources = draft.out.sources;
  add_built_in_sources(sources);
  PredicateReader predicates(names_of(sources));
  for (const Value::Named& entry : value.named()) {
    Section section(entry.value);
    const auto scope = section.require(
        "scope", "list the matchers of the team's alerts, such as scope: ['team=\"payments\"']");
    if (!scope) continue;
    auto predicate = predicates.read(*scope);
    if (!predicate) continue;
    Fragment fragment{entry.name, std::move(*predicate), "", entry.at};
    spell(scope->node(), fragment.spelling);
    draft.out.fragments.push_back(std::move(fragment));
  }
}

void read_fallback(const Value& value, SettingsDraft& draft) {
  draft.out.fallback_at = value.at();
  auto channels = read_fallback_targets(value, draft.channel_names());
  for (const Channel& channel : draft.out.channels) {
    const bool is_mute = channel.kind == Channel::Kind::email && channel.mail.to.empty();
    if (!is_mute || std::ranges::find(channels, channel.name) == channels.end()) continue;
    value.error("the fallback " + in_quotes(channel.name) + " reaches nobody",
                "give that channel recipients: to: [oncall@example.net]");
  }
  if (!channels.empty()) draft.out.fallback = std::move(channels);
}

void read_limits(const Value& value, SettingsDraft& draft) {
  constexpr std::uint64_t kMiB = 1 << 20;
  SizeLimits& limits = draft.out.limits;
  Section section(value);
  section.size("body", limits.body, 1024, 1024 * kMiB);
  section.size("bodies_in_flight", limits.bodies_in_flight, 1024, 1024 * 1024 * kMiB);
  section.integer("labels", limits.labels, 1, 10'000);
  section.size("label_value", limits.label_value, 64, kMiB);
  section.integer("active_alerts", limits.active_alerts, 1, 50'000'000);
  if (limits.bodies_in_flight < limits.body) {
    value.error("bodies_in_flight is smaller than body, so the largest body never fits",
                "raise bodies_in_flight or lower body");
  }
}

/// Read in this order, whatever the order in the file: later ones look at earlier ones.
constexpr SettingReader kReaders[] = {
    {"insecure", read_insecure}, {"tls", read_tls},           {"sources", read_sources},
    {"auth", read_auth},         {"listen", read_listen},     {"external_url", read_external_url},
    {"storage", read_storage},   {"rules", read_rules},       {"fragments", read_fragments},
    {"channels", read_channels}, {"fallback", read_fallback}, {"limits", read_limits},
};

/// A relative path belongs into the folder systemd made for the daemon, if it made one.
std::string resolve_state_path(const std::string& path) {
  const char* state = std::getenv("STATE_DIRECTORY");
  if (state == nullptr || *state == '\0') {
    return std::filesystem::path(path).lexically_normal().string();
  }
  const std::string_view folders(state);  // Several are separated by colons: the first is ours.
  return beside(std::string(folders.substr(0, folders.find(':'))), path);
}

std::string default_external_url(const Listen& listen, bool has_tls) {
  const std::string scheme = has_tls ? "https://" : "http://";
  if (!is_any_address(listen)) return scheme + to_string(listen);
  // "Every address" is nothing a link can point at.
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) != 0 || host[0] == '\0') {
    return scheme + to_string({"127.0.0.1", listen.port});
  }
  return scheme + std::string(host) + ":" + std::to_string(listen.port);
}

Diagnostic unreadable(const std::string& path, const FileProblem& why) {
  return {Diagnostic::Level::error,
          {path, 0, 0},
          "the file cannot be read: " + why.what,
          "name another one with --config"};
}

void read_all(const Document& document, SettingsDraft& draft, Report& report) {
  Section top{Value(document, report)};
  for (const SettingReader& reader : kReaders) {
    if (const auto value = top.find(reader.key)) reader.read(*value, draft);
  }
}

}  // namespace

std::vector<std::string> SettingsDraft::channel_names() const {
  std::vector<std::string> names;
  names.reserve(out.channels.size());
  for (const Channel& channel : out.channels) names.push_back(channel.name);
  return names;
}

SettingsResult parse_settings(std::string_view text, const std::string& path,
                              const std::string& folder) {
  SettingsResult result;
  Settings& out = result.settings;
  out.path = path;
  out.rules = {beside(folder, "../rules")};
  out.fallback = {"log"};
  out.channels.push_back({"log", Channel::Kind::log, "", "", {}});
  Report report;
  const Document document(path, std::string(text), report);
  SettingsDraft draft{out, folder};
  result.is_whole = document.root() != nullptr;
  if (result.is_whole) read_all(document, draft, report);
  if (out.external_url.empty())
    out.external_url = default_external_url(out.listen, out.tls.has_value());
  out.storage_path = resolve_state_path(out.storage_path);
  add_built_in_sources(out.sources);
  result.diagnostics = report.take();
  sort(result.diagnostics);
  return result;
}

SettingsResult read_storage_settings(const std::string& path) {
  SettingsResult result;
  Settings& out = result.settings;
  out.path = path;
  const auto file = read_text_file(path, kSettingsBytesMax);
  if (file) {
    Report report;
    const Document document(path, file->text, report);
    const std::string no_folder;  // Nothing in `storage` resolves beside the file.
    SettingsDraft draft{out, no_folder};
    if (document.root() != nullptr) {
      Section top{Value(document, report)};
      if (const auto storage = top.find("storage")) read_storage(*storage, draft);
      top.leave_rest();
    }
    result.diagnostics = report.take();
    sort(result.diagnostics);
  } else {
    result.diagnostics.push_back(unreadable(path, file.error()));
  }
  out.storage_path = resolve_state_path(out.storage_path);
  return result;
}

SettingsResult read_settings(const std::string& path) {
  auto file = read_text_file(path, kSettingsBytesMax);
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (file) return parse_settings(file->text, path, folder);
  SettingsResult result = parse_settings("", path, folder);
  result.is_whole = false;
  result.diagnostics.push_back(unreadable(path, file.error()));
  return result;
}

std::string default_path() {
  constexpr const char* kInstalled = "/etc/tocsin/config/tocsin.yaml";
  return ::access(kInstalled, F_OK) == 0 ? kInstalled : "config/tocsin.yaml";
}

}  // namespace tocsin::config
