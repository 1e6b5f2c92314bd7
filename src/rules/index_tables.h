#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "rules/condition.h"
#include "rules/index.h"
#include "rules/pattern_index.h"
#include "rules/text_table.h"

namespace tocsin::rules {

/// The value of a label as one of 32 bits: absent, unknown, and thirty that known values share. The
/// values of a label are numbered in a row, so up to thirty have a bit each.
using SlotBits = std::uint32_t;
constexpr std::uint32_t kSlots = 30;
constexpr SlotBits kAbsentBit = 1;
constexpr SlotBits kAnyBit = 0xffffffff;
constexpr SlotBits kPresentBits = kAnyBit & ~kAbsentBit;
inline SlotBits slot_bit(std::uint32_t value) {
  return value < kFirstValue ? SlotBits{1} << value : SlotBits{4} << (value % kSlots);
}

/// Labels that a guard can name by their number plus one; 0 is none and has every bit.
constexpr std::uint32_t kGuardLabelsMax = 0xffff;

/// Where a program ends. Anything below is the index of an instruction.
constexpr std::uint32_t kHolds = 0x80000000;  ///< Plus the number of the predicate.
constexpr std::uint32_t kFails = 0xffffffff;

/// A predicate at one of its witnesses, with two guards: what kills most candidates while postings
/// are read in order.
struct Posting {
  std::uint32_t program = kFails;        ///< An instruction, or kHolds: the guards say everything.
  std::array<std::uint16_t, 2> label{};  ///< Label number plus one, 0: no guard.
  std::array<SlotBits, 2> bits{kAnyBit, kAnyBit};
};
static_assert(sizeof(Posting) == 16);

struct Instruction {
  std::uint32_t operand;
  std::uint32_t label : 24;
  std::uint32_t negated : 1;
  std::uint32_t test : 7;  ///< A Test.
  std::uint32_t on_true;
  std::uint32_t on_false;
};
static_assert(sizeof(Instruction) == 16);

struct StageTables {
  std::uint32_t predicates = 0;
  std::vector<std::uint32_t> first;  ///< By key: where its postings begin; one more at the end.
  std::vector<Posting> postings;
  std::vector<Posting> everywhere;    ///< Of predicates without witness.
  std::vector<std::uint32_t> always;  ///< Predicates that hold for everything.
  std::vector<std::uint32_t> without_witness;
};

/// The thresholds of one label, sorted: what is at most, then what is at least. Those that hold for
/// a number are some at the end of the former and some at the beginning of the latter: a row.
struct ThresholdsOfLabel {
  std::uint32_t first = 0;
  std::uint32_t at_least = 0;  ///< Where these begin.
  std::uint32_t end = 0;
};

/// What an Index is. Witness keys: first the labels (present), then the values, the patterns and
/// the thresholds.
struct IndexTables {
  std::shared_ptr<const char>
      identity;     ///< Tells indexes apart, even if one takes the other's place.
  TextTable names;  ///< Of labels, scoped by field.
  TextTable values;
  std::uint32_t labels = 0;
  std::uint32_t known_values = 0;
  std::uint32_t patterns = 0;
  std::uint32_t source_label = TextTable::kNone;
  bool asks_annotations = false;
  PatternIndex pattern_index;
  std::vector<std::uint32_t> sets;  ///< Size, then value numbers ascending; one after the other.
  std::vector<double> thresholds;
  std::vector<ThresholdsOfLabel> thresholds_of_label;  ///< Empty if there are none at all.
  std::vector<Instruction> program;
  std::array<StageTables, kStages> stages;

  std::uint32_t key_of_label(std::uint32_t label) const { return label; }
  std::uint32_t key_of_value(std::uint32_t value) const { return labels + value - kFirstValue; }
  std::uint32_t key_of_pattern(std::uint32_t pattern) const {
    return labels + known_values + pattern;
  }
  std::uint32_t key_of_threshold(std::uint32_t threshold) const {
    return labels + known_values + patterns + threshold;
  }
  std::uint32_t keys() const {
    return key_of_threshold(static_cast<std::uint32_t>(thresholds.size()));
  }
};

IndexTables compile_index(const Index::Predicates&, const Index::Limits&);

}  // namespace tocsin::rules
