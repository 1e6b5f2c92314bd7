#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tocsin {

/// Remembers hashes for a while, so that a memo need not keep what comes once and, as in a storm,
/// never again. Four to each place: with one, two that take turns there would push one another out
/// for ever. Forgets the oldest of a place; may say of a hash in 2^30 that it was seen although it
/// was not. Not thread-safe.
class SeenOnce {
 public:
  /// `places` is a power of two; each takes 16 bytes.
  explicit SeenOnce(std::size_t places) : places_(places) {}

  /// True if the hash was given before, not long ago; else it is now.
  bool seen(std::uint64_t hash) {
    const auto tag = static_cast<std::uint32_t>(hash >> 32U) | 1U;
    Place& place = places_[hash & (places_.size() - 1)];
    if (std::ranges::find(place, tag) != place.end()) return true;
    std::ranges::copy_backward(place.begin(), place.end() - 1, place.end());
    place.front() = tag;
    return false;
  }
  /// Starts to fetch what seen() will read.
  void prefetch(std::uint64_t hash) const {
    __builtin_prefetch(&places_[hash & (places_.size() - 1)]);
  }

 private:
  using Place = std::array<std::uint32_t, 4>;
  std::vector<Place> places_;
};

}  // namespace tocsin
