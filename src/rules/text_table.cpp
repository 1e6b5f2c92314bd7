#include "rules/text_table.h"

#include <cstring>
#include <limits>
#include <utility>

#include "tocsin/base/check.h"

namespace tocsin::rules {
namespace {

constexpr std::size_t kSlotsMin = 64;

void append_u32(std::uint32_t value, std::string& out) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

}  // namespace

TextTable::Slot& TextTable::free_slot(std::uint64_t hash) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].number != kNone) at = (at + 1) & mask;
  return slots_[at];
}

void TextTable::grow() {
  std::vector<Slot> before(slots_.empty() ? kSlotsMin : slots_.size() * 2);
  std::swap(before, slots_);
  for (const Slot& slot : before) {
    if (slot.number != kNone) free_slot(slot.hash) = slot;
  }
}

std::uint32_t TextTable::add(std::uint32_t scope, std::string_view text) {
  const std::uint64_t hash = hash_of(scope, text);
  if (const std::uint32_t found = find(scope, hash, text); found != kNone) return found;
  CHECK(texts_.size() + text.size() + 8 <= std::numeric_limits<std::uint32_t>::max());
  if ((size_ + std::size_t{1}) * 2 > slots_.size()) grow();
  free_slot(hash) = {hash, size_, static_cast<std::uint32_t>(texts_.size())};
  append_u32(scope, texts_);
  append_u32(static_cast<std::uint32_t>(text.size()), texts_);
  texts_ += text;
  return size_++;
}

std::vector<std::uint32_t> TextTable::scopes() const {
  std::vector<std::uint32_t> out(size_);
  for (const Slot& slot : slots_) {
    if (slot.number != kNone) out[slot.number] = read_u32(texts_.data() + slot.text);
  }
  return out;
}

void TextTable::renumber(std::span<const std::uint32_t> to) {
  CHECK(to.size() == size_);
  for (Slot& slot : slots_) {
    if (slot.number != kNone) slot.number = to[slot.number];
  }
}

}  // namespace tocsin::rules
