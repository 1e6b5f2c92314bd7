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
    std::uint64_t out_of_memory = 0;  ///< Shards asked pattern by pattern: slower, never wrong.
  };

  PatternIndex() = default;
  PatternIndex(std::span<const Pattern>, std::size_t labels, const Index::Limits&);

  bool has_patterns(std::uint32_t label) const { return of_label_.data()[label] != nullptr; }
  /// Appends the numbers of those that hold, sorted, each once. `value` is the number of `text`,
  /// which is not empty. REQUIRES: has_patterns(label).
  void append_matches(std::uint32_t label, std::uint32_t value, std::string_view text, Scratch&,
                      std::vector<std::uint32_t>& out) const;
  std::size_t shards() const { return shards_; }
  std::size_t bytes() const;

 private:
  /// Patterns that are matched together. The set is null if RE2 could not build it.
  struct Shard {
    std::unique_ptr<re2::RE2::Set> set;
    std::vector<std::uint32_t> numbers;
    std::vector<std::shared_ptr<const Regex>> regexes;
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
  void build_shards(std::span<const Pattern>, OfLabel&, std::int64_t set_memory);
  void build_shard(std::span<const Pattern>, std::span<const std::uint32_t> numbers, OfLabel&,
                   std::int64_t set_memory);
  static void append_matches(const Shard&, std::string_view text, Scratch&,
                             std::vector<std::uint32_t>& out);

  std::vector<std::unique_ptr<OfLabel>> of_label_;
  std::vector<Member> members_;  // Values that hold for a pattern by themselves; sorted.
  std::size_t shards_ = 0;
};

}  // namespace tocsin::rules
