#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>

#include "rules/index.h"
#include "rules/index_tables.h"
#include "rules/known_values.h"
#include "rules/number.h"
#include "rules/number_set.h"
#include "rules/value_memo.h"
#include "tocsin/base/check.h"
#include "tocsin/base/seen_once.h"

namespace tocsin::rules {
namespace {

/// A stamp that no mark bears: of labels that are absent or have no patterns.
constexpr std::uint64_t kNoStamp = std::numeric_limits<std::uint64_t>::max();

/// Of values that were asked for once: 256 KiB.
constexpr std::size_t kOncePlaces = 1U << 14;

/// What is known of a label's value.
struct LabelState {
  std::string_view text;
  std::uint64_t hash = 0;
  std::uint64_t stamp = kNoStamp;  // Of its patterns: never given twice, 64 bits do not run out.
  std::uint32_t value = kAbsent;
  std::uint32_t first_held = 0;  // Patterns that hold, in Memory::held.
  std::uint32_t held = 0;
  std::uint32_t threshold = 0;   // The first one that holds,
  std::uint32_t thresholds = 0;  // and how many do.
  bool touched = false;
  bool asked = false;  // Patterns and thresholds.
  void forget_answers() {
    stamp = kNoStamp;
    thresholds = 0;
    asked = false;
  }
};

}  // namespace

struct Memory {
  explicit Memory(std::size_t memo_bytes)
      : known(memo_bytes / 4), memo(memo_bytes - memo_bytes / 4) {}

  void adapt(const IndexTables&);
  void forget_labels();
  std::uint32_t find_label(Field field, std::string_view name) const {
    return tables->names.find(static_cast<std::uint32_t>(field), name);
  }
  /// The same for a name that is the `position`th of its field: senders name labels in the same
  /// order, alert by alert, so that what stood there before is looked at first.
  std::uint32_t find_label(Field field, std::string_view name, std::size_t position);
  void set(std::uint32_t label, std::string_view value);
  void number_values();
  bool recall(const LabelState&, std::uint32_t label);
  void learn(const LabelState&, std::uint32_t label);
  void find_patterns(LabelState&, std::uint32_t label);
  void find_thresholds(LabelState&, std::uint32_t label);
  void find_answers();
  void match(const StageTables&, const LabelState&, std::uint32_t label);
  void scan(std::span<const Posting>);
  void scan_keys(const StageTables&, std::uint32_t key, std::uint32_t count = 1);
  std::uint32_t run(std::uint32_t program);
  bool holds(const Instruction&);

  struct NameSeen {
    std::string name;
    std::uint32_t label = TextTable::kNone;
  };
  static constexpr std::size_t kNamesSeen = 32;
  /// Longer ones are not kept: with this, 8 KiB for all.
  static constexpr std::size_t kNameSeenMax = 128;

  const IndexTables* tables = nullptr;
  std::shared_ptr<const char> identity;
  // By label. The first of `bits` is of no label, for postings without a guard.
  std::vector<SlotBits> bits;
  std::vector<LabelState> states;
  std::array<std::array<NameSeen, kNamesSeen>, 2> names;  // By field and position.
  std::vector<std::uint32_t> touched;
  std::vector<std::uint32_t> unnumbered;
  // By pattern: the stamp of its label when it held last.
  std::vector<std::uint64_t> marks;
  std::uint64_t last_stamp = 0;
  std::vector<std::uint32_t> held;
  NumberSet found;
  KnownValues known;
  ValueMemo memo;
  SeenOnce once{kOncePlaces};
  PatternIndex::Scratch scratch;
  Matching::Counters counters;
};

void Memory::adapt(const IndexTables& next) {
  tables = &next;
  if (identity == next.identity) return;
  identity = next.identity;
  names = {};
  bits.assign(next.labels + std::size_t{1}, kAbsentBit);
  bits.front() = kAnyBit;
  states.assign(next.labels, {});
  touched.clear();
  marks.assign(next.patterns, 0);
  last_stamp = 0;
  std::uint32_t predicates = 0;
  for (const StageTables& stage : next.stages) predicates = std::max(predicates, stage.predicates);
  found.resize(predicates);
  known.resize(next.known_values + kFirstValue);
  memo.clear();
}

std::uint32_t Memory::find_label(Field field, std::string_view name, std::size_t position) {
  if (position >= kNamesSeen || name.size() > kNameSeenMax) return find_label(field, name);
  NameSeen& seen = names[static_cast<std::size_t>(field)][position];
  if (!same_text(seen.name, name)) {
    seen.name = name;
    seen.label = find_label(field, name);
  }
  return seen.label;
}

void Memory::forget_labels() {
  for (const std::uint32_t label : touched) {
    bits.data()[label + 1] = kAbsentBit;
    LabelState& state = states.data()[label];
    state.value = kAbsent;
    state.touched = false;
    state.forget_answers();
  }
  touched.clear();
  unnumbered.clear();
  held.clear();
}

/// The slot of a value is fetched while the labels after it are read.
void Memory::set(std::uint32_t label, std::string_view value) {
  if (label == TextTable::kNone) return;
  LabelState& state = states.data()[label];
  if (!state.touched) touched.push_back(label);
  state.touched = true;
  state.text = value;
  state.forget_answers();
  if (value.empty()) {
    bits.data()[label + 1] = kAbsentBit;
    state.value = kAbsent;
    return;
  }
  state.hash = TextTable::hash_of(label, value);
  tables->values.prefetch(state.hash);
  unnumbered.push_back(label);
}

void Memory::number_values() {
  for (const std::uint32_t label : unnumbered) {
    LabelState& state = states.data()[label];
    const std::uint32_t number = tables->values.find(label, state.hash, state.text);
    state.value = number == TextTable::kNone ? kUnknownValue : number + kFirstValue;
    if (number == TextTable::kNone) {
      memo.prefetch(state.hash);
      once.prefetch(state.hash);
    }
    bits.data()[label + 1] = slot_bit(state.value);
  }
  unnumbered.clear();
}

bool Memory::recall(const LabelState& state, std::uint32_t label) {
  if (state.value != kUnknownValue) return known.append(state.value, held);
  const auto numbers = memo.find(label, state.hash, state.text);
  if (numbers) held.insert(held.end(), numbers->begin(), numbers->end());
  return numbers.has_value();
}

void Memory::learn(const LabelState& state, std::uint32_t label) {
  ++counters.memo_misses;
  tables->pattern_index.append_matches(label, state.value, state.text, scratch, held);
  const auto numbers = std::span(held).subspan(state.first_held);
  if (state.value != kUnknownValue) {
    known.add(state.value, numbers);
  } else {
    if (once.seen(state.hash)) memo.add(label, state.hash, state.text, numbers);
  }
}

void Memory::find_patterns(LabelState& state, std::uint32_t label) {
  if (!tables->pattern_index.has_patterns(label)) return;
  state.first_held = static_cast<std::uint32_t>(held.size());
  if (!recall(state, label)) learn(state, label);
  state.held = static_cast<std::uint32_t>(held.size()) - state.first_held;
  state.stamp = ++last_stamp;
  for (const std::uint32_t pattern : std::span(held).subspan(state.first_held)) {
    marks.data()[pattern] = state.stamp;
  }
}

void Memory::find_thresholds(LabelState& state, std::uint32_t label) {
  const ThresholdsOfLabel& of_label = tables->thresholds_of_label.data()[label];
  if (of_label.end == 0) return;
  const std::optional<double> number = to_number(state.text);
  if (!number) return;
  const double* const thresholds = tables->thresholds.data();
  const double* const split = thresholds + of_label.at_least;
  const double* const from = std::lower_bound(thresholds + of_label.first, split, *number);
  const double* const to = std::upper_bound(split, thresholds + of_label.end, *number);
  state.threshold = static_cast<std::uint32_t>(from - thresholds);
  state.thresholds = static_cast<std::uint32_t>(to - from);
}

void Memory::find_answers() {
  const bool has_thresholds = !tables->thresholds.empty();
  for (const std::uint32_t label : touched) {
    LabelState& state = states.data()[label];
    if (state.value == kAbsent || state.asked) continue;
    state.asked = true;
    find_patterns(state, label);
    if (has_thresholds) find_thresholds(state, label);
  }
}

bool Memory::holds(const Instruction& instruction) {
  const LabelState& state = states.data()[instruction.label];
  switch (static_cast<Test>(instruction.test)) {
    case Test::value:
      return state.value == instruction.operand;
    case Test::set: {
      const std::uint32_t* const set = tables->sets.data() + instruction.operand;
      return std::binary_search(set + 1, set + 1 + *set, state.value);
    }
    case Test::pattern:
      return marks.data()[instruction.operand] == state.stamp;
    case Test::pattern_or_absent:
      return state.value == kAbsent || marks.data()[instruction.operand] == state.stamp;
    case Test::threshold:
      return instruction.operand - state.threshold < state.thresholds;  // Wraps below the first.
  }
  CHECK(!"a test outside its enumeration");
}

std::uint32_t Memory::run(std::uint32_t program) {
  while (program < kHolds) {
    const Instruction& instruction = tables->program.data()[program];
    const bool answer = holds(instruction) != (instruction.negated != 0);
    program = answer ? instruction.on_true : instruction.on_false;
  }
  return program;
}

void Memory::scan(std::span<const Posting> postings) {
  counters.candidates += postings.size();
  const SlotBits* const now = bits.data();
  for (const Posting& posting : postings) {
    const SlotBits first = posting.bits[0] & now[posting.label[0]];
    const SlotBits second = posting.bits[1] & now[posting.label[1]];
    if (first == 0 || second == 0) continue;
    ++counters.verified;
    const std::uint32_t end = run(posting.program);
    if (end != kFails) found.add(end - kHolds);
  }
}

/// Keys in a row have their postings in a row.
inline void Memory::scan_keys(const StageTables& stage, std::uint32_t key, std::uint32_t count) {
  const std::uint32_t* const first = stage.first.data() + key;
  const std::uint32_t from = first[0];
  const std::uint32_t to = first[count];
  if (from != to) scan({stage.postings.data() + from, stage.postings.data() + to});
}

Matching::Matching(std::size_t memo_bytes) : memory_(std::make_unique<Memory>(memo_bytes)) {}
Matching::~Matching() = default;
Matching::Matching(Matching&&) noexcept = default;
Matching& Matching::operator=(Matching&&) noexcept = default;

const Matching::Counters& Matching::counters() const {
  memory_->counters.out_of_memory = memory_->scratch.out_of_memory;
  return memory_->counters;
}

void Memory::match(const StageTables& stage, const LabelState& state, std::uint32_t label) {
  scan_keys(stage, tables->key_of_label(label));
  if (state.value != kUnknownValue) scan_keys(stage, tables->key_of_value(state.value));
  if (state.thresholds > 0) {
    scan_keys(stage, tables->key_of_threshold(state.threshold), state.thresholds);
  }
  if (state.stamp == kNoStamp) return;
  for (std::uint32_t i = 0; i < state.held; ++i) {
    scan_keys(stage, tables->key_of_pattern(held.data()[state.first_held + i]));
  }
}

void Matching::begin(const Index& index, LabelsView labels, LabelsView annotations,
                     std::string_view source) {
  Memory& memory = *memory_;
  memory.forget_labels();
  memory.adapt(index.tables());
  std::size_t position = 0;
  for (const Label label : labels) {
    memory.set(memory.find_label(Field::label, label.name, position++), label.value);
  }
  if (index.tables().asks_annotations) {
    position = 0;
    for (const Label annotation : annotations) {
      memory.set(memory.find_label(Field::annotation, annotation.name, position++),
                 annotation.value);
    }
  }
  memory.set(index.tables().source_label, source);
  memory.number_values();
}

void Matching::set_label(std::string_view name, std::string_view value) {
  CHECK(memory_->tables != nullptr);
  memory_->set(memory_->find_label(Field::label, name), value);
  memory_->number_values();
}

void Matching::match(Stage which, std::vector<std::uint32_t>& out) {
  Memory& memory = *memory_;
  CHECK(memory.tables != nullptr);
  const StageTables& stage = memory.tables->stages[static_cast<std::size_t>(which)];
  out.clear();
  if (stage.predicates == 0) return;
  for (const std::uint32_t number : stage.always) memory.found.add(number);
  memory.find_answers();  // All of them, before a program asks for one.
  memory.scan(stage.everywhere);
  if (!stage.first.empty()) {
    for (const std::uint32_t label : memory.touched) {
      const LabelState& state = memory.states.data()[label];
      if (state.value != kAbsent) memory.match(stage, state, label);
    }
  }
  memory.found.drain(out);
}

}  // namespace tocsin::rules
