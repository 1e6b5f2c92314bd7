#include "trial/coverage.h"

#include <algorithm>
#include <set>

#include "tocsin/rules/explain.h"

namespace tocsin::trial {

Coverage::Coverage(const rules::RuleSet& rules) : rules_(rules) {
  for (const auto& rule : rules.triage) uses_.push_back({"rules", rule.name, rule.at});
  for (const auto& rule : rules.severity.criteria) {
    uses_.push_back({"severity.criteria", rule.name, rule.at});
  }
  for (const auto& rule : rules.correlation) uses_.push_back({"correlation", rule.name, rule.at});
}

void Coverage::count_triage(LabelsView labels, LabelsView annotations, std::string_view source,
                            const rules::Verdict& verdict) {
  if (verdict.effects == nullptr) return;
  for (const std::uint32_t rule : verdict.effects->rules) ++uses_[rule].matched;
  std::set<std::uint32_t> winners;
  for (const rules::Claim& claim : rules::claims_of(rules_, verdict, labels, annotations, source)) {
    if (claim.wins()) winners.insert(claim.rule);
  }
  for (const std::uint32_t rule : winners) ++uses_[rule].decided;
}

void Coverage::count(LabelsView labels, LabelsView annotations, std::string_view source,
                     const rules::Verdict& verdict) {
  count_triage(labels, annotations, source, verdict);
  const rules::Subject subject = rules::subject_of(rules_, verdict, labels, annotations, source);
  auto use = uses_.begin() + static_cast<std::ptrdiff_t>(rules_.triage.size());
  const auto& criteria = rules_.severity.criteria;
  for (std::size_t i = 0; i < criteria.size(); ++i, ++use) {
    if (rules::holds(criteria[i].when, subject)) ++use->matched;
    const bool decided = verdict.severity_by == rules::SeverityBy::criterion;
    if (decided && verdict.severity_index == i) ++use->decided;
  }
  for (std::size_t i = 0; i < rules_.correlation.size(); ++i, ++use) {
    const rules::CorrelationRule& rule = rules_.correlation[i];
    const bool has_one = std::ranges::any_of(
        rule.by, [&](const std::string& label) { return !subject.value_of(label).empty(); });
    if (has_one && rules::holds(rule.when, subject)) ++use->matched;
    if (verdict.correlation == static_cast<std::int32_t>(i)) ++use->decided;
  }
}

}  // namespace tocsin::trial
