#include <algorithm>
#include <bit>
#include <limits>
#include <optional>

#include "rules/index.h"
#include "rules/index_tables.h"
#include "rules/number.h"
#include "rules/value_memo.h"
#include "tocsin/base/check.h"

namespace tocsin::rules {
namespace {

/// A stamp that no mark bears: of labels that are absent or have no patterns.
constexpr std::uint64_t kNoStamp = std::numeric_limits<std::uint64_t>::max();

/// Numbers of predicates, added in any order, read in theirs.
class NumberSet {
 public:
  void resize(std::size_t size) {
    words_.assign((size + 63) / 64, 0);
    summary_.assign((words_.size() + 63) / 64, 0);
  }
  void add(std::uint32_t number) {
    words_[number / 64] |= std::uint64_t{1} << (number % 64);
    summary_[number / 4096] |= std::uint64_t{1} << (number / 64 % 64);
  }
  /// Moves them all to `out`.
  void drain(std::vector<std::uint32_t>& out) {
    for (std::size_t i = 0; i < summary_.size(); ++i) {
      for (std::uint64_t left = summary_[i]; left != 0; left &= left - 1) {
        drain_word(i * 64 + static_cast<std::size_t>(std::countr_zero(left)), out);
      }
      summary_[i] = 0;
    }
  }

 private:
  void drain_word(std::size_t at, std::vector<std::uint32_t>& out) {
    for (std::uint64_t left = words_[at]; left != 0; left &= left - 1) {
      out.push_back(static_cast<std::uint32_t>(at * 64) +
                    static_cast<std::uint32_t>(std::countr_zero(left)));
    }
    words_[at] = 0;
  }
  std::vector<std::uint64_t> words_;
  std::vector<std::uint64_t> summary_;
};

/// What is known of a label's value beyond its number.
struct LabelState {
  std::string_view text;
  std::uint64_t hash = 0;
  std::uint32_t first_held = 0;  // Patterns that hold, in Memory::held.
  std::uint32_t held = 0;
  bool touched = false;
  bool patterns_known = false;
  bool number_known = false;
  std::optional<double> number;
};

}  // namespace

struct Memory {
  explicit Memory(std::size_t memo_bytes) : memo(memo_bytes) {}

  void adapt(const IndexTables&);
  void forget_labels();
  void set(Field, Label);
  void number_values();
  void find_patterns(std::uint32_t label);
  void find_patterns();
  void scan(std::span<const Posting>);
  void scan_key(const StageTables&, std::uint32_t key);
  std::uint32_t run(std::uint32_t program);
  bool holds(const Instruction&);
  bool compares(const Instruction&);

  const IndexTables* tables = nullptr;
  std::shared_ptr<const char> identity;
  // By label. The first of `bits` is of no label, for postings without a guard.
  std::vector<SlotBits> bits;
  std::vector<std::uint32_t> values;
  std::vector<std::uint64_t> stamps;  // Of patterns: never given twice, 64 bits do not run out.
  std::vector<LabelState> states;
  std::vector<std::uint32_t> touched;
  std::vector<std::uint32_t> unnumbered;
  // By pattern: the stamp of its label when it held last.
  std::vector<std::uint64_t> marks;
  std::uint64_t last_stamp = 0;
  std::vector<std::uint32_t> held;
  NumberSet found;
  ValueMemo memo;
  PatternIndex::Scratch scratch;
  Matching::Counters counters;
};

void Memory::adapt(const IndexTables& next) {
  tables = &next;
  if (identity == next.identity) return;
  identity = next.identity;
  bits.assign(next.labels + std::size_t{1}, kAbsentBit);
  bits.front() = kAnyBit;
  values.assign(next.labels, kAbsent);
  stamps.assign(next.labels, kNoStamp);
  states.assign(next.labels, {});
  touched.clear();
  marks.assign(next.patterns, 0);
  last_stamp = 0;
  std::uint32_t predicates = 0;
  for (const StageTables& stage : next.stages) predicates = std::max(predicates, stage.predicates);
  found.resize(predicates);
  memo.clear();
}

void Memory::forget_labels() {
  for (const std::uint32_t label : touched) {
    bits[label + std::size_t{1}] = kAbsentBit;
    values[label] = kAbsent;
    stamps[label] = kNoStamp;
    states[label].touched = false;
  }
  touched.clear();
  unnumbered.clear();
  held.clear();
}

/// What it hashes to is fetched while the labels after it are read.
void Memory::set(Field field, Label label) {
  const std::uint32_t number = tables->names.find(static_cast<std::uint32_t>(field), label.name);
  if (number == TextTable::kNone) return;
  LabelState& state = states[number];
  if (!state.touched) touched.push_back(number);
  state.touched = true;
  state.patterns_known = false;
  state.number_known = false;
  state.text = label.value;
  stamps[number] = kNoStamp;
  if (label.value.empty()) {
    bits[number + std::size_t{1}] = kAbsentBit;
    values[number] = kAbsent;
    return;
  }
  state.hash = TextTable::hash_of(number, label.value);
  tables->values.prefetch(state.hash);
  unnumbered.push_back(number);
}

void Memory::number_values() {
  for (const std::uint32_t label : unnumbered) {
    const LabelState& state = states[label];
    const std::uint32_t found_number = tables->values.find(label, state.hash, state.text);
    const bool known = found_number != TextTable::kNone;
    values[label] = known ? found_number + kFirstValue : kUnknownValue;
    bits[label + std::size_t{1}] = slot_bit(values[label]);
  }
  unnumbered.clear();
}

void Memory::find_patterns(std::uint32_t label) {
  LabelState& state = states[label];
  state.patterns_known = true;
  state.first_held = static_cast<std::uint32_t>(held.size());
  const auto known = memo.find(label, state.hash, state.text);
  if (known) {
    held.insert(held.end(), known->begin(), known->end());
  } else {
    ++counters.memo_misses;
    tables->pattern_index.append_matches(label, values[label], state.text, scratch, held);
    memo.add(label, state.hash, state.text, std::span(held).subspan(state.first_held));
  }
  state.held = static_cast<std::uint32_t>(held.size()) - state.first_held;
  stamps[label] = ++last_stamp;
  for (std::size_t i = state.first_held; i < held.size(); ++i) marks[held[i]] = stamps[label];
}

void Memory::find_patterns() {
  for (const std::uint32_t label : touched) {
    if (values[label] == kAbsent || states[label].patterns_known) continue;
    if (tables->pattern_index.has_patterns(label)) find_patterns(label);
  }
}

bool Memory::compares(const Instruction& instruction) {
  LabelState& state = states[instruction.label];
  if (values[instruction.label] == kAbsent) return false;
  if (!state.number_known) {
    state.number = to_number(state.text);
    state.number_known = true;
  }
  if (!state.number) return false;
  const double operand = tables->numbers[instruction.operand];
  switch (static_cast<Test>(instruction.test)) {
    case Test::greater:
      return *state.number > operand;
    case Test::greater_equal:
      return *state.number >= operand;
    case Test::less:
      return *state.number < operand;
    default:
      return *state.number <= operand;
  }
}

bool Memory::holds(const Instruction& instruction) {
  const std::uint32_t value = values[instruction.label];
  switch (static_cast<Test>(instruction.test)) {
    case Test::value:
      return value == instruction.operand;
    case Test::set: {
      const std::uint32_t* const set = tables->sets.data() + instruction.operand;
      return std::binary_search(set + 1, set + 1 + *set, value);
    }
    case Test::pattern:
      return marks[instruction.operand] == stamps[instruction.label];
    case Test::pattern_or_absent:
      return value == kAbsent || marks[instruction.operand] == stamps[instruction.label];
    default:
      return compares(instruction);
  }
}

std::uint32_t Memory::run(std::uint32_t program) {
  while (program < kHolds) {
    const Instruction& instruction = tables->program[program];
    const bool answer = holds(instruction) != (instruction.negated != 0);
    program = answer ? instruction.on_true : instruction.on_false;
  }
  return program;
}

void Memory::scan(std::span<const Posting> postings) {
  counters.candidates += postings.size();
  for (const Posting& posting : postings) {
    const SlotBits first = posting.bits[0] & bits[posting.label[0]];
    const SlotBits second = posting.bits[1] & bits[posting.label[1]];
    if (first == 0 || second == 0) continue;
    ++counters.verified;
    const std::uint32_t end = run(posting.program);
    if (end != kFails) found.add(end - kHolds);
  }
}

void Memory::scan_key(const StageTables& stage, std::uint32_t key) {
  const std::uint32_t from = stage.first[key];
  scan(std::span(stage.postings).subspan(from, stage.first[key + std::size_t{1}] - from));
}

Matching::Matching(std::size_t memo_bytes) : memory_(std::make_unique<Memory>(memo_bytes)) {}
Matching::~Matching() = default;
Matching::Matching(Matching&&) noexcept = default;
Matching& Matching::operator=(Matching&&) noexcept = default;

const Matching::Counters& Matching::counters() const {
  memory_->counters.out_of_memory = memory_->scratch.out_of_memory;
  return memory_->counters;
}

void Matching::begin(const Index& index, LabelsView labels, LabelsView annotations,
                     std::string_view source) {
  Memory& memory = *memory_;
  memory.forget_labels();
  memory.adapt(index.tables());
  for (const Label label : labels) memory.set(Field::label, label);
  if (index.tables().asks_annotations) {
    for (const Label annotation : annotations) memory.set(Field::annotation, annotation);
  }
  memory.set(Field::source, {"source", source});
  memory.number_values();
}

void Matching::set_label(std::string_view name, std::string_view value) {
  CHECK(memory_->tables != nullptr);
  memory_->set(Field::label, {name, value});
  memory_->number_values();
}

void Matching::match(Stage which, std::vector<std::uint32_t>& out) {
  Memory& memory = *memory_;
  CHECK(memory.tables != nullptr);
  const StageTables& stage = memory.tables->stages[static_cast<std::size_t>(which)];
  out.clear();
  for (const std::uint32_t number : stage.always) memory.found.add(number);
  memory.find_patterns();
  memory.scan(stage.everywhere);
  if (!stage.first.empty()) {
    for (const std::uint32_t label : memory.touched) {
      const std::uint32_t value = memory.values[label];
      if (value == kAbsent) continue;
      memory.scan_key(stage, memory.tables->key_of_label(label));
      if (value != kUnknownValue) memory.scan_key(stage, memory.tables->key_of_value(value));
      if (memory.stamps[label] == kNoStamp) continue;
      const LabelState& state = memory.states[label];
      for (std::uint32_t i = 0; i < state.held; ++i) {
        memory.scan_key(stage, memory.tables->key_of_pattern(memory.held[state.first_held + i]));
      }
    }
  }
  memory.found.drain(out);
}

}  // namespace tocsin::rules
