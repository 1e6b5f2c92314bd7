#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::rules {

/// One of the simple things a pattern may say of a whole value.
struct PatternPiece {
  enum class Where : std::uint8_t {
    whole,   // text
    prefix,  // text.*   (with no text: .*)
    suffix,  // .*text
    inside,  // .*text.*
  };
  Where where = Where::whole;
  bool longer =
      false;  ///< `.+` instead of `.*`: something follows the prefix, precedes the suffix.
  std::string text;
  friend auto operator<=>(const PatternPiece&, const PatternPiece&) = default;
};

/// The pieces, each once and sorted, of which at least one must hold for the anchored pattern to
/// match, or nothing if it says more than that (case folding, classes of many characters, repeats,
/// flags, …). Only `whole` pieces hold a line end. What it does not understand it leaves to RE2.
///
/// The dots stand for text without line ends that RE2 takes for UTF-8: if a value does not match
/// `.*` as a whole, none of the pieces with dots hold; if it does, each holds as soon as its text
/// stands in its place.
///
/// Products of alternatives repeat the text around them. What is written in all, fragments and
/// their bytes, stays within kShapeBytesPerByte for each byte of the pattern and some to begin
/// with, and so does the memory of the pieces: beyond that RE2 is smaller. `written`: how much it
/// was.
std::optional<std::vector<PatternPiece>> read_pattern(std::string_view pattern,
                                                      std::size_t* written = nullptr);
constexpr std::size_t kShapeBytesPerByte = 32;
constexpr std::size_t shape_bytes_max(std::string_view pattern) {
  return kShapeBytesPerByte * (pattern.size() + 64);
}

}  // namespace tocsin::rules
