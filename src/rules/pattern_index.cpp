#include "rules/pattern_index.h"

#include <re2/filtered_re2.h>

#include <algorithm>
#include <utility>

#include "rules/regex.h"
#include "tocsin/base/check.h"

namespace tocsin::rules {
namespace {

/// What a pattern adds to an automaton: so much, and its bytes.
constexpr std::size_t kPatternWeight = 32;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

re2::RE2::Options set_options(std::int64_t memory) {
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(memory);
  options.set_never_capture(true);
  return options;
}

std::int64_t weight_of(const Pattern& pattern) {
  return static_cast<std::int64_t>(kPatternWeight + pattern.regex->pattern().size());
}

/// Null if RE2 cannot build it within the memory.
std::unique_ptr<re2::RE2::Set> set_of(std::span<const std::shared_ptr<const Regex>> regexes,
                                      std::int64_t memory) {
  if (memory <= 0) return nullptr;  // To RE2 this is no limit.
  auto set = std::make_unique<re2::RE2::Set>(set_options(memory), re2::RE2::ANCHOR_BOTH);
  for (const std::shared_ptr<const Regex>& regex : regexes) {
    if (set->Add(regex->pattern(), nullptr) < 0) return nullptr;
  }
  return set->Compile() ? std::move(set) : nullptr;
}

/// Texts of which a value needs one for any of these patterns to hold, as RE2 finds them; empty if
/// a pattern needs none, or if looking for them would cost as much as matching.
std::vector<std::string> needs_of(std::span<const std::shared_ptr<const Regex>> regexes) {
  constexpr std::size_t kPatternsMax = 8;
  constexpr std::size_t kPatternBytesMax = 256;
  constexpr std::size_t kNeedsMax = 8;
  constexpr int kNeedBytesMin = 3;
  constexpr std::size_t kNeedBytesMax = 16;
  if (regexes.size() > kPatternsMax) return {};
  re2::FilteredRE2 filter(kNeedBytesMin);
  for (const std::shared_ptr<const Regex>& regex : regexes) {
    int ignored = 0;
    if (regex->pattern().size() > kPatternBytesMax ||
        filter.Add(regex->pattern(), re2::RE2::Options(re2::RE2::Quiet), &ignored) !=
            re2::RE2::NoError) {
      return {};
    }
  }
  std::vector<std::string> needs;
  filter.Compile(&needs);
  std::vector<int> need_none;
  filter.AllPotentials({}, &need_none);
  if (!need_none.empty() || needs.size() > kNeedsMax) return {};
  // Who has all of it has its beginning, and a value made for it costs a search no more than that.
  for (std::string& need : needs) need.resize(std::min(need.size(), kNeedBytesMax));
  return needs;
}

}  // namespace

PatternIndex::PatternIndex(std::span<const Pattern> patterns, std::size_t labels,
                           const Index::Limits& limits)
    : of_label_(labels) {
  for (std::uint32_t number = 0; number < patterns.size(); ++number) {
    add(patterns[number], number);
  }
  std::ranges::sort(members_);
  for (const std::unique_ptr<OfLabel>& label : of_label_) {
    if (!label) continue;
    label->beginnings.freeze();
    label->endings.freeze();
    label->insides.freeze();
    build_shards(patterns, *label, limits);
  }
}

void PatternIndex::add(const Pattern& pattern, std::uint32_t number) {
  std::unique_ptr<OfLabel>& label = of_label_[pattern.label];
  if (!label) label = std::make_unique<OfLabel>();
  if (pattern.regex) {
    label->regexes.push_back(number);
    weight_ += weight_of(pattern);
  }
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
                                const Index::Limits& limits) {
  const std::span<const std::uint32_t> all = label.regexes;
  std::size_t from = 0;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    bytes += patterns[all[i]].regex->pattern().size();
    const bool full = i + 1 - from == limits.set_patterns || bytes >= limits.set_pattern_bytes;
    if (!full && i + 1 < all.size()) continue;
    build_shard(patterns, all.subspan(from, i + 1 - from), label, limits);
    from = i + 1;
    bytes = 0;
  }
  label.regexes = {};
}

/// Memory is shared out by weight, so that all sets keep within theirs, into however many parts the
/// patterns fall: what senders make of it is bounded.
void PatternIndex::build_shard(std::span<const Pattern> patterns,
                               std::span<const std::uint32_t> numbers, OfLabel& label,
                               const Index::Limits& limits) {
  Shard shard;
  std::int64_t weight = 0;
  for (const std::uint32_t number : numbers) {
    shard.numbers.push_back(number);
    shard.regexes.push_back(patterns[number].regex);
    weight += weight_of(patterns[number]);
  }
  if (numbers.size() > 1) {
    const double share = static_cast<double>(weight) / static_cast<double>(weight_);
    const std::int64_t memory =
        std::min(limits.set_memory,
                 static_cast<std::int64_t>(static_cast<double>(limits.sets_memory) * share));
    shard.set = set_of(shard.regexes, memory);
    if (!shard.set) {  // Too much for one automaton; perhaps it is a single pattern that is.
      const std::size_t half = numbers.size() / 2;
      build_shard(patterns, numbers.first(half), label, limits);
      build_shard(patterns, numbers.subspan(half), label, limits);
      return;
    }
    ++sets_;
    sets_memory_ += memory;
  }
  shard.needs = needs_of(shard.regexes);
  label.shards.push_back(std::move(shard));
}

/// Only of ASCII: other letters have more than one lower case.
bool PatternIndex::may_match(const Shard& shard, std::string_view text, Scratch& scratch) {
  if (shard.needs.empty()) return true;
  unsigned char all = 0;
  scratch.lowered.resize(text.size());
  std::ranges::transform(text, scratch.lowered.begin(), [&all](char c) {
    all |= static_cast<unsigned char>(c);
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  });
  if (all >= 0x80) return true;
  return std::ranges::any_of(shard.needs, [&](const std::string& need) {
    return scratch.lowered.find(need) != std::string::npos;
  });
}

void PatternIndex::append_matches(const Shard& shard, std::string_view text, Scratch& scratch,
                                  std::vector<std::uint32_t>& out) {
  if (!may_match(shard, text, scratch)) return;
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
    ++scratch.out_of_memory;
  }
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
