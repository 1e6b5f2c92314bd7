#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "config/policy_reader.h"

namespace tocsin::config {
namespace {

constexpr std::size_t kRulesMax = 1'000'000;
constexpr std::string_view kTemplateCure =
    "write the text in double quotes, such as \"{{labels.job}}\"";

std::optional<rules::Template> read_template(const Value& value) {
  if (value.is(Node::Kind::mapping) || value.is(Node::Kind::list)) {
    value.error("a mapping or list where a text belongs: a quote is missing",
                std::string(kTemplateCure));
    return std::nullopt;
  }
  const auto text = value.text();
  if (!text) return std::nullopt;
  auto read = rules::parse_template(*text);
  if (!read) {
    value.error(read.error().problem, read.error().cure, read.error().offset);
    return std::nullopt;
  }
  return std::move(*read);
}

std::vector<rules::TriageRule::Setting> read_settings(const std::vector<Value::Named>& entries,
                                                      PolicyDraft& draft) {
  std::vector<rules::TriageRule::Setting> out;
  for (const Value::Named& entry : entries) {
    if (entry.name.contains("{{")) {
      draft.report.error(entry.at, entry.value.path() + ": a template in a name",
                         "write the name out; only its value may hold {{labels.NAME}}");
      continue;
    }
    if (auto text = read_template(entry.value)) out.push_back({entry.name, std::move(*text)});
  }
  return out;
}

/// A runbook that is no template is checked like a service's.
void check_runbook(const Value& value, const rules::Template& text) {
  const bool begins = !text.parts.empty() && !text.parts[0].is_label;
  const std::string start = begins ? text.parts[0].text : "";
  const bool is_address = start.starts_with("https://") || start.starts_with("http://");
  if (is_address || (!begins && !text.is_fixed())) return;
  value.error(in_quotes(rules::to_string(text)) + " is no web address",
              "begin it with https:// or http://");
}

/// A fixed name can be looked up; what a template yields is known only for an alert.
void use_if_fixed(const Value& value, const std::optional<rules::Template>& text,
                  std::vector<Reference>& used) {
  if (text && text->is_fixed()) {
    used.push_back({rules::to_string(*text), value.path(), value.at()});
  }
}

/// What is set by itself stands over the label of that name.
void warn_if_overruled(const Value::Named& label, const std::optional<rules::Template>& text,
                       PolicyDraft& draft) {
  // A template may yield nothing: then the label counts.
  if (!text || !text->is_fixed()) return;
  draft.report.warning(label.at, label.value.path() + ": set." + label.name + " stands over it",
                       "remove one of both");
}

void read_labels(const Value& value, rules::TriageRule& rule, PolicyDraft& draft) {
  const std::vector<Value::Named> entries = value.named();
  rule.labels = read_settings(entries, draft);
  for (const Value::Named& entry : entries) {
    if (entry.name == "service") warn_if_overruled(entry, rule.service, draft);
    if (entry.name == "team") warn_if_overruled(entry, rule.team, draft);
    keep_if_unscoped(entry, draft);
  }
}

void read_set(const Value& value, rules::TriageRule& rule, PolicyDraft& draft) {
  Section section(value);
  if (const auto service = section.find("service")) {
    rule.service = read_template(*service);
    use_if_fixed(*service, rule.service, draft.services_used);
  }
  if (const auto team = section.find("team")) {
    rule.team = read_template(*team);
    use_if_fixed(*team, rule.team, draft.teams_used);
  }
  if (const auto runbook = section.find("runbook")) {
    rule.runbook = read_template(*runbook);
    if (rule.runbook) check_runbook(*runbook, *rule.runbook);
  }
  if (const auto labels = section.find("labels")) read_labels(*labels, rule, draft);
  if (const auto annotations = section.find("annotations")) {
    rule.annotations = read_settings(annotations->named(), draft);
  }
}

/// False if the rule's condition cannot be told.
bool read_when(Section& section, rules::TriageRule& rule, PolicyDraft& draft) {
  const auto when = section.find("when");
  auto predicate = when ? read_scoped(*when, draft) : scoped(draft, {});
  if (predicate) rule.when = std::move(*predicate);
  return predicate.has_value();
}

void read_decisions(Section& section, rules::TriageRule& rule, PolicyDraft& draft) {
  if (const auto set = section.find("set")) read_set(*set, rule, draft);
  if (const auto level = section.find("severity")) {
    rule.severity = read_level(*level);
    if (rule.severity) warn_if_unscoped(*level, "the rule", draft);
  }
  if (const auto name = section.find("escalation")) {
    if (auto text = name->text()) {
      draft.escalations_used.push_back({*text, name->path(), name->at()});
      rule.escalation = std::move(*text);
    }
  }
  if (const auto hold = section.find("hold")) {
    rule.hold = hold->duration(Duration::zero());
    if (rule.hold && *rule.hold > Duration::zero()) warn_if_unscoped(*hold, "the rule", draft);
  }
  if (const auto drop = section.find("drop")) {
    rule.drop = drop->boolean();
    if (rule.drop.value_or(false)) warn_if_unscoped(*drop, "the rule", draft);
  }
}

bool decides_something(const rules::TriageRule& rule) {
  return rule.service || rule.team || rule.runbook || rule.severity || rule.hold || rule.drop ||
         !rule.labels.empty() || !rule.annotations.empty() || !rule.escalation.empty();
}

void read_rule(const Value& value, PolicyDraft& draft) {
  const Flaws flaws(value, draft.report);
  rules::TriageRule rule;
  rule.at = value.at();
  bool good = false;
  {
    Section section(value);
    rule.name = define_element(section, "rule", draft.rules, draft);
    good = read_when(section, rule, draft) && !rule.name.empty();
    read_decisions(section, rule, draft);
  }
  if (!good || !flaws.none()) return;
  if (!decides_something(rule)) {
    value.warning("the rule decides nothing",
                  "add set, severity, escalation, hold or drop, or remove it");
  }
  draft.policy.rules.triage.push_back(std::move(rule));
}

}  // namespace

void read_rules(const Value& value, PolicyDraft& draft) {
  const auto elements = value.list();
  if (draft.policy.rules.triage.size() + elements.size() > kRulesMax) {
    value.error("more than 1,000,000 rules in all files", "use fewer");
    return;
  }
  for (const Value& element : elements) read_rule(element, draft);
}

}  // namespace tocsin::config
