#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tocsin/rules/rule_set.h"

namespace tocsin::trial {

/// One decision of triage rules and the rule that won it. What is decided is spelled as cases do:
/// "service", "labels.component", "drop".
struct Decision {
  std::string what;
  std::uint32_t rule = 0;  ///< Index into RuleSet::triage.
};

/// Of the verdict of match(), in no particular order. A rule that decides `drop: false` or `hold:
/// 0s` has decided, too.
std::vector<Decision> decisions_of(const rules::RuleSet&, const rules::Verdict&, LabelsView labels,
                                   LabelsView annotations, std::string_view source);

}  // namespace tocsin::trial
