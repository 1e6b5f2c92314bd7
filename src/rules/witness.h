#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "rules/condition.h"
#include "rules/index_tables.h"

namespace tocsin::rules {

/// Where a predicate waits: if it holds, at least one of the keys is there.
struct Witness {
  std::vector<std::uint32_t> keys;
  double cost = 0;     ///< How many of a hundred alerts or so bring one of them, in hundredths.
  bool exact = false;  ///< A key is there only if the condition holds.
};

/// A quick look at one label that is true whenever the leaf is.
struct Guard {
  std::uint32_t label = 0;
  SlotBits bits = kAnyBit;
  bool exact = false;  ///< And false whenever the leaf is.
};

/// How often things are to be expected in alerts, judged by how often rules ask for them: nothing
/// else is known when rules are compiled.
class Expectation {
 public:
  /// Beyond this many keys a predicate counts as having no witness.
  static constexpr std::size_t kKeysMax = 64;

  Expectation(const Vocabulary& vocabulary, const IndexTables& tables,
              std::uint32_t guard_labels = kGuardLabelsMax)
      : vocabulary_(vocabulary),
        tables_(tables),
        guard_labels_(std::min(guard_labels, kGuardLabelsMax)) {}

  /// How likely the leaf is to hold.
  double of(const Leaf&) const;
  /// REQUIRES: no constant.
  std::optional<Witness> witness_of(const Condition&) const;
  std::optional<Guard> guard_of(const Leaf&) const;
  /// How likely the leaf's guard is to say yes.
  double of_guard(const Leaf&) const;

 private:
  double of_value(std::uint32_t label, std::uint32_t value) const;
  double of_pattern(const Pattern&) const;
  double holds(const Leaf&) const;
  std::optional<Witness> witness_of(const Leaf&) const;
  bool has_own_slots(std::uint32_t label) const {
    return vocabulary_.labels[label].values <= kSlots;
  }
  SlotBits bits_of(const Leaf&) const;
  bool implies_present(const Leaf&) const;

  const Vocabulary& vocabulary_;
  const IndexTables& tables_;
  std::uint32_t guard_labels_;
};

/// False if every alert must be tested against it, or against a branch of it. Constants need no
/// test.
bool has_witness(const Vocabulary&, const Condition&);

}  // namespace tocsin::rules
