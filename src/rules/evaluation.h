#pragma once

#include <cstdint>
#include <vector>

#include "tocsin/rules/rule_set.h"

namespace tocsin::rules {

/// What compile() makes of a rule set.
struct Compiled {
  std::vector<bool> is_fixed;                   ///< By triage rule: see triage_rules.h.
  std::vector<std::uint32_t> asks_annotations;  ///< Triage rules that test annotations.
  std::vector<bool> criterion_asks, correlation_asks;
};

/// One alert and the rules that hold for it.
class Evaluation {
 public:
  Evaluation(const RuleSet& rules, LabelsView labels, LabelsView annotations,
             std::string_view source)
      : rules_(rules), subject_{.labels = labels, .annotations = annotations, .source = source} {}

  /// What the triage rules that hold decide.
  EffectsRef triage();
  /// From now on the labels are those after triage rules.
  void see(const Subject& subject) { subject_ = subject; }
  /// Numbers of those that hold, in order.
  std::vector<std::uint32_t> criteria() const;
  std::vector<std::uint32_t> correlation() const;

 private:
  const RuleSet& rules_;
  Subject subject_;
};

}  // namespace tocsin::rules
