#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace tocsin::simulation {

/// SplitMix64 (Steele, Lea, Flood 2014): every draw is a function of the seed alone, on every
/// machine and standard library, which std's distributions do not promise.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
    return mixed ^ (mixed >> 31);
  }
  /// In [0, bound). REQUIRES: bound > 0. The bias below 2^-40 for small bounds is of no matter
  /// here.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  /// In [first, last].
  std::int64_t between(std::int64_t first, std::int64_t last) {
    return first + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(last - first) + 1));
  }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <class List>
  auto& pick(List& list) {
    return list[static_cast<std::size_t>(below(std::size(list)))];
  }
  /// A stream of its own, so that one actor's draws do not shift another's.
  Random fork() { return Random(next()); }

 private:
  std::uint64_t state_;
};

}  // namespace tocsin::simulation
