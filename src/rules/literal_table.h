#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::rules {

/// Which of many literals does a text begin with? Sorted; each literal knows the longest other one
/// that it begins with itself. The last literal not after the text either begins it or leads to
/// those that do.
class LiteralTable {
 public:
  /// `longer`: counts only if the text goes on after the literal.
  void add(std::string literal, bool longer, std::uint32_t atom) {
    entries_.push_back({std::move(literal), atom, kNone, longer});
  }
  /// Once, after the last `add`.
  void freeze();
  bool empty() const { return entries_.empty(); }
  /// Appends the atoms of all literals that `text` begins with.
  void append_beginnings(std::string_view text, std::vector<std::uint32_t>& out) const;
  /// The same for every place in `text`. Atoms may repeat.
  void append_inside(std::string_view text, std::vector<std::uint32_t>& out) const;
  std::size_t bytes() const { return entries_.capacity() * sizeof(Entry); }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  struct Entry {
    std::string literal;
    std::uint32_t atom;
    std::uint32_t parent;  // The entry before it that it begins with.
    bool longer;
    std::uint32_t shorter = kNone;  // The first of its parents with another literal.
  };
  std::uint32_t last_not_after(std::string_view text) const;

  std::vector<Entry> entries_;
  std::array<std::uint32_t, 257> by_first_{};  // Entries that begin with byte b: [b], [b + 1].
};

}  // namespace tocsin::rules
