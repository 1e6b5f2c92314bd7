#include "rules/pattern_index.h"

#include <algorithm>
#include <utility>

#include "rules/regex.h"
#include "tocsin/base/check.h"

namespace tocsin::rules {
namespace {

/// Larger shards make a state of the automaton dearer, smaller ones cost a pass over the text each.
constexpr std::size_t kShardPatternsMax = 1000;
constexpr std::size_t kShardBytesMax = 64 * 1024;
constexpr std::int64_t kSetMemoryMin = 4 * 1024 * 1024;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

re2::RE2::Options set_options(std::int64_t memory) {
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(memory);
  options.set_never_capture(true);
  return options;
}

}  // namespace

PatternIndex::PatternIndex(std::span<const Pattern> patterns, std::size_t labels,
                           const Index::Limits& limits)
    : of_label_(labels) {
  for (std::uint32_t number = 0; number < patterns.size(); ++number) {
    add(patterns[number], number);
  }
  std::ranges::sort(members_);
  std::size_t shards = 0;
  for (const std::unique_ptr<OfLabel>& label : of_label_) {
    if (label && !label->regexes.empty()) {
      shards += label->regexes.size() / kShardPatternsMax + 1;
    }
  }
  const std::int64_t share =
      limits.sets_memory / static_cast<std::int64_t>(std::max(shards, std::size_t{1}));
  const std::int64_t set_memory = std::min(limits.set_memory, std::max(kSetMemoryMin, share));
  for (const std::unique_ptr<OfLabel>& label : of_label_) {
    if (!label) continue;
    label->beginnings.freeze();
    label->endings.freeze();
    label->insides.freeze();
    build_shards(patterns, *label, set_memory);
  }
}

void PatternIndex::add(const Pattern& pattern, std::uint32_t number) {
  std::unique_ptr<OfLabel>& label = of_label_[pattern.label];
  if (!label) label = std::make_unique<OfLabel>();
  if (pattern.regex) label->regexes.push_back(number);
  for (const std::uint32_t value : pattern.values) members_.push_back({value, number});
  for (const PatternPiece& literal : pattern.pieces) {
    switch (literal.where) {
      case PatternPiece::Where::prefix:
        label->beginnings.add(literal.text, literal.longer, number);
        break;
      case PatternPiece::Where::suffix:
        label->endings.add({literal.text.rbegin(), literal.text.rend()}, literal.longer, number);
        break;
      case PatternPiece::Where::inside:
        label->insides.add(literal.text, false, number);
        break;
      case PatternPiece::Where::whole:
        CHECK(!"whole pieces are values");
    }
  }
}

void PatternIndex::build_shards(std::span<const Pattern> patterns, OfLabel& label,
                                std::int64_t set_memory) {
  const std::span<const std::uint32_t> all = label.regexes;
  std::size_t from = 0;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    bytes += patterns[all[i]].regex->pattern().size();
    const bool full = i + 1 - from == kShardPatternsMax || bytes >= kShardBytesMax;
    if (!full && i + 1 < all.size()) continue;
    build_shard(patterns, all.subspan(from, i + 1 - from), label, set_memory);
    from = i + 1;
    bytes = 0;
  }
  label.regexes = {};
}

void PatternIndex::build_shard(std::span<const Pattern> patterns,
                               std::span<const std::uint32_t> numbers, OfLabel& label,
                               std::int64_t set_memory) {
  auto set = std::make_unique<re2::RE2::Set>(set_options(set_memory), re2::RE2::ANCHOR_BOTH);
  Shard shard;
  bool added = true;
  for (const std::uint32_t number : numbers) {
    shard.numbers.push_back(number);
    shard.regexes.push_back(patterns[number].regex);
    added = set->Add(patterns[number].regex->pattern(), nullptr) >= 0 && added;
  }
  if (added && set->Compile()) {
    shard.set = std::move(set);
  } else if (numbers.size() > 1) {  // Too much for one automaton.
    const std::size_t half = numbers.size() / 2;
    build_shard(patterns, numbers.first(half), label, set_memory);
    build_shard(patterns, numbers.subspan(half), label, set_memory);
    return;
  }
  label.shards.push_back(std::move(shard));
  ++shards_;
}

void PatternIndex::append_matches(const Shard& shard, std::string_view text, Scratch& scratch,
                                  std::vector<std::uint32_t>& out) {
  if (shard.set) {
    re2::RE2::Set::ErrorInfo error{};
    scratch.matches.clear();
    if (shard.set->Match(piece(text), &scratch.matches, &error)) {
      for (const int match : scratch.matches) {
        out.push_back(shard.numbers[static_cast<std::size_t>(match)]);
      }
      return;
    }
    // False may mean that the automaton has no room, too.
    if (error.kind == re2::RE2::Set::kNoError) return;
  }
  ++scratch.out_of_memory;
  for (std::size_t i = 0; i < shard.regexes.size(); ++i) {
    if (shard.regexes[i]->matches_whole(text)) out.push_back(shard.numbers[i]);
  }
}

void PatternIndex::append_matches(std::uint32_t label, std::uint32_t value, std::string_view text,
                                  Scratch& scratch, std::vector<std::uint32_t>& out) const {
  const OfLabel& patterns = *of_label_[label];
  const auto first = static_cast<std::ptrdiff_t>(out.size());
  if (value >= kFirstValue) {
    const auto [from, to] = std::ranges::equal_range(members_, value, {}, &Member::value);
    for (auto at = from; at != to; ++at) out.push_back(at->pattern);
  }
  if (patterns.has_literals() && matches_dots(text)) {
    patterns.beginnings.append_beginnings(text, out);
    patterns.insides.append_inside(text, out);
    if (!patterns.endings.empty()) {
      scratch.reversed.assign(text.rbegin(), text.rend());
      patterns.endings.append_beginnings(scratch.reversed, out);
    }
  }
  for (const Shard& shard : patterns.shards) append_matches(shard, text, scratch, out);
  std::sort(out.begin() + first, out.end());
  out.erase(std::unique(out.begin() + first, out.end()), out.end());
}

std::size_t PatternIndex::bytes() const {
  std::size_t bytes = of_label_.size() * sizeof(of_label_[0]) + members_.size() * sizeof(Member);
  for (const std::unique_ptr<OfLabel>& label : of_label_) {
    if (!label) continue;
    bytes += sizeof(OfLabel) + label->beginnings.bytes() + label->endings.bytes() +
             label->insides.bytes();
  }
  return bytes;
}

}  // namespace tocsin::rules
