#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace tocsin::rules {

/// Remembers lists of numbers by (label, value), at most so many bytes of them. Two generations:
/// when the young one is full, the old one is forgotten and the young one grows old; what is asked
/// for again is young again. Values are compared byte by byte, so two of one hash are two. A
/// look-up reads at most kProbes slots, whatever values are sent.
class ValueMemo {
 public:
  static constexpr std::size_t kValueMax = 256;  ///< Longer values are not remembered.

  explicit ValueMemo(std::size_t bytes);
  /// Valid until the next call of `add` or `find`.
  std::optional<std::span<const std::uint32_t>> find(std::uint32_t label, std::uint64_t hash,
                                                     std::string_view value);
  /// May do nothing: what is too large is not remembered.
  void add(std::uint32_t label, std::uint64_t hash, std::string_view value,
           std::span<const std::uint32_t> numbers);
  void clear();
  /// Starts to fetch what `find` will read first.
  void prefetch(std::uint64_t hash) const {
    young_.prefetch(hash);
    old_.prefetch(hash);
  }

 private:
  static constexpr std::size_t kProbes = 8;
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t entry = 0;  // Where it begins, plus one; 0: free.
  };
  /// Entries lie in words, one after the other: label, size of the value, count, value, numbers.
  struct Generation {
    std::vector<Slot> slots;
    std::unique_ptr<std::uint32_t[]> words;
    std::size_t used = 0;
    std::size_t entries = 0;
    /// Null if it is not there.
    const std::uint32_t* find(std::uint32_t label, std::uint32_t hash,
                              std::string_view value) const;
    void put(Slot);
    void grow();
    void prefetch(std::uint64_t hash) const {
      if (!slots.empty()) __builtin_prefetch(&slots.data()[(hash >> 32) & (slots.size() - 1)]);
    }
    void clear();
  };
  bool has_room(std::size_t words) const;
  void append(std::uint32_t label, std::uint32_t hash, std::string_view value,
              std::span<const std::uint32_t> numbers);

  std::size_t words_max_;    // Of each generation.
  std::size_t entries_max_;  // The same.
  Generation young_;
  Generation old_;
};

}  // namespace tocsin::rules
