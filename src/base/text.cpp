#include "tocsin/base/text.h"

#include <cstring>

#include "tocsin/base/check.h"

namespace tocsin {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Length and first two bounds of a sequence, by its first byte. The second byte's range is what
/// keeps out overlong forms, surrogates and values beyond U+10FFFF.
struct Lead {
  std::size_t size;
  unsigned char second_min, second_max;
};
constexpr Lead lead_of(unsigned char byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {1, 0, 0};
}

/// Characters that a terminal or a log reader might obey instead of show.
constexpr bool is_unsafe(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x061C || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

/// All unsafe characters are below U+10000, so four digits do.
void append_hex4(char32_t c, std::string& out) {
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(c >> shift) & 0xF];
}

/// The one-letter escapes that JSON and log values share; 0 if there is none.
constexpr char short_escape(char c) {
  switch (c) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

bool is_plain_ascii(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

constexpr std::size_t kWord = sizeof(std::uint64_t);

std::uint64_t word_at(const char* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// True if all eight bytes are plain ASCII. The tests for zero and for "less than" are those of
/// https://graphics.stanford.edu/~seander/bithacks.html; they may see too much behind a byte that
/// is not plain, never before it.
[[gnu::always_inline]] inline bool is_plain_word(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = 0x8080808080808080;
  const auto has = [](std::uint64_t bytes, unsigned char byte) {
    const std::uint64_t zeroed = bytes ^ (kOnes * byte);
    return (zeroed - kOnes) & ~zeroed;
  };
  const std::uint64_t below_blank = (word - kOnes * 0x20) & ~word;
  const std::uint64_t odd = word | below_blank | has(word, '"') | has(word, '\\') | has(word, 0x7F);
  return (odd & kHighs) == 0;
}

/// How many bytes at the front are plain ASCII.
std::size_t plain_prefix(std::string_view text) {
  std::size_t at = 0;
  while (at + kWord <= text.size() && is_plain_word(word_at(text.data() + at))) at += kWord;
  while (at < text.size() && is_plain_ascii(text[at])) ++at;
  return at;
}

/// Needs no quotes as the value of a pair.
bool is_bare(std::string_view text) {
  for (const char c : text) {
    if (!is_plain_ascii(c) || c == ' ' || c == '=' || c == '\'') return false;
  }
  return !text.empty();
}

}  // namespace

CodePoint first_code_point(std::string_view text) {
  CHECK(!text.empty());
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (at(0) < 0x80) return {at(0), 1, true};
  const Lead lead = lead_of(at(0));
  char32_t value = lead.size == 1 ? 0 : at(0) & (0x7FU >> lead.size);
  for (std::size_t i = 1; i < lead.size; ++i) {
    const unsigned char low = i == 1 ? lead.second_min : 0x80;
    const unsigned char high = i == 1 ? lead.second_max : 0xBF;
    if (i >= text.size() || at(i) < low || at(i) > high) return {0xFFFD, i, false};
    value = (value << 6) | (at(i) & 0x3FU);
  }
  if (lead.size == 1) return {0xFFFD, 1, false};
  return {value, lead.size, true};
}

void append_json_string(std::string_view text, std::string& out) {
  std::size_t plain = plain_prefix(text);
  if (plain == text.size()) {
    const std::size_t before = out.size();
    out.resize_and_overwrite(before + plain + 2, [&](char* bytes, std::size_t) {
      bytes[before] = '"';
      std::char_traits<char>::copy(bytes + before + 1, text.data(), plain);
      bytes[before + 1 + plain] = '"';
      return before + plain + 2;
    });
    return;
  }
  out += '"';
  for (; !text.empty(); plain = plain_prefix(text)) {
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const CodePoint point = first_code_point(text);
    if (!point.valid) {
      out += kReplacement;
    } else if (const char letter = point.size == 1 ? short_escape(text[0]) : '\0'; letter != 0) {
      out += '\\';
      out += letter;
    } else if (is_unsafe(point.value)) {
      out += "\\u";
      append_hex4(point.value, out);
    } else {
      out += text.substr(0, point.size);
    }
    text.remove_prefix(point.size);
  }
  out += '"';
}

void append_log_value(std::string_view text, std::string& out) {
  if (is_bare(text)) {
    out += text;
    return;
  }
  out += '"';
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (!point.valid) {
      for (const char c : text.substr(0, point.size)) {
        const auto byte = static_cast<unsigned char>(c);
        out += "\\x";
        out += kHex[byte >> 4];
        out += kHex[byte & 0xF];
      }
    } else if (const char letter = point.size == 1 ? short_escape(text[0]) : '\0'; letter != 0) {
      out += '\\';
      out += letter;
    } else if (is_unsafe(point.value)) {
      out += "\\u{";
      append_hex4(point.value, out);
      out += '}';
    } else {
      out += text.substr(0, point.size);
    }
    text.remove_prefix(point.size);
  }
  out += '"';
}

}  // namespace tocsin
