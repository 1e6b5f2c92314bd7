#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "config/policy_reader.h"

namespace tocsin::config {
namespace {

/// Verdicts refer to words and criteria by 16 bits.
constexpr std::size_t kListMax = std::numeric_limits<std::uint16_t>::max();

const std::vector<std::string_view>& severity_words() {
  static const std::vector<std::string_view> words = {"SEV-1", "SEV-2", "SEV-3", "SEV-4"};
  return words;
}

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

void read_criterion(const Value& value, PolicyDraft& draft) {
  Section section(value);
  rules::SeverityCriterion criterion;
  criterion.at = value.at();
  bool good = true;
  if (const auto name = section.require("name", "every criterion has a name")) {
    auto text = name->text();
    good = text && draft.criteria.define("severity criterion", *text, name->at(), draft.report);
    if (text) criterion.name = std::move(*text);
  }
  if (const auto level =
          section.require("severity", "write severity: SEV-1, or the one it means")) {
    criterion.severity = read_severity_level(*level).value_or(criterion.severity);
  }
  section.not_yet({"incident"});
  if (const auto when = section.require("when", "say for which alerts it holds")) {
    auto predicate = draft.predicates.read(*when);
    good = good && predicate;
    if (predicate) criterion.when = scoped(draft, std::move(*predicate));
  }
  if (good) draft.policy.rules.severity.criteria.push_back(std::move(criterion));
}

void read_criteria(const Value& value, PolicyDraft& draft) {
  const auto elements = value.list();
  if (elements.size() > kListMax) {
    value.error("more than 65,535 criteria", "use fewer");
    return;
  }
  for (const Value& element : elements) read_criterion(element, draft);
}

/// What maps words to severities decides for the alerts of every team.
void warn_of_reach(const Value& value, const PolicyDraft& draft) {
  if (!draft.in_fragment) return;
  value.warning("stands in a fragment and may lower the severity of every team's alerts",
                "move it into a file of the rules root; a fragment may raise with criteria");
}

}  // namespace

void read_severity(const Value& value, PolicyDraft& draft) {
  if (!is_only_one(value, draft.severity_at, draft.report)) return;
  rules::SeverityPolicy& severity = draft.policy.rules.severity;
  Section section(value);
  if (const auto otherwise = section.find("default")) {
    warn_of_reach(*otherwise, draft);
    severity.otherwise_at = otherwise->at();
    severity.otherwise = read_severity_level(*otherwise).value_or(severity.otherwise);
  }
  section.text("from_label", severity.from_label);
  if (const auto map = section.find("map")) {
    warn_of_reach(*map, draft);
    read_map(*map, draft);
  }
  if (const auto criteria = section.find("criteria")) read_criteria(*criteria, draft);
  section.not_yet({"levels"});
}

std::optional<Severity> read_severity_level(const Value& value) {
  const auto index = value.choice(severity_words());
  if (!index) return std::nullopt;
  return static_cast<Severity>(*index + 1);
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
