#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "config/secret.h"
#include "config/settings_reader.h"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kAlertmanagerApi = "alertmanager-api";
constexpr std::string_view kOwnSource = "tocsin";
constexpr std::string_view kJson = "json";
constexpr std::string_view kSignatureHeader = "X-Tocsin-Signature";
/// A shorter secret can be guessed from one overheard request.
constexpr std::size_t kHmacSecretMin = 16;

/// A kind of sender and how long its firing alerts live without a refresh; nothing = for ever.
struct SourceKind {
  std::string_view name;
  std::optional<Duration> resolve_timeout;
};
constexpr SourceKind kKinds[] = {{kAlertmanagerApi, 5min},
                                 {"alertmanager", 48h},
                                 {"pagerduty", std::nullopt},
                                 {"json", std::nullopt}};

/// Kinds that Tocsin has, but not this version.
constexpr std::string_view kLaterKinds[] = {
    "grafana",     "opsgenie",      "datadog",     "aws-sns", "azure-monitor", "gcp-monitoring",
    "zabbix",      "nagios",        "icinga2",     "sentry",  "newrelic",      "kibana",
    "splunk",      "splunk-oncall", "uptime-kuma", "pingdom", "checkly",       "statuscake",
    "uptimerobot", "healthchecks",  "netdata",     "prtg",    "checkmk",       "cloudevents",
    "github",      "gitlab",        "argocd"};

std::vector<std::string_view> kind_names() {
  std::vector<std::string_view> out;
  for (const SourceKind& kind : kKinds) out.push_back(kind.name);
  return out;
}

const SourceKind* read_kind(const Value& value) {
  const auto word = value.text();
  if (!word) return nullptr;
  const auto found = std::ranges::find(kKinds, std::string_view(*word), &SourceKind::name);
  if (found != std::end(kKinds)) return found;
  std::string supported = "supported kinds: " + listed(kind_names());
  if (std::ranges::find(kLaterKinds, *word) != std::end(kLaterKinds)) {
    value.error(
        "sources of kind " + in_quotes(*word) + " are not supported by this version of Tocsin",
        std::move(supported));
    return nullptr;
  }
  std::vector<std::string_view> known = kind_names();
  known.insert(known.end(), std::begin(kLaterKinds), std::end(kLaterKinds));
  value.error("unknown kind of source " + in_quotes(*word),
              did_you_mean(*word, known, std::move(supported)));
  return nullptr;
}

/// `never`, or a duration.
void read_resolve_timeout(const Value& value, std::optional<Duration>& out) {
  if (value.is(Node::Kind::text) && value.node().text == "never") {
    out.reset();
  } else if (const auto duration = value.duration(1s)) {
    out = duration;
  }
}

bool is_free(const Value& value, const std::string& name,
             const std::vector<triage::Source>& sources) {
  if (name == kOwnSource) {
    value.error("the name \"tocsin\" belongs to the daemon's own alerts", "choose another name");
    return false;
  }
  if (std::ranges::find(sources, name, &triage::Source::name) == sources.end()) return true;
  value.error("the source " + in_quotes(name) + " is defined twice",
              "give each source its own name");
  return false;
}

/// HTTP, proxies and Tocsin itself read these as something else.
constexpr std::string_view kTakenHeaders[] = {"accept",
                                              "accept-encoding",
                                              "authorization",
                                              "connection",
                                              "content-encoding",
                                              "content-length",
                                              "content-type",
                                              "cookie",
                                              "date",
                                              "expect",
                                              "forwarded",
                                              "host",
                                              "idempotency-key",
                                              "if-match",
                                              "keep-alive",
                                              "origin",
                                              "proxy-authorization",
                                              "proxy-connection",
                                              "referer",
                                              "sec-fetch-site",
                                              "te",
                                              "trailer",
                                              "transfer-encoding",
                                              "upgrade",
                                              "user-agent",
                                              "via",
                                              "x-forwarded-for",
                                              "x-forwarded-host",
                                              "x-forwarded-proto",
                                              "x-real-ip"};

bool is_taken_header(std::string_view name) {
  return std::ranges::any_of(kTakenHeaders, [&](std::string_view taken) {
    return std::ranges::equal(name, taken, [](char a, char b) {
      return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
  });
}

/// What may stand as a header's name.
bool is_header_name(std::string_view name) {
  constexpr std::string_view kMarks = "-_.!#$%&'*+^`|~";  // RFC 9110, section 5.6.2.
  return std::ranges::all_of(name, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != kMarks.npos;
  });
}

/// "" was complained about already.
void check_hmac_secret(const Value& file, std::string_view secret) {
  if (secret.empty()) return;
  const auto is_blank = [](char c) { return c == ' '; };
  if (std::ranges::all_of(secret, is_blank)) {
    file.error("the secret in this file consists of blanks",
               "make a new one: openssl rand -hex 32");
  } else if (secret.size() < kHmacSecretMin) {
    file.error(
        "the secret in this file is shorter than " + std::to_string(kHmacSecretMin) + " characters",
        "make a new one: openssl rand -hex 32");
  }
}

void read_hmac(const Value& value, const std::string& folder, Sender& sender) {
  Section section(value);
  sender.hmac_header = kSignatureHeader;
  if (const auto file = section.require("secret_file", "name a file that holds the secret")) {
    sender.hmac_secret = read_secret(*file, folder).value_or("");
    check_hmac_secret(*file, sender.hmac_secret);
  }
  section.secret("secret", "secret_file");
  const auto header = section.find("header");
  if (!header) return;
  const auto name = header->text();
  if (name && is_taken_header(*name)) {
    header->error("the header " + in_quotes(*name) + " says something else in every request",
                  "name the one that holds the signature, such as X-Hub-Signature-256");
  } else if (name && is_header_name(*name)) {
    sender.hmac_header = *name;
  } else if (name) {
    header->error(in_quotes(*name) + " is no name of a header",
                  "write it like X-Grafana-Alerting-Signature");
  }
}

void read_map(Section& section, bool is_json, const triage::Source& source, Sender& sender) {
  if (!is_json) {
    if (const auto map = section.find("map")) {
      map->error("only sources of kind json have a map", "remove it, or write kind: json");
    }
    return;
  }
  const auto map = section.require("map",
                                   "say what the alerts are made of: map: {labels: "
                                   "{alertname: /name}}");
  if (!map) return;
  auto mapping = read_mapping(*map);
  if (!mapping.status && !source.resolve_timeout) {
    map->warning("without status and resolve_timeout its alerts end only by a person",
                 "add status, or resolve_timeout to the source");
  }
  sender.map = std::make_shared<const ingest::Mapping>(std::move(mapping));
}

void read_source(const Value& value, SettingsDraft& draft) {
  Section section(value);
  triage::Source source;
  bool is_good = false;
  if (const auto name = section.require("name", "every source has a name")) {
    if (auto text = name->name()) {
      is_good = is_free(*name, *text, draft.out.sources);
      source.name = std::move(*text);
    }
  }
  const SourceKind* kind = nullptr;
  if (const auto word = section.require("kind", "write kind: " + listed(kind_names()))) {
    kind = read_kind(*word);
  }
  if (kind != nullptr) source.resolve_timeout = kind->resolve_timeout;
  if (const auto labels = section.find("identity_ignore")) {
    for (std::string& label : labels->texts()) {
      draft.out.identity_ignore.push_back(std::move(label));
    }
  }
  if (const auto timeout = section.find("resolve_timeout")) {
    read_resolve_timeout(*timeout, source.resolve_timeout);
  }
  Sender sender;
  sender.source = source.name;
  if (const auto hmac = section.find("hmac")) read_hmac(*hmac, draft.folder, sender);
  read_map(section, kind != nullptr && kind->name == kJson, source, sender);
  if (!is_good || kind == nullptr) return;
  source.kind = kind->name;
  draft.out.sources.push_back(std::move(source));
  draft.out.senders.push_back(std::move(sender));
}

}  // namespace

void read_sources(const Value& value, SettingsDraft& draft) {
  for (const Value& element : value.list()) read_source(element, draft);
  std::vector<std::string>& labels = draft.out.identity_ignore;
  std::ranges::sort(labels);
  const auto repeats = std::ranges::unique(labels);
  labels.erase(repeats.begin(), repeats.end());
}

const Sender* find_sender(const std::vector<Sender>& senders, std::string_view source) {
  const auto found = std::ranges::find(senders, source, &Sender::source);
  return found == senders.end() ? nullptr : &*found;
}

void add_built_in_sources(std::vector<triage::Source>& sources) {
  const std::string api(kAlertmanagerApi);
  if (std::ranges::find(sources, api, &triage::Source::name) == sources.end()) {
    sources.push_back({api, api, kKinds[0].resolve_timeout});
  }
  sources.push_back({std::string(kOwnSource), "internal", std::nullopt});
}

}  // namespace tocsin::config
