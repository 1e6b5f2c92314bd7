#include <algorithm>
#include <chrono>
#include <optional>

#include "http/endpoints.h"
#include "http/subject_row.h"
#include "tocsin/base/text.h"

namespace tocsin::http {
namespace {

/// The version of Alertmanager whose API this is; clients read it as plain semver.
constexpr std::string_view kAlertmanagerVersion = "0.27.0";

/// What a lease without an end looks like to clients that insist on a time.
constexpr std::string_view kFarFuture = "9999-12-31T23:59:59.000Z";

/// Errors of this API's own functions are bare JSON strings.
Response string_error(std::string_view problem) {
  Response response;
  response.status = 400;
  response.content_type = kJson;
  append_json_string(problem, response.body);
  return response;
}

std::expected<rules::Matcher, std::string> receiver_matcher(std::string_view pattern,
                                                            rules::Patterns& patterns) {
  std::string text = "receiver=~\"";
  for (const char c : pattern) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  text += '"';
  auto matcher = rules::parse_matcher(text, rules::Grammar::alertmanager, patterns);
  if (!matcher) return std::unexpected("bad receiver: " + matcher.error().problem);
  return *std::move(matcher);
}

struct Filter {
  std::vector<rules::Matcher> matchers;
  std::optional<rules::Matcher> receiver;
  bool active = true;
};

std::expected<Filter, std::string> read_filter(std::string_view text) {
  const auto query = Query::parse(text);
  if (!query) return std::unexpected(query.error());
  Filter filter;
  rules::Patterns patterns;  // One for all: together they may cost what those of a question may.
  for (const std::string_view one : query->all("filter")) {
    auto matchers = rules::parse_selector(one, rules::Grammar::alertmanager, patterns);
    if (!matchers) {
      return std::unexpected("bad matcher format: " + matchers.error().problem + "; " +
                             matchers.error().cure);
    }
    std::ranges::move(*matchers, std::back_inserter(filter.matchers));
  }
  if (const std::string_view pattern = query->get("receiver"); !pattern.empty()) {
    auto matcher = receiver_matcher(pattern, patterns);
    if (!matcher) return std::unexpected(matcher.error());
    filter.receiver = *std::move(matcher);
  }
  // Nothing is silenced, inhibited or unprocessed here, so `active` alone decides.
  if (query->has("active")) filter.active = query->get("active") == "true";
  return filter;
}

void append_member(std::string_view name, std::string_view text, std::string& out) {
  out += '"';
  out += name;
  out += "\":";
  append_json_string(text, out);
}

std::string end_text(Instant lease) {
  constexpr Instant kLast = std::chrono::sys_days(std::chrono::year(9999) / 12 / 31);
  return lease > kLast ? std::string(kFarFuture) : format_rfc3339(lease);
}

struct Row {
  std::string fingerprint;
  std::string json;
};

std::string alert_text(const store::AlertRow& row, LabelsView labels, std::string_view receiver) {
  const rules::EffectsRef& effects = row.status.effects;
  const Labels annotations =
      effects ? rules::set_over(row.annotations, effects->annotations) : row.annotations;
  const bool withheld = row.status.dropped || row.status.held_until != Instant{};
  std::string out = "{\"annotations\":" + labels_to_json(annotations) + ",";
  append_member("endsAt", end_text(row.status.lease.ends), out);
  out += ',';
  append_member("fingerprint", row.fingerprint, out);
  out += ",\"receivers\":[{";
  append_member("name", receiver, out);
  out += "}],";
  append_member("startsAt", format_rfc3339(row.status.starts_at), out);
  out += ",\"status\":{\"inhibitedBy\":[],\"mutedBy\":[],\"silencedBy\":[],\"state\":\"";
  out += withheld ? "suppressed\"}," : "active\"},";
  append_member("updatedAt",
                format_rfc3339(std::max(row.status.received_at, row.status.lease.renewed)), out);
  if (!row.generator_url.empty()) {
    out += ',';
    append_member("generatorURL", row.generator_url, out);
  }
  return out + ",\"labels\":" + labels_to_json(labels) + "}";
}

class AlertList {
 public:
  AlertList(Site& site, const triage::Policy& policy, const Filter& filter)
      : site_(site), policy_(policy), filter_(filter) {}

  void add(std::vector<store::AlertRow> page) {
    bring_up_to_date(site_, page);
    for (const store::AlertRow& row : page) add(row);
  }
  std::size_t bytes() const { return bytes_; }

  std::string text() {
    std::ranges::sort(rows_, {}, &Row::fingerprint);
    std::string out = "[";
    out.reserve(bytes_ + rows_.size() + 2);
    for (const Row& row : rows_) {
      if (out.size() > 1) out += ',';
      out += row.json;
    }
    return out + "]";
  }

 private:
  void add(const store::AlertRow& row) {
    const SubjectRow seen = subject_of_row(policy_, row);
    for (const rules::Matcher& matcher : filter_.matchers) {
      if (!rules::holds(matcher, seen.subject)) return;
    }
    const triage::Escalation& path = policy_.escalation_for(seen.subject, seen.verdict.severity);
    if (filter_.receiver) {
      const Labels named{{"receiver", path.name}};
      rules::Subject subject;
      subject.labels = named.view();
      if (!rules::holds(*filter_.receiver, subject)) return;
    }
    const Labels labels = rules::labels_after_rules(seen.subject);
    rows_.push_back({row.fingerprint, alert_text(row, labels.view(), path.name)});
    bytes_ += rows_.back().json.size();
  }

  Site& site_;
  const triage::Policy& policy_;
  const Filter& filter_;
  std::vector<Row> rows_;
  std::size_t bytes_ = 0;
};

/// A rendering that Alertmanager would take: one receiver for each escalation.
std::string alertmanager_yaml(const triage::Policy& policy) {
  std::string out = "route:\n  receiver: \"default\"\nreceivers:\n";
  for (const triage::Escalation& escalation : policy.escalations) {
    out += "  - name: ";
    append_json_string(escalation.name, out);
    out += '\n';
  }
  return out;
}

}  // namespace

Response alertmanager_alerts(Site& site, store::Reader* reader, const Request& request) {
  const auto filter = read_filter(request.query);
  if (!filter) return string_error(filter.error());
  if (!filter->active) return json_response("[]");
  if (reader == nullptr) return store_trouble(site, Dialect::alertmanager, nullptr);
  const auto policy = site.options.doors.policy();
  AlertList list(site, *policy, *filter);
  store::AlertQuery wanted;
  wanted.state = triage::AlertState::firing;
  wanted.limit = kListLimitMax;
  const auto began = Clock::now();
  for (;;) {
    auto page = reader->alerts(wanted);
    if (!page) return store_trouble(site, Dialect::alertmanager, &page.error());
    const bool is_last = page->size() < wanted.limit;
    if (!is_last) wanted.before = page->back().id.value;
    list.add(*std::move(page));
    if (is_last) return json_response(list.text());
    if (list.bytes() > kAlertListBytesMax || Clock::now() - began > kAlertListTimeMax) {
      return overloaded(Dialect::alertmanager,
                        "too many alerts for one answer; narrow them with filter, or read "
                        "/v1/alerts, which has pages");
    }
  }
}

Response alertmanager_status(Site& site, const Request&) {
  const auto policy = site.options.doors.policy();
  std::string out = "{\"cluster\":{\"peers\":[],\"status\":\"disabled\"},\"config\":{";
  append_member("original", alertmanager_yaml(*policy), out);
  out += "},";
  append_member("uptime", format_rfc3339(site.options.started), out);
  out +=
      ",\"versionInfo\":{\"branch\":\"\",\"buildDate\":\"\",\"buildUser\":\"\",\"goVersion\":\"\",";
  append_member("revision", "tocsin-" + site.options.version, out);
  out += ',';
  append_member("version", kAlertmanagerVersion, out);
  return json_response(out + "}}");
}

Response alertmanager_receivers(Site& site, const Request&) {
  const auto policy = site.options.doors.policy();
  std::string out = "[";
  for (const triage::Escalation& escalation : policy->escalations) {
    out += out.size() > 1 ? ",{" : "{";
    append_member("name", escalation.name, out);
    out += '}';
  }
  return json_response(out + "]");
}

}  // namespace tocsin::http
