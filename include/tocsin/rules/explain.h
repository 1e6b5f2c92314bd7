#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/rules/rule_set.h"
#include "tocsin/rules/why.h"

/// Why the rules say what they say about one alert: every decision with its winner and its losers,
/// and the rules that nearly held. For people: slower than match() by the number of rules.
namespace tocsin::rules {

/// One thing that a rule which holds would decide.
struct Claim {
  std::uint32_t rule = 0;  ///< Into RuleSet::triage.
  std::string what;        ///< "service", "labels.component", "severity", "hold", …
  std::string written;     ///< A template, or the word, as it stands in the rule.
  std::string value;       ///< What it yields; "" is no decision.
  /// The rule whose decision it is instead; itself, where it sets the service or team and a label
  /// of that name.
  std::optional<std::uint32_t> lost_to;
  bool wins() const { return !value.empty() && !lost_to; }
};

/// A triage rule that holds. A rule may hold and claim nothing.
struct HeldRule {
  std::uint32_t rule = 0;
  std::vector<Claim> claims;
};

/// Of the matchers that keep a rule from holding, so many are named.
inline constexpr std::size_t kFailingMax = 8;

/// A rule that does not hold, and would have decided something.
struct NearRule {
  enum class Kind : std::uint8_t { triage, severity, correlation };
  Kind kind = Kind::triage;
  std::uint32_t rule = 0;
  std::size_t failing_count = 0;  ///< The fewest matchers that would have to be otherwise.
  std::size_t holding_count = 0;  ///< Matchers that are as they should be.
  std::vector<Failing> failing;   ///< The first kFailingMax of them, in the order of the rule.
};

struct LabelOrigin {
  enum class From : std::uint8_t { sent, rule, service };
  std::string name, value;
  From from = From::sent;
  DecidedBy by;      ///< The rule, or the service and where it is defined.
  std::string sent;  ///< What was sent under that name; "" if nothing was, or the same.
};

/// A severity criterion that holds.
struct Raised {
  std::uint32_t criterion = 0;
  bool decides = false;
};

struct Explanation {
  Verdict verdict;
  std::vector<HeldRule> held;  ///< In the order of the rules; at most kHeldMax.
  std::size_t held_count = 0;
  std::vector<Claim> won;           ///< The claims that are decisions, of all rules that hold.
  std::vector<NearRule> near;       ///< The nearest first.
  std::vector<LabelOrigin> labels;  ///< After rules, by name.
  std::string service;  ///< Its name, "" if there is none; defined if verdict.service >= 0.
  std::string word;     ///< The sender's word of `severity.from_label`.
  /// What the severity was before any criterion raised it; its `severity_by` is never `criterion`.
  Verdict unraised;
  std::vector<Raised> raised;
  /// Correlation rules that hold but of whose `by` labels there is none, before the one that takes
  /// it.
  std::vector<std::uint32_t> without_labels;
  Labels by;               ///< The labels the alert is grouped by, empty ones left out.
  std::optional<Key> key;  ///< Of its group; nothing if no rule takes it.
};
inline constexpr std::size_t kHeldMax = 200;
inline constexpr std::size_t kNearMax = 100;

struct Question {
  LabelsView labels, annotations;
  std::string_view source;
  std::size_t near = 0;  ///< So many rules that nearly held; at most kNearMax.
  /// What triage rules decided before; then they are not asked.
  std::optional<EffectsRef> decided{};
};

/// What the triage rules that hold would decide and who won, in the order of the rules. The verdict
/// is that of match().
std::vector<Claim> claims_of(const RuleSet&, const Verdict&, LabelsView labels,
                             LabelsView annotations, std::string_view source);

/// Pure. What it says is what match() says, or match_decided(). REQUIRES: the set was compiled.
Explanation explain(const RuleSet&, const Question&);

}  // namespace tocsin::rules
