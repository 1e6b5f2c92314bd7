#include "rules/value_memo.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "tocsin/base/text.h"

namespace tocsin::rules {
namespace {

constexpr std::size_t kHead = 3;  // Words before the value: label, size, count.
constexpr std::size_t kSlotsMin = 64;
constexpr std::size_t kBytesPerSlot = 64;  // At most half of them are taken.

std::size_t words_of(std::string_view value) { return (value.size() + 3) / 4; }

std::size_t words_of(std::string_view value, std::span<const std::uint32_t> numbers) {
  return kHead + words_of(value) + numbers.size();
}

std::span<const std::uint32_t> numbers_of(const std::uint32_t* entry) {
  return {entry + kHead + (entry[1] + 3) / 4, entry[2]};
}

std::uint32_t short_hash(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

}  // namespace

ValueMemo::ValueMemo(std::size_t bytes) {
  const std::size_t slots_max = std::bit_floor(bytes / 2 / kBytesPerSlot);
  entries_max_ = slots_max / 2;
  words_max_ = (bytes / 2 - slots_max * sizeof(Slot)) / sizeof(std::uint32_t);
}

const std::uint32_t* ValueMemo::Generation::find(std::uint32_t label, std::uint32_t hash,
                                                 std::string_view value) const {
  const std::size_t probes = std::min(kProbes, slots.size());
  for (std::size_t i = 0; i < probes; ++i) {
    const Slot& slot = slots.data()[(hash + i) & (slots.size() - 1)];
    if (slot.entry == 0) return nullptr;
    if (slot.hash != hash) continue;
    const std::uint32_t* const entry = words.get() + (slot.entry - 1);
    if (entry[0] != label) continue;
    if (same_text({reinterpret_cast<const char*>(entry + kHead), entry[1]}, value)) return entry;
  }
  return nullptr;
}

/// Where all probes are taken, the first one's entry is forgotten.
void ValueMemo::Generation::put(Slot added) {
  const std::size_t mask = slots.size() - 1;
  for (std::size_t i = 0; i < std::min(kProbes, slots.size()); ++i) {
    Slot& slot = slots[(added.hash + i) & mask];
    if (slot.entry != 0) continue;
    slot = added;
    return;
  }
  slots[added.hash & mask] = added;
}

void ValueMemo::Generation::grow() {
  std::vector<Slot> before(std::max(kSlotsMin, slots.size() * 2));
  std::swap(before, slots);
  for (const Slot& slot : before) {
    if (slot.entry != 0) put(slot);
  }
}

void ValueMemo::Generation::clear() {
  std::ranges::fill(slots, Slot{});
  used = 0;
  entries = 0;
}

bool ValueMemo::has_room(std::size_t words) const {
  return young_.entries < entries_max_ && young_.used + words <= words_max_;
}

void ValueMemo::append(std::uint32_t label, std::uint32_t hash, std::string_view value,
                       std::span<const std::uint32_t> numbers) {
  if (!young_.words) young_.words = std::make_unique_for_overwrite<std::uint32_t[]>(words_max_);
  if ((young_.entries + 1) * 2 > young_.slots.size()) young_.grow();
  std::uint32_t* const entry = young_.words.get() + young_.used;
  entry[0] = label;
  entry[1] = static_cast<std::uint32_t>(value.size());
  entry[2] = static_cast<std::uint32_t>(numbers.size());
  std::memcpy(entry + kHead, value.data(), value.size());
  std::ranges::copy(numbers, entry + kHead + words_of(value));
  young_.put({hash, static_cast<std::uint32_t>(young_.used + 1)});
  young_.used += words_of(value, numbers);
  ++young_.entries;
}

std::optional<std::span<const std::uint32_t>> ValueMemo::find(std::uint32_t label,
                                                              std::uint64_t hash,
                                                              std::string_view value) {
  const std::uint32_t* entry = young_.find(label, short_hash(hash), value);
  if (entry) return numbers_of(entry);
  entry = old_.find(label, short_hash(hash), value);
  if (!entry) return std::nullopt;
  const std::span<const std::uint32_t> numbers = numbers_of(entry);
  if (has_room(words_of(value, numbers))) append(label, short_hash(hash), value, numbers);
  return numbers;
}

void ValueMemo::add(std::uint32_t label, std::uint64_t hash, std::string_view value,
                    std::span<const std::uint32_t> numbers) {
  const std::size_t words = words_of(value, numbers);
  if (value.size() > kValueMax || words > words_max_ / 4 || entries_max_ == 0) return;
  if (!has_room(words)) {
    std::swap(young_, old_);
    young_.clear();
  }
  append(label, short_hash(hash), value, numbers);
}

void ValueMemo::clear() {
  young_.clear();
  old_.clear();
}

}  // namespace tocsin::rules
