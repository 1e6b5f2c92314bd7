#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
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

/// Of rules that decide one thing: the earlier beats the later, or it does not.
template <class Beats>
class OneDecision : public rules::Decisions {
 public:
  explicit OneDecision(Beats beats) : beats_(std::move(beats)) {}
  std::uint64_t of(std::uint32_t) override { return 1; }
  std::uint64_t taken(std::uint32_t earlier, std::uint32_t later) override {
    return beats_(earlier, later) ? 1 : 0;
  }

 private:
  Beats beats_;
};

/// Of triage rules: a bit for each thing that the later one decides. A drop takes all of them,
/// unless a `drop: false` that stands before it may hold, too.
class TriageDecisions : public rules::Decisions {
 public:
  TriageDecisions(const std::vector<TriageRule>& rules, std::size_t whole_until)
      : rules_(rules), whole_until_(whole_until) {
    for (std::uint32_t i = 0; i < rules.size(); ++i) {
      if (rules[i].drop == false) shields_.push_back(i);
    }
  }

  std::uint64_t of(std::uint32_t rule) override {
    const TriageRule& one = rules_[rule];
    if (kSingles + one.labels.size() + one.annotations.size() > 64) return 0;
    std::uint64_t bits = singles(one, [](const auto& text) { return text.has_value(); });
    std::uint64_t bit = kFirstSetting;
    for (std::size_t i = 0; i < one.labels.size() + one.annotations.size(); ++i, bit <<= 1) {
      bits |= bit;
    }
    return bits;
  }

  std::uint64_t taken(std::uint32_t earlier, std::uint32_t later) override {
    const TriageRule& one = rules_[earlier];
    if (one.drop.value_or(false) && earlier < whole_until_ && !is_shielded(earlier, later)) {
      return ~std::uint64_t{0};
    }
    std::uint64_t bits =
        singles(one, [](const auto& text) { return text.has_value() && text->is_fixed(); });
    std::uint64_t bit = kFirstSetting;
    const auto add = [&](const Settings& wanted, const Settings& made) {
      for (const TriageRule::Setting& setting : wanted) {
        const auto found = std::ranges::find(made, setting.name, &TriageRule::Setting::name);
        if (found != made.end() && found->value.is_fixed()) bits |= bit;
        bit <<= 1;
      }
    };
    add(rules_[later].labels, one.labels);
    add(rules_[later].annotations, one.annotations);
    return bits;
  }

 private:
  using Settings = std::vector<TriageRule::Setting>;
  static constexpr std::size_t kSingles = 7;
  static constexpr std::uint64_t kFirstSetting = 1U << kSingles;
  /// What looking for shields may cost in all; beyond it everything may be shielded.
  static constexpr std::size_t kProofsMax = 200'000;

  /// `decides` says whether a text decides for sure: one that yields nothing would not.
  template <class Decides>
  static std::uint64_t singles(const TriageRule& rule, Decides decides) {
    const bool made[kSingles] = {decides(rule.service),    decides(rule.team),
                                 decides(rule.runbook),    rule.severity.has_value(),
                                 !rule.escalation.empty(), rule.hold.has_value(),
                                 rule.drop.has_value()};
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < kSingles; ++i) bits |= std::uint64_t{made[i]} << i;
    return bits;
  }

  bool is_shielded(std::uint32_t drop, std::uint32_t later) {
    if (later != shielded_) {
      shielded_ = later;
      const auto shields = [&](std::uint32_t rule) {
        return ++proofs_ > kProofsMax ||
               rules::can_hold_together(rules_[rule].when, rules_[later].when);
      };
      first_shield_ = std::ranges::find_if(shields_, shields);
    }
    return first_shield_ != shields_.end() && *first_shield_ < drop;
  }

  const std::vector<TriageRule>& rules_;
  std::size_t whole_until_;  ///< Rules that could not be read, and may shield, come behind.
  std::vector<std::uint32_t> shields_;
  std::optional<std::uint32_t> shielded_;  ///< Whose shield is known.
  std::vector<std::uint32_t>::const_iterator first_shield_;
  std::size_t proofs_ = 0;
};

/// `the rule "a" at rules.yaml:2 holds whenever it does, and comes first`
std::string hiding(const std::vector<Condition>& conditions, const std::vector<std::uint32_t>& by) {
  constexpr std::size_t kNamedMax = 3;
  std::vector<std::string> names;
  for (const std::uint32_t i : by) {
    if (names.size() == kNamedMax) break;
    names.push_back(conditions[i].what + " at " + format_short(conditions[i].at));
  }
  if (by.size() > kNamedMax) names.push_back(std::to_string(by.size() - kNamedMax) + " more");
  const std::vector<std::string_view> views(names.begin(), names.end());
  return listed(views, "and") + (by.size() == 1 ? " holds whenever it does, and comes first"
                                                : " hold whenever it does, and come first");
}

class RuleLint {
 public:
  explicit RuleLint(PolicyDraft& draft)
      : draft_(draft), rules_(draft.policy.rules), report_(draft.report) {}

  void run() {
    check_triage();
    check_criteria();
    check_correlation();
    check_others();
    if (without_witness_ <= kWithoutWitnessMax) return;
    report_.warning(first_without_witness_,
                    std::to_string(without_witness_) + " rules are tested on every alert",
                    "give them a matcher that must hold, such as alertname=\"…\"; with more than " +
                        std::to_string(kWithoutWitnessMax) + " it is felt");
  }

 private:
  void check_triage() {
    TriageDecisions decisions(rules_.triage,
                              draft_.rules_before_mistakes.value_or(rules_.triage.size()));
    check(conditions_of("rule", rules_.triage), decisions, "never decides anything",
          "move it in front, or remove it");
  }

  void check_criteria() {
    const auto& criteria = rules_.severity.criteria;
    OneDecision decisions([&](std::uint32_t i, std::uint32_t j) {
      return !is_worse(criteria[j].severity, criteria[i].severity);
    });
    check(conditions_of("severity criterion", criteria), decisions, "never raises a severity",
          "give it a worse severity, or remove it");
  }

  void check_correlation() {
    const auto& correlation = rules_.correlation;
    OneDecision decisions([&](std::uint32_t i, std::uint32_t j) {
      if (draft_.passes_on.contains(correlation[i].name)) return false;
      return std::ranges::all_of(correlation[j].by, [&](const std::string& label) {
        return std::ranges::find(correlation[i].by, label) != correlation[i].by.end();
      });
    });
    check(conditions_of("correlation rule", correlation), decisions, "never takes an alert",
          "move it in front, or remove it");
  }

  void check(const std::vector<Condition>& conditions, rules::Decisions& decisions,
             std::string_view effect, std::string_view cure) {
    const auto predicates = predicates_of(conditions);
    const auto hidden = rules::hidden_by(predicates, decisions);
    for (std::size_t j = 0; j < conditions.size(); ++j) {
      const Condition& condition = conditions[j];
      if (!may_hold(condition)) continue;
      note_without_witness(condition);
      if (hidden[j].empty()) continue;
      report_.warning(
          condition.at,
          condition.what + " " + std::string(effect) + ": " + hiding(conditions, hidden[j]),
          std::string(cure));
    }
  }

  void check_others() {
    for (const Fragment& fragment : draft_.settings.fragments) {
      may_hold({"the scope of " + in_quotes(fragment.name), &fragment.scope, fragment.at});
    }
    for (const auto& other : draft_.conditions) {
      may_hold({other.path + ":", &other.when, other.at});
    }
  }

  /// False, and a warning, if it never holds for what alerts usually are.
  bool may_hold(const Condition& condition) {
    if (!rules::can_hold(*condition.when)) {
      report_.warning(condition.at,
                      condition.what + " can never hold: its matchers exclude each other",
                      "correct one of them, or remove it");
      return false;
    }
    if (rules::can_hold(*condition.when, rules::Values::on_one_line)) return true;
    report_.warning(
        condition.at,
        condition.what + " can hold only for values with a line end: a dot matches all others",
        "write a=\"\" for a label that is missing, or remove it");
    return false;
  }

  void note_without_witness(const Condition& condition) {
    if (rules::has_witness(*condition.when) || rules::always_holds(*condition.when)) return;
    if (without_witness_++ == 0) first_without_witness_ = condition.at;
    report_.note(condition.what, condition.at,
                 condition.what + " is tested on every alert: it says only what must not be there");
  }

  const PolicyDraft& draft_;
  const rules::RuleSet& rules_;
  Report& report_;
  std::size_t without_witness_ = 0;
  Position first_without_witness_;
};

}  // namespace

void lint_rules(PolicyDraft& draft) { RuleLint(draft).run(); }

}  // namespace tocsin::config
