#include <optional>
#include <utility>

#include "config/policy_reader.h"

namespace tocsin::config {
namespace {

bool touches_every_team(const PolicyDraft& draft) {
  return draft.in_fragment && draft.scope == nullptr;
}

void warn_of_every_team(const Reference& place, std::string_view what, const std::string& fragment,
                        Report& report) {
  report.warning(place.at,
                 place.path + ": " + std::string(what) +
                     " touches the alerts of every team: the folder " + in_quotes(fragment) +
                     " has no scope",
                 "give it one in tocsin.yaml: fragments: {" + fragment + ": {scope: ['team=\"" +
                     fragment + "\"']}}");
}

void keep(const Value& value, std::optional<rules::Predicate> when, PolicyDraft& draft) {
  if (when) draft.conditions.push_back({value.path(), value.at(), std::move(*when)});
}

}  // namespace

rules::Predicate scoped(const PolicyDraft& draft, rules::Predicate when) {
  if (draft.scope == nullptr) return when;
  rules::AllOf both;
  both.terms.push_back(draft.scope->scope);
  both.terms.push_back(std::move(when));
  return {std::move(both)};
}

std::optional<rules::Predicate> read_scoped(const Value& value, PolicyDraft& draft) {
  auto when = draft.predicates.read(value);
  if (when) *when = scoped(draft, std::move(*when));
  return when;
}

void check_scoped(const Value& value, PolicyDraft& draft) {
  keep(value, read_scoped(value, draft), draft);
}

void check_matchers(const Value& value, PolicyDraft& draft) {
  keep(value, draft.predicates.read(value), draft);
}

void warn_if_unscoped(const Value& value, std::string_view what, const PolicyDraft& draft) {
  if (!touches_every_team(draft)) return;
  warn_of_every_team({"", value.path(), value.at()}, what, draft.fragment, draft.report);
}

void keep_if_unscoped(const Value::Named& label, PolicyDraft& draft) {
  if (!touches_every_team(draft)) return;
  draft.unscoped_labels.push_back({{label.name, label.value.path(), label.at}, draft.fragment});
}

void warn_of_unscoped_severities(PolicyDraft& draft) {
  for (const auto& set : draft.unscoped_labels) {
    if (set.label.name != draft.policy.rules.severity.from_label) continue;
    warn_of_every_team(set.label, "the rule", set.fragment, draft.report);
  }
}

void warn_of_reach(const Value& value, const PolicyDraft& draft) {
  if (!draft.in_fragment) return;
  value.warning("stands in a fragment and decides for the alerts of every team",
                "move it into a file of the rules root");
}

}  // namespace tocsin::config
