#pragma once

#include <cstdint>
#include <vector>

namespace tocsin::triage {

/// An open-addressing table from hashes to slot numbers: 4 bytes a place, at most three quarters
/// full. It stores no keys: `is(slot)` compares, `hash_of(slot)` gives a stored slot's hash again.
/// Never iterated, so its order decides nothing.
class SlotIndex {
 public:
  static constexpr std::uint32_t kEmpty = 0xFFFFFFFFU;

  template <class Is>
  std::uint32_t find(std::uint64_t hash, Is is) const {
    if (places_.empty()) return kEmpty;
    for (std::size_t at = hash & mask();; at = (at + 1) & mask()) {
      const std::uint32_t slot = places_[at];
      if (slot == kEmpty || is(slot)) return slot;
    }
  }

  /// REQUIRES: the slot's key is not in the table.
  template <class HashOf>
  void insert(std::uint64_t hash, std::uint32_t slot, HashOf hash_of) {
    if ((count_ + 1) * 4 > places_.size() * 3) grow(hash_of);
    place(hash, slot);
    ++count_;
  }

  /// REQUIRES: `slot` is in the table under `hash`. Later entries of the run move up.
  template <class HashOf>
  void erase(std::uint64_t hash, std::uint32_t slot, HashOf hash_of) {
    std::size_t hole = hash & mask();
    while (places_[hole] != slot) hole = (hole + 1) & mask();
    for (std::size_t at = (hole + 1) & mask(); places_[at] != kEmpty; at = (at + 1) & mask()) {
      const std::size_t home = hash_of(places_[at]) & mask();
      const bool stays = hole <= at ? (hole < home && home <= at) : (hole < home || home <= at);
      if (stays) continue;
      places_[hole] = places_[at];
      hole = at;
    }
    places_[hole] = kEmpty;
    --count_;
  }

 private:
  std::size_t mask() const { return places_.size() - 1; }
  void place(std::uint64_t hash, std::uint32_t slot) {
    std::size_t at = hash & mask();
    while (places_[at] != kEmpty) at = (at + 1) & mask();
    places_[at] = slot;
  }
  template <class HashOf>
  void grow(HashOf hash_of) {
    std::vector<std::uint32_t> before(places_.empty() ? 16 : places_.size() * 2, kEmpty);
    before.swap(places_);
    for (const std::uint32_t slot : before) {
      if (slot != kEmpty) place(hash_of(slot), slot);
    }
  }

  std::vector<std::uint32_t> places_;
  std::size_t count_ = 0;
};

}  // namespace tocsin::triage
