#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>

#include "config/policy_reader.h"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kIncidentCountMax = 1'000'000;  // Of alerts, or of a label's values.

/// Verdicts refer to words and criteria by 16 bits.
constexpr std::size_t kListMax = std::numeric_limits<std::uint16_t>::max();

std::optional<Severity> read_level_or_none(const Value& value) {
  if (value.is(Node::Kind::text) && value.node().text == "none") return Severity::none;
  std::vector<std::string_view> words = severity_words();
  words.push_back("none");
  const auto index = value.choice(words);
  if (!index) return std::nullopt;
  return static_cast<Severity>(*index + 1);
}

/// As `match` looks words up: without blanks around them, in lower case.
std::string normalised(std::string_view word) {
  const auto is_blank = [](char c) { return c == ' '; };
  while (!word.empty() && is_blank(word.front())) word.remove_prefix(1);
  while (!word.empty() && is_blank(word.back())) word.remove_suffix(1);
  std::string out(word);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

void read_map(const Value& value, PolicyDraft& draft) {
  draft.has_map = true;
  std::vector<rules::SeverityPolicy::Mapping>& map = draft.policy.rules.severity.map;
  const auto entries = value.named();
  if (entries.size() > kListMax) {
    value.error("more than 65,535 words", "map fewer; unknown words get severity.default");
    return;
  }
  Names words;
  for (const Value::Named& entry : entries) {
    const auto severity = read_level_or_none(entry.value);
    std::string word = normalised(entry.name);
    if (word.empty()) {
      draft.report.error(entry.at, value.path() + ": a word of blanks", "remove it");
      continue;
    }
    if (!words.define("severity word", word, entry.at, draft.report) || !severity) continue;
    map.push_back({std::move(word), *severity, entry.at});
  }
  std::ranges::sort(map, {}, &rules::SeverityPolicy::Mapping::word);
}

/// `{alerts: 50, within: 5m}`, or `{distinct: service, at_least: 5, within: 10m}`.
void read_incident_criterion(const Value& value) {
  constexpr std::string_view kCure =
      "write {alerts: 50, within: 5m} or {distinct: service, at_least: 5, within: 10m}";
  Section section(value);
  const auto alerts = section.find("alerts");
  const auto distinct = section.find("distinct");
  const auto at_least = section.find("at_least");
  if (alerts) alerts->integer(1, kIncidentCountMax);
  if (distinct) distinct->text();
  if (at_least) at_least->integer(2, kIncidentCountMax);
  const bool counts_values = distinct || at_least;
  if (value.is_mapping() && alerts.has_value() == counts_values) {
    value.error("expected either alerts, or distinct and at_least", std::string(kCure));
  } else if (counts_values && !distinct) {
    value.error("the key \"distinct\" is missing", std::string(kCure));
  } else if (counts_values && !at_least) {
    value.error("the key \"at_least\" is missing", std::string(kCure));
  }
  if (const auto within = section.require("within", "say within which time, such as within: 5m")) {
    within->duration(1s);
  }
}

/// False if it says nothing of a single alert.
bool read_parts(const Value& value, rules::SeverityCriterion& criterion, PolicyDraft& draft) {
  Section section(value);
  criterion.name = define_element(section, "severity criterion", draft.criteria, draft);
  if (const auto level =
          section.require("severity", "write severity: SEV-1, or the one it means")) {
    criterion.severity = read_level(*level).value_or(criterion.severity);
  }
  const auto incident = section.find("incident");
  if (incident) read_incident_criterion(*incident);
  section.not_yet({"incident"});
  const auto when =
      incident ? section.find("when") : section.require("when", "say for which alerts it holds");
  auto predicate = when ? read_scoped(*when, draft) : std::nullopt;
  if (predicate) criterion.when = std::move(*predicate);
  // What counts alerts of an incident says nothing of a single one.
  return predicate && !incident && !criterion.name.empty();
}

void read_criterion(const Value& value, PolicyDraft& draft) {
  const Flaws flaws(value, draft.report);
  rules::SeverityCriterion criterion;
  criterion.at = value.at();
  const bool is_of_alert = read_parts(value, criterion, draft);
  if (is_of_alert && flaws.none()) {
    draft.policy.rules.severity.criteria.push_back(std::move(criterion));
  }
}
void read_criteria(const Value& value, PolicyDraft& draft) {
  const auto elements = value.list();
  if (elements.size() > kListMax) {
    value.error("more than 65,535 criteria", "use fewer");
    return;
  }
  for (const Value& element : elements) read_criterion(element, draft);
}

void read_one_level(const Value& value, PolicyDraft& draft) {
  Section section(value);
  if (const auto roles = section.find("roles")) use_names(*roles, draft.roles_used);
  for (const std::string_view key : {"update_every", "review_within"}) {
    if (const auto time = section.find(key)) time->duration(1min);
  }
  if (const auto major = section.find("major")) major->boolean();
}

void read_level_duties(const Value& value, PolicyDraft& draft) {
  Section section(value);
  for (const std::string_view word : severity_words()) {
    if (const auto level = section.find(word)) read_one_level(*level, draft);
  }
}

}  // namespace

void read_severity(const Value& value, PolicyDraft& draft) {
  if (!is_only_one(value, draft.severity_at, draft.report)) return;
  rules::SeverityPolicy& severity = draft.policy.rules.severity;
  Section section(value);
  if (const auto otherwise = section.find("default")) {
    warn_of_reach(*otherwise, draft);
    severity.otherwise_at = otherwise->at();
    severity.otherwise = read_level(*otherwise).value_or(severity.otherwise);
  }
  section.text("from_label", severity.from_label);
  if (const auto map = section.find("map")) {
    warn_of_reach(*map, draft);
    read_map(*map, draft);
  }
  if (const auto criteria = section.find("criteria")) read_criteria(*criteria, draft);
  if (const auto levels = section.find("levels")) read_level_duties(*levels, draft);
  section.not_yet({"levels"});
}

const std::vector<std::string_view>& severity_words() {
  static const std::vector<std::string_view> words = {"SEV-1", "SEV-2", "SEV-3", "SEV-4"};
  return words;
}

std::optional<Severity> read_level(const Value& value) {
  const auto index = value.choice(severity_words());
  if (!index) return std::nullopt;
  return static_cast<Severity>(*index + 1);
}

std::vector<Severity> read_levels(const Value& value) {
  if (is_empty_list(value)) {
    value.error("a list without a severity", "name one or more of SEV-1 to SEV-4");
  }
  std::vector<Severity> out;
  for (const Value& element : value.list()) {
    if (const auto level = read_level(element)) out.push_back(*level);
  }
  return out;
}

void add_default_severity_map(rules::SeverityPolicy& severity) {
  const Position built_in{"built in", 0, 0};
  severity.map = {
      {"critical", Severity::sev2, built_in}, {"error", Severity::sev2, built_in},
      {"info", Severity::sev4, built_in},     {"none", Severity::none, built_in},
      {"page", Severity::sev2, built_in},     {"warning", Severity::sev3, built_in},
  };
}

}  // namespace tocsin::config
