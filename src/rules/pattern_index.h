#pragma once

#include <re2/re2.h>
#include <re2/set.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/condition.h"
#include "rules/index.h"
#include "rules/literal_table.h"

namespace tocsin::rules {

/// Which patterns of a label hold for a value, all at once: literals by sorted tables, everything
/// else by RE2::Set. Immutable, shared by threads.
class PatternIndex {
 public:
  /// What one thread reuses, and what went another way than it should.
  struct Scratch {
    std::vector<int> matches;
    std::string reversed;
    std::string lowered;
    /// Sets that gave up, so that patterns were asked one by one: slower, never wrong.
    std::uint64_t out_of_memory = 0;
  };

  PatternIndex() = default;
  PatternIndex(std::span<const Pattern>, std::size_t labels, const Index::Limits&);

  bool has_patterns(std::uint32_t label) const { return of_label_.data()[label] != nullptr; }
  /// Appends the numbers of those that hold, sorted, each once. `value` is the number of `text`,
  /// which is not empty. REQUIRES: has_patterns(label).
  void append_matches(std::uint32_t label, std::uint32_t value, std::string_view text, Scratch&,
                      std::vector<std::uint32_t>& out) const;
  std::size_t sets() const { return sets_; }
  /// What they may take together while they match, however many there are.
  std::int64_t sets_memory() const { return sets_memory_; }
  std::size_t bytes() const;

 private:
  /// Patterns that are matched together, or one by one where they have no set: a single pattern
  /// needs none, and others may be too much for the memory they have.
  struct Shard {
    std::unique_ptr<re2::RE2::Set> set;
    std::vector<std::uint32_t> numbers;
    std::vector<std::shared_ptr<const Regex>> regexes;
    /// In lower case: none of the patterns holds for an ASCII text without one of these. Empty:
    /// nothing is known.
    std::vector<std::string> needs;
  };
  struct OfLabel {
    LiteralTable beginnings;
    LiteralTable endings;  // Reversed.
    LiteralTable insides;
    std::vector<std::uint32_t> regexes;  // Until their shards are built.
    std::vector<Shard> shards;
    bool has_literals() const {
      return !beginnings.empty() || !endings.empty() || !insides.empty();
    }
  };
  struct Member {
    std::uint32_t value;
    std::uint32_t pattern;
    friend auto operator<=>(const Member&, const Member&) = default;
  };
  void add(const Pattern&, std::uint32_t number);
  void build_shards(std::span<const Pattern>, OfLabel&, const Index::Limits&);
  void build_shard(std::span<const Pattern>, std::span<const std::uint32_t> numbers, OfLabel&,
                   const Index::Limits&);
  static bool may_match(const Shard&, std::string_view text, Scratch&);
  static void append_matches(const Shard&, std::string_view text, Scratch&,
                             std::vector<std::uint32_t>& out);

  std::vector<std::unique_ptr<OfLabel>> of_label_;
  std::vector<Member> members_;  // Values that hold for a pattern by themselves; sorted.
  std::int64_t weight_ = 0;      // Of all patterns that are regexes.
  std::size_t sets_ = 0;
  std::int64_t sets_memory_ = 0;
};

}  // namespace tocsin::rules
