#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "config/policy_reader.h"
#include "tocsin/rules/lint.h"

namespace tocsin::config {
namespace {

using rules::Predicate;
using rules::TriageRule;

/// Each alert is tested against all of these: more of them are felt.
constexpr std::size_t kWithoutWitnessMax = 256;

/// A rule of any kind, as far as its condition goes.
struct Condition {
  std::string what;  ///< `the rule "disks"`
  const Predicate* when;
  Position at;
};

std::vector<const Predicate*> predicates_of(const std::vector<Condition>& conditions) {
  std::vector<const Predicate*> out;
  out.reserve(conditions.size());
  for (const Condition& condition : conditions) out.push_back(condition.when);
  return out;
}

template <class Rules>
std::vector<Condition> conditions_of(std::string_view kind, const Rules& rules) {
  std::vector<Condition> out;
  out.reserve(rules.size());
  for (const auto& rule : rules) {
    out.push_back({"the " + std::string(kind) + " " + in_quotes(rule.name), &rule.when, rule.at});
  }
  return out;
}

bool decides_for_sure(const std::optional<rules::Template>& text) {
  return text && text->is_fixed();
}

bool all_among(const std::vector<TriageRule::Setting>& some,
               const std::vector<TriageRule::Setting>& others) {
  return std::ranges::all_of(some, [&](const TriageRule::Setting& setting) {
    const auto other = std::ranges::find(others, setting.name, &TriageRule::Setting::name);
    return other != others.end() && other->value.is_fixed();
  });
}

/// Whether every decision of `later` is one that `earlier` makes whenever it holds.
bool decides_all_of(const TriageRule& earlier, const TriageRule& later) {
  const auto covers = [](bool is_made, bool is_made_before) { return !is_made || is_made_before; };
  return covers(later.service.has_value(), decides_for_sure(earlier.service)) &&
         covers(later.team.has_value(), decides_for_sure(earlier.team)) &&
         covers(later.runbook.has_value(), decides_for_sure(earlier.runbook)) &&
         covers(later.severity.has_value(), earlier.severity.has_value()) &&
         covers(!later.escalation.empty(), !earlier.escalation.empty()) &&
         covers(later.hold.has_value(), earlier.hold.has_value()) &&
         covers(later.drop.has_value(), earlier.drop.has_value()) &&
         all_among(later.labels, earlier.labels) &&
         all_among(later.annotations, earlier.annotations);
}

class RuleLint {
 public:
  explicit RuleLint(PolicyDraft& draft) : rules_(draft.policy.rules), report_(draft.report) {}

  void run() {
    check_triage();
    check_criteria();
    check_correlation();
    if (without_witness_ <= kWithoutWitnessMax) return;
    report_.warning(first_without_witness_,
                    std::to_string(without_witness_) + " rules are tested on every alert",
                    "give them a matcher that must hold, such as alertname=\"…\"; with more than " +
                        std::to_string(kWithoutWitnessMax) + " it is felt");
  }

 private:
  void check_triage() {
    const auto shields = [](const TriageRule& rule) { return rule.drop == false; };
    const bool may_be_shielded = std::ranges::any_of(rules_.triage, shields);
    const auto beats = [&](std::size_t i, std::size_t j) {
      const TriageRule& earlier = rules_.triage[i];
      const bool drops = earlier.drop.value_or(false) && !may_be_shielded;
      return drops || decides_all_of(earlier, rules_.triage[j]);
    };
    check(conditions_of("rule", rules_.triage), beats, "never decides anything");
  }

  void check_criteria() {
    const auto& criteria = rules_.severity.criteria;
    const auto beats = [&](std::size_t i, std::size_t j) {
      return !is_worse(criteria[j].severity, criteria[i].severity);
    };
    check(conditions_of("severity criterion", criteria), beats, "never raises a severity");
  }

  void check_correlation() {
    const auto& correlation = rules_.correlation;
    const auto beats = [&](std::size_t i, std::size_t j) {
      return std::ranges::all_of(correlation[j].by, [&](const std::string& label) {
        return std::ranges::find(correlation[i].by, label) != correlation[i].by.end();
      });
    };
    check(conditions_of("correlation rule", correlation), beats, "never takes an alert");
  }

  template <class Beats>
  void check(const std::vector<Condition>& conditions, Beats beats, std::string_view effect) {
    const auto predicates = predicates_of(conditions);
    const auto hidden = rules::hidden_by(predicates);
    for (std::size_t j = 0; j < conditions.size(); ++j) {
      const Condition& condition = conditions[j];
      if (!rules::can_hold(*condition.when)) {
        report_.warning(condition.at,
                        condition.what + " can never hold: its matchers exclude each other",
                        "correct one of them, or remove it");
        continue;
      }
      note_without_witness(condition);
      const std::optional<std::uint32_t> i = hidden[j];
      if (!i || !beats(*i, j)) continue;
      report_.warning(condition.at,
                      condition.what + " " + std::string(effect) + ": " + conditions[*i].what +
                          " at " + format_short(conditions[*i].at) +
                          " holds whenever it does, and comes first",
                      "move it in front of that one, or remove it");
    }
  }

  void note_without_witness(const Condition& condition) {
    if (rules::has_witness(*condition.when) || rules::always_holds(*condition.when)) return;
    if (without_witness_++ == 0) first_without_witness_ = condition.at;
    report_.note(condition.what, condition.at,
                 condition.what + " is tested on every alert: it says only what must not be there");
  }

  const rules::RuleSet& rules_;
  Report& report_;
  std::size_t without_witness_ = 0;
  Position first_without_witness_;
};

}  // namespace

void lint_rules(PolicyDraft& draft) { RuleLint(draft).run(); }

}  // namespace tocsin::config
