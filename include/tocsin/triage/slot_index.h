#pragma once

#include <cstdint>
#include <vector>

namespace tocsin::triage {

/// An open-addressing table from hashes to slot numbers: 8 bytes a place, at most three quarters
/// full. It stores no keys, only the low half of their hashes, so that a slot is looked at by
/// `is(slot)` only if it is nearly certain to be the one. Never iterated: its order decides
/// nothing.
class SlotIndex {
 public:
  static constexpr std::uint32_t kEmpty = 0xFFFFFFFFU;

  template <class Is>
  std::uint32_t find(std::uint64_t hash, Is is) const {
    if (places_.empty()) return kEmpty;
    for (std::size_t at = hash & mask();; at = (at + 1) & mask()) {
      const Place& place = places_[at];
      if (place.slot == kEmpty) return kEmpty;
      if (place.hash == static_cast<std::uint32_t>(hash) && is(place.slot)) return place.slot;
    }
  }

  void prefetch(std::uint64_t hash) const {
    if (!places_.empty()) __builtin_prefetch(&places_[hash & mask()]);
  }

  /// Makes room for `count` slots in all.
  void reserve(std::size_t count) {
    while (count * 4 > places_.size() * 3) grow();
  }

  /// REQUIRES: the slot's key is not in the table.
  void insert(std::uint64_t hash, std::uint32_t slot) {
    if ((count_ + 1) * 4 > places_.size() * 3) grow();
    put({slot, static_cast<std::uint32_t>(hash)});
    ++count_;
  }

  /// REQUIRES: `slot` is in the table under `hash`. Later entries of the run move up.
  void erase(std::uint64_t hash, std::uint32_t slot) {
    std::size_t hole = hash & mask();
    while (places_[hole].slot != slot) hole = (hole + 1) & mask();
    for (std::size_t at = (hole + 1) & mask(); places_[at].slot != kEmpty; at = (at + 1) & mask()) {
      const std::size_t home = places_[at].hash & mask();
      const bool stays = hole <= at ? (hole < home && home <= at) : (hole < home || home <= at);
      if (stays) continue;
      places_[hole] = places_[at];
      hole = at;
    }
    places_[hole] = Place{};
    --count_;
  }

 private:
  struct Place {
    std::uint32_t slot = kEmpty;
    std::uint32_t hash = 0;
  };
  std::size_t mask() const { return places_.size() - 1; }
  void put(const Place& place) {
    std::size_t at = place.hash & mask();
    while (places_[at].slot != kEmpty) at = (at + 1) & mask();
    places_[at] = place;
  }
  void grow() {
    std::vector<Place> before(places_.empty() ? 16 : places_.size() * 2);
    before.swap(places_);
    for (const Place& place : before) {
      if (place.slot != kEmpty) put(place);
    }
  }

  std::vector<Place> places_;
  std::size_t count_ = 0;
};

}  // namespace tocsin::triage
