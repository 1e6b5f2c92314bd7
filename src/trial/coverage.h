#pragma once

#include <vector>

#include "tocsin/rules/rule_set.h"
#include "tocsin/trial/trial.h"

namespace tocsin::trial {

/// Counts what each rule says about every alert that is reported to fire.
class Coverage {
 public:
  explicit Coverage(const rules::RuleSet&);
  void count(LabelsView labels, LabelsView annotations, std::string_view source,
             const rules::Verdict&);
  std::vector<RuleUse> take() { return std::move(uses_); }

 private:
  void count_triage(LabelsView labels, LabelsView annotations, std::string_view source,
                    const rules::Verdict&);

  const rules::RuleSet& rules_;
  std::vector<RuleUse> uses_;  ///< Triage rules, criteria, correlation.
};

}  // namespace tocsin::trial
