#include "rules/regex.h"

#include <algorithm>
#include <utility>

namespace tocsin::rules {
namespace {

/// A pattern may cost so much. Few need it, and RE2 fills what compiling leaves with what values
/// make of the pattern: so most get little, and large programs, whose states are large, get more.
constexpr std::size_t kRegexMemoryMax = 2 << 20;
constexpr std::size_t kRegexMemoryMin = 64 * 1024;
constexpr std::size_t kRegexMemoryPerInstruction = 1024;
constexpr int kSmallProgramMax = 64;  // Instructions.

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

std::unique_ptr<const re2::RE2> compile(const std::string& pattern, std::size_t memory) {
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(static_cast<std::int64_t>(memory));
  options.set_never_capture(true);
  return std::make_unique<const re2::RE2>(pattern, options);
}

std::unique_ptr<const re2::RE2> compile(const std::string& pattern) {
  auto out = compile(pattern, kRegexMemoryMin);
  if (out->error_code() == re2::RE2::ErrorPatternTooLarge) return compile(pattern, kRegexMemoryMax);
  if (!out->ok() || out->ProgramSize() <= kSmallProgramMax) return out;
  const auto size = static_cast<std::size_t>(out->ProgramSize());
  return compile(pattern,
                 std::min(kRegexMemoryMin + kRegexMemoryPerInstruction * size, kRegexMemoryMax));
}

/// Of its instructions; one that is too large was compiled up to the limit.
std::size_t cost_of(const re2::RE2& compiled) {
  constexpr std::size_t kInstruction = 16;
  if (compiled.error_code() == re2::RE2::ErrorPatternTooLarge) return kRegexMemoryMax;
  return compiled.ok() ? static_cast<std::size_t>(compiled.ProgramSize()) * kInstruction : 0;
}

bool is_plain_byte(char c) { return c != '\n' && static_cast<unsigned char>(c) < 0x80; }

/// Of a piece with dots and a text that dots match.
bool stands_in(const PatternPiece& each, std::string_view text) {
  if (each.longer && text.size() <= each.text.size()) return false;
  switch (each.where) {
    case PatternPiece::Where::whole:
      return text == each.text;
    case PatternPiece::Where::prefix:
      return text.starts_with(each.text);
    case PatternPiece::Where::suffix:
      return text.ends_with(each.text);
    case PatternPiece::Where::inside:
      return text.contains(each.text);
  }
  return false;
}

}  // namespace

std::expected<std::shared_ptr<const Regex>, std::string> Regex::read(std::string pattern,
                                                                     std::size_t& cost) {
  cost = 0;
  auto regex = std::make_shared<Regex>();
  regex->pattern_ = std::move(pattern);
  if (auto pieces = read_pattern(regex->pattern_)) {
    // Sorted, with `whole` before all others.
    const auto is_whole = [](const PatternPiece& each) {
      return each.where == PatternPiece::Where::whole;
    };
    regex->whole_texts_ = static_cast<std::size_t>(std::ranges::count_if(*pieces, is_whole));
    regex->pieces_ = *std::move(pieces);
    return regex;
  }
  regex->compiled_ = compile(regex->pattern_);
  cost = cost_of(*regex->compiled_);
  if (!regex->compiled_->ok()) return std::unexpected(regex->compiled_->error());
  return regex;
}

/// RE2 itself goes on without its cache when memory for that runs out: slower, never wrong.
bool Regex::matches_whole(std::string_view value) const {
  if (compiled_ != nullptr) return re2::RE2::FullMatch(piece(value), *compiled_);
  const auto dotted = pieces_.begin() + static_cast<std::ptrdiff_t>(whole_texts_);
  const auto found =
      std::ranges::lower_bound(pieces_.begin(), dotted, value, {}, &PatternPiece::text);
  if (found != dotted && found->text == value) return true;
  return dotted != pieces_.end() && matches_dots(value) &&
         std::any_of(dotted, pieces_.end(),
                     [value](const PatternPiece& each) { return stands_in(each, value); });
}

bool matches_dots(std::string_view text) {
  if (std::ranges::all_of(text, is_plain_byte)) return true;
  static const re2::RE2 kDots(".*");
  return re2::RE2::FullMatch(piece(text), kDots);
}

}  // namespace tocsin::rules
