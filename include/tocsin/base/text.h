#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

/// Texts compared; and text from outside, which is hostile, written where it can break nothing,
/// neither the line it stands in nor the terminal that shows it.
namespace tocsin {

/// a == b without a call: two overlapping words decide about most texts, which are short.
inline bool same_text(std::string_view a, std::string_view b) {
  const std::size_t size = a.size();
  const auto words_equal = [&]<class Word>(Word) {
    Word first[2];
    Word last[2];
    std::memcpy(&first[0], a.data(), sizeof(Word));
    std::memcpy(&first[1], b.data(), sizeof(Word));
    std::memcpy(&last[0], a.data() + size - sizeof(Word), sizeof(Word));
    std::memcpy(&last[1], b.data() + size - sizeof(Word), sizeof(Word));
    return first[0] == first[1] && last[0] == last[1];
  };
  if (size != b.size()) return false;
  if (size > 16) return std::memcmp(a.data(), b.data(), size) == 0;
  if (size >= 8) return words_equal(std::uint64_t{});
  if (size >= 4) return words_equal(std::uint32_t{});
  for (std::size_t i = 0; i < size; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

/// The code point that `text` begins with. Bytes that are no UTF-8 (overlong forms, surrogates and
/// values above U+10FFFF included) yield U+FFFD and `valid` false; `size` is then the length of the
/// maximal well-formed beginning, at least 1. Source: Unicode 15, section 3.9, table 3-7.
struct CodePoint {
  char32_t value = 0;
  std::size_t size = 1;
  bool valid = true;
};
/// REQUIRES: `text` is not empty.
CodePoint first_code_point(std::string_view text);

/// Appends `text` as a JSON string with its quotes. Invalid UTF-8 becomes U+FFFD. Control
/// characters (C0, DEL, C1), line and paragraph separators and the marks that turn the direction of
/// writing are spelled \uXXXX: the same string to a parser, harmless in a terminal.
void append_json_string(std::string_view text, std::string& out);

/// Appends `text` as the value of a `key=value` pair: bare if it is plain, else in double quotes
/// with \" \\ \n \r \t, \u{…} for what append_json_string spells so, and \xNN for bytes that are no
/// UTF-8. Never holds a line end.
void append_log_value(std::string_view text, std::string& out);

}  // namespace tocsin
