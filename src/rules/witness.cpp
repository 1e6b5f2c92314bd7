#include "rules/witness.h"

#include <algorithm>
#include <utility>

#include "tocsin/base/check.h"

namespace tocsin::rules {
namespace {

/// Guesses for what the rules do not tell.
constexpr double kPresent = 0.7;
constexpr double kThreshold = 0.5;      // Less than presence, mostly more than a single value.
constexpr double kPatternPerValue = 3;  // A pattern is asked for several values at once.

}  // namespace

double Expectation::of_value(std::uint32_t label, std::uint32_t value) const {
  if (value == kAbsent) return 1 - kPresent;
  const Vocabulary::LabelUse& use = vocabulary_.labels[label];
  const double uses = vocabulary_.value_uses[value - kFirstValue];
  return kPresent * (uses + 1) / (use.uses + use.values + 1);
}

double Expectation::of_pattern(const Pattern& pattern) const {
  const Vocabulary::LabelUse& use = vocabulary_.labels[pattern.label];
  const double share = (pattern.uses + 1.0) / (use.uses + use.values + use.patterns + 1);
  const double members = 1 + static_cast<double>(pattern.values.size()) / kPatternPerValue;
  return kPresent * std::min(0.9, kPatternPerValue * share * members);
}

double Expectation::holds(const Leaf& leaf) const {
  switch (leaf.test) {
    case Test::value:
      return of_value(leaf.label, leaf.operand);
    case Test::set: {
      double sum = 0;
      for (const std::uint32_t value : vocabulary_.sets[leaf.operand]) {
        sum += of_value(leaf.label, value);
      }
      return std::min(sum, 1.0);
    }
    case Test::pattern:
      return of_pattern(vocabulary_.patterns[leaf.operand]);
    case Test::pattern_or_absent:
      return 1 - kPresent + of_pattern(vocabulary_.patterns[leaf.operand]);
    case Test::threshold:
      return kThreshold;
  }
  CHECK(!"a test outside its enumeration");
}

double Expectation::of(const Leaf& leaf) const {
  return leaf.negated ? 1 - holds(leaf) : holds(leaf);
}

bool Expectation::implies_present(const Leaf& leaf) const {
  switch (leaf.test) {
    case Test::value:
      return (leaf.operand == kAbsent) == leaf.negated;
    case Test::set:
      return (vocabulary_.sets[leaf.operand].front() == kAbsent) == leaf.negated;
    case Test::pattern_or_absent:
      return leaf.negated;
    default:
      return !leaf.negated;
  }
}

std::optional<Witness> Expectation::witness_of(const Leaf& leaf) const {
  if (!implies_present(leaf)) return std::nullopt;
  Witness out{.cost = of(leaf), .exact = true};
  if (leaf.negated) {
    const bool is_presence = leaf.test == Test::value;
    return Witness{{tables_.key_of_label(leaf.label)}, kPresent, is_presence};
  }
  switch (leaf.test) {
    case Test::value:
      out.keys = {tables_.key_of_value(leaf.operand)};
      break;
    case Test::set:
      for (const std::uint32_t value : vocabulary_.sets[leaf.operand]) {
        out.keys.push_back(tables_.key_of_value(value));
      }
      break;
    case Test::threshold:
      out.keys = {tables_.key_of_threshold(leaf.operand)};
      break;
    case Test::pattern:
    case Test::pattern_or_absent:
      out.keys = {tables_.key_of_pattern(leaf.operand)};
  }
  return out;
}

std::optional<Witness> Expectation::witness_of(const Condition& condition) const {
  if (condition.kind == Condition::Kind::leaf) return witness_of(condition.leaf);
  std::optional<Witness> out;
  if (condition.kind == Condition::Kind::all) {
    for (const Condition& term : condition.terms) {
      std::optional<Witness> witness = witness_of(term);
      if (witness && (!out || witness->cost < out->cost)) out = std::move(witness);
    }
    if (out) out->exact = false;
    return out;
  }
  out = Witness{.exact = true};
  for (const Condition& term : condition.terms) {
    const std::optional<Witness> witness = witness_of(term);
    if (!witness || out->keys.size() + witness->keys.size() > kKeysMax) return std::nullopt;
    out->keys.insert(out->keys.end(), witness->keys.begin(), witness->keys.end());
    out->cost += witness->cost;
    out->exact = out->exact && witness->exact;
  }
  std::ranges::sort(out->keys);
  const auto repeats = std::ranges::unique(out->keys);
  out->keys.erase(repeats.begin(), repeats.end());
  return out;
}

SlotBits Expectation::bits_of(const Leaf& leaf) const {
  if (leaf.test == Test::value) return slot_bit(leaf.operand);
  SlotBits bits = 0;
  for (const std::uint32_t value : vocabulary_.sets[leaf.operand]) bits |= slot_bit(value);
  return bits;
}

std::optional<Guard> Expectation::guard_of(const Leaf& leaf) const {
  if (leaf.label >= guard_labels_) return std::nullopt;
  Guard guard{.label = leaf.label};
  const bool of_values = leaf.test == Test::value || leaf.test == Test::set;
  if (of_values) {
    const bool of_nothing = leaf.test == Test::value && leaf.operand == kAbsent;
    guard.exact = of_nothing || has_own_slots(leaf.label);
    if (!leaf.negated || guard.exact) {
      const SlotBits bits = bits_of(leaf);
      guard.bits = leaf.negated ? ~bits : bits;
      return guard;
    }
  }
  if (!implies_present(leaf)) return std::nullopt;
  guard.bits = kPresentBits;
  return guard;
}

double Expectation::of_guard(const Leaf& leaf) const {
  if (leaf.test != Test::value && leaf.test != Test::set) return kPresent;
  const double shared = has_own_slots(leaf.label) ? 0 : 1.0 / kSlots;
  return leaf.negated && shared > 0 ? kPresent : std::min(1.0, of(leaf) + shared);
}

bool has_witness(const Vocabulary& vocabulary, const Condition& condition) {
  if (condition.kind == Condition::Kind::never || condition.kind == Condition::Kind::always) {
    return true;
  }
  const IndexTables keys;  // Whatever their numbers, it is their existence that counts.
  const Expectation expectation(vocabulary, keys);
  if (condition.kind != Condition::Kind::any) return expectation.witness_of(condition).has_value();
  return std::ranges::all_of(condition.terms, [&](const Condition& branch) {
    return expectation.witness_of(branch).has_value();
  });
}

}  // namespace tocsin::rules
