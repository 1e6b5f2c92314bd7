#include "rules/text_table.h"

#include <cstring>
#include <limits>
#include <utility>

#include "tocsin/base/check.h"

namespace tocsin::rules {
namespace {

constexpr std::size_t kSlotsMin = 64;

std::uint32_t read_u32(const char* at) {
  std::uint32_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

void append_u32(std::uint32_t value, std::string& out) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

}  // namespace

bool TextTable::is(const Slot& slot, std::uint32_t scope, std::string_view text) const {
  const char* const record = texts_.data() + slot.text;
  return read_u32(record) == scope && read_u32(record + 4) == text.size() &&
         std::memcmp(record + 8, text.data(), text.size()) == 0;
}

std::uint32_t TextTable::find(std::uint32_t scope, std::uint64_t hash,
                              std::string_view text) const {
  if (slots_.empty()) return kNone;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.number == kNone) return kNone;
    if (slot.hash == hash && is(slot, scope, text)) return slot.number;
  }
}

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
