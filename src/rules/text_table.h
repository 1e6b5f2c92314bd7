#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/alert/identity.h"
#include "tocsin/base/text.h"

namespace tocsin::rules {

/// Texts, each in a scope (a label's values, the names of a field), numbered from 0 in the order
/// they were added. One flat table with linear probing, at most half full: a look-up touches one
/// slot and one text.
class TextTable {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  static std::uint64_t hash_of(std::uint32_t scope, std::string_view text) {
    return content_hash(text, scope + 1);
  }
  /// The number of `text`, new or not.
  std::uint32_t add(std::uint32_t scope, std::string_view text);
  /// kNone if it was never added. REQUIRES: `hash` is hash_of(scope, text).
  std::uint32_t find(std::uint32_t scope, std::uint64_t hash, std::string_view text) const {
    if (slots_.empty()) return kNone;
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
      const Slot& slot = slots_.data()[at];
      if (slot.number == kNone) return kNone;
      if (slot.hash == hash && is(slot, scope, text)) return slot.number;
    }
  }
  std::uint32_t find(std::uint32_t scope, std::string_view text) const {
    return find(scope, hash_of(scope, text), text);
  }
  /// Starts to fetch what `find` will read first.
  void prefetch(std::uint64_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[hash & (slots_.size() - 1)]);
  }
  std::uint32_t size() const { return size_; }
  /// The scope of each number.
  std::vector<std::uint32_t> scopes() const;
  /// Gives number n the number to[n]. REQUIRES: `to` is a permutation of the numbers.
  void renumber(std::span<const std::uint32_t> to);
  std::size_t bytes() const { return slots_.capacity() * sizeof(Slot) + texts_.capacity(); }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t number = kNone;  // kNone: free.
    std::uint32_t text = 0;        // Where its record begins: scope, size, bytes.
  };
  static std::uint32_t read_u32(const char* at) {
    std::uint32_t value = 0;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  bool is(const Slot& slot, std::uint32_t scope, std::string_view text) const {
    const char* const record = texts_.data() + slot.text;
    return read_u32(record) == scope && same_text({record + 8, read_u32(record + 4)}, text);
  }
  void grow();
  Slot& free_slot(std::uint64_t hash);

  std::vector<Slot> slots_;  // A power of two, or none.
  std::string texts_;
  std::uint32_t size_ = 0;
};

}  // namespace tocsin::rules
