#pragma once

#include <cstdint>
#include <vector>

#include "tocsin/rules/rule_set.h"

namespace tocsin::rules {

/// What the triage rules that hold decide together: `held` are their numbers in order, and of each
/// single decision the first rule that makes it wins. Null if none holds.
EffectsRef decide_effects(const RuleSet&, const std::vector<std::uint32_t>& held, LabelsView labels,
                          LabelsView annotations, std::string_view source);

/// The same for an alert whose annotations are not known. `open` are the rules of which nobody can
/// say whether they hold, `held` those that surely do: a decision that one of the former may win
/// stays as it was `decided`.
EffectsRef decide_unseen(const RuleSet&, const std::vector<std::uint32_t>& held,
                         const std::vector<std::uint32_t>& open, const EffectsRef& decided,
                         LabelsView labels, std::string_view source);

/// True if what the rule decides is the same for every alert it holds for.
bool is_fixed(const TriageRule&);

}  // namespace tocsin::rules
