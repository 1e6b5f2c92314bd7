#pragma once

#include <cstdint>
#include <vector>

#include "tocsin/rules/rule_set.h"

namespace tocsin::rules {

/// What the triage rules that hold decide together: `held` are their numbers in order, and of each
/// single decision the first rule that makes it wins. Null if none holds.
EffectsRef decide_effects(const RuleSet&, const std::vector<std::uint32_t>& held, LabelsView labels,
                          LabelsView annotations, std::string_view source);

/// True if what the rule decides is the same for every alert it holds for.
bool is_fixed(const TriageRule&);

}  // namespace tocsin::rules
