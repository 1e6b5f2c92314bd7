#pragma once

#include <cstdint>
#include <vector>

#include "rules/index.h"
#include "tocsin/rules/rule_set.h"

namespace tocsin::rules {

/// What compile() makes of a rule set.
struct Compiled {
  explicit Compiled(const RuleSet&);

  std::vector<bool> is_fixed;                   ///< By triage rule: see triage_rules.h.
  std::vector<std::uint32_t> asks_annotations;  ///< Triage rules that test annotations.
  std::vector<bool> criterion_asks, correlation_asks;
  Index index;
};

/// What a triage rule or the map of the sender's words says, before any criterion raises it.
void decide_severity(const RuleSet&, const Subject&, Verdict&);

/// One alert and the rules that hold for it. There is one at a time on each thread: it works in
/// memory of the thread, which remembers what it has seen of former alerts.
class Evaluation {
 public:
  Evaluation(const RuleSet&, LabelsView labels, LabelsView annotations, std::string_view source);
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

  /// What the triage rules that hold decide.
  EffectsRef triage();
  /// The same where `open` rules may hold or not: see decide_unseen().
  EffectsRef triage_unseen(const std::vector<std::uint32_t>& open, const EffectsRef& decided);
  /// From now on the labels are those after triage rules.
  void see(const Subject&);
  /// Numbers of those that hold, in order; valid until the next call.
  const std::vector<std::uint32_t>& criteria();
  const std::vector<std::uint32_t>& correlation();

  static RegexLookups take_lookups_of_thread();

 private:
  struct Memory;
  static Memory& memory_of_thread();

  const RuleSet& rules_;
  LabelsView labels_, annotations_;
  std::string_view source_;
  Memory& memory_;
};

}  // namespace tocsin::rules
