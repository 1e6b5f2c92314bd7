#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/alert/labels.h"

namespace tocsin::triage {

/// A label set in the words of a Vocabulary: one block of memory, read back by its expand().
class CompactLabels {
 public:
  CompactLabels() = default;

 private:
  friend class Vocabulary;
  /// varint(size of what follows) pair*, see Vocabulary. Null: the empty set.
  std::unique_ptr<char[]> block_;
};

/// The names of labels and their usual values, each kept once: most of what a million label sets
/// say is said by few words. The first values of a name are taken for its usual ones, so a name
/// that has a new value in each alert costs little and its values stand in the sets themselves.
/// Only grows, within its limits; what does not fit is spelled out in each set.
///
///   pair := varint(name) [name's bytes] varint(value) [value's bytes]
///   name, value := 2 * number + 1 of a known word, or 2 * size, and that many bytes follow
///
/// Not thread-safe. Which words it knows depends on what came before, what expand() gives never.
class Vocabulary {
 public:
  static constexpr std::size_t kNamesMax = 4'096;
  static constexpr std::size_t kValuesOfNameMax = 256;
  static constexpr std::size_t kValuesMax = 65'536;
  static constexpr std::size_t kWordBytesMax = 128;

  /// Learns words on the way.
  CompactLabels compress(LabelsView);
  /// REQUIRES: made by this vocabulary.
  Labels expand(const CompactLabels&) const;
  std::size_t words() const { return words_.size(); }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  struct Word {
    std::string text;
    std::uint32_t name = kNone;         ///< Whose value it is; kNone: a name itself.
    std::uint32_t number = 0;           ///< Among the names, or among its name's values.
    std::vector<std::uint32_t> values;  ///< Of a name: its values' places in words_, by number.
  };
  /// Where a word stands, and the upper half of its hash, so that others are passed over unread.
  struct Place {
    std::uint32_t word = kNone;  ///< In words_; kNone: free.
    std::uint32_t tag = 0;
  };
  /// The word's place in words_, or kNone if it is not known and there is no room for it.
  std::uint32_t place_of(std::uint32_t name, std::string_view text);
  /// The same for a name. Senders name labels in the same order, alert by alert, so that the name
  /// which stood at this place last time is looked at first.
  std::uint32_t place_of_name(std::string_view text, std::size_t position);
  std::uint32_t add(std::uint32_t name, std::string_view text, std::uint64_t hash);
  /// Writes a word, or its bytes if it has no place. The end of what was written.
  char* put(std::uint32_t place, std::string_view text, char* to) const;
  std::string_view take_word(const char*& at, const std::vector<std::uint32_t>& known,
                             const Word*&) const;
  void grow();
  bool take_place(std::uint64_t hash, std::uint32_t place);

  std::vector<Word> words_;
  std::vector<std::uint32_t> names_;  ///< Their places in words_, by number.
  std::vector<Place> places_;         ///< Open addressing by hash; a power of two.
  std::size_t values_ = 0;
  std::vector<char> draft_;                 ///< Room for the set being compressed.
  std::vector<std::uint32_t> draft_names_;  ///< Of the set before: its names in words_.
};

}  // namespace tocsin::triage
