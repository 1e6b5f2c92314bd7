#include "rules/evaluation.h"

#include "rules/triage_rules.h"

namespace tocsin::rules {
namespace {

template <class Rules>
std::vector<std::uint32_t> holding(const Rules& rules, const Subject& subject) {
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (holds(rules[i].when, subject)) out.push_back(static_cast<std::uint32_t>(i));
  }
  return out;
}

}  // namespace

EffectsRef Evaluation::triage() {
  return decide_effects(rules_, holding(rules_.triage, subject_), subject_.labels,
                        subject_.annotations, subject_.source);
}

std::vector<std::uint32_t> Evaluation::criteria() const {
  return holding(rules_.severity.criteria, subject_);
}

std::vector<std::uint32_t> Evaluation::correlation() const {
  return holding(rules_.correlation, subject_);
}

}  // namespace tocsin::rules
