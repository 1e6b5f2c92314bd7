#include "delivery/mime.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

#include "tocsin/base/text.h"

namespace tocsin::delivery {
namespace {

constexpr std::size_t kLine = 78;      // RFC 5322 section 2.1.1, without CRLF
constexpr std::size_t kBodyLine = 76;  // RFC 2045 section 6.7
/// Bytes of text in one encoded word: 40 in base64 are 56 characters, with "=?UTF-8?B?" and "?=" 68
/// of the 75 that RFC 2047 allows.
constexpr std::size_t kEncodedBytes = 40;
/// A longer word has no room even on a line of its own.
constexpr std::size_t kPlainWord = 76;

bool is_unwanted(const CodePoint& point) {
  const char32_t c = point.value;
  if (!point.valid || c < 0x20 || (c >= 0x7F && c < 0xA0)) return true;
  return c == 0x061C || c == 0xFEFF || (c >= 0x200E && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t left = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < left ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += i <= left ? kDigits[group >> (18 - 6 * i) & 0x3F] : '=';
    }
  }
  return out;
}

/// True if the value can stand in a header as it is, folded at its blanks.
bool is_plain(std::string_view value) {
  std::size_t word = 0;
  for (const char c : value) {
    if (c < 0x20 || c >= 0x7F) return false;
    word = c == ' ' ? 0 : word + 1;
    if (word > kPlainWord) return false;
  }
  // A blank at an end is lost on the way, and "=?" would be taken for an encoded word.
  return !value.starts_with(' ') && !value.ends_with(' ') && value.find("=?") == value.npos &&
         value.find("  ") == value.npos;
}

/// Pieces of the value that do not part a code point.
std::vector<std::string> encoded_words(std::string_view value) {
  std::vector<std::string> words;
  while (!value.empty()) {
    std::size_t size = 0;
    while (size < value.size()) {
      const std::size_t next = size + first_code_point(value.substr(size)).size;
      if (next > kEncodedBytes) break;
      size = next;
    }
    words.push_back("=?UTF-8?B?" + base64(value.substr(0, size)) + "?=");
    value.remove_prefix(size);
  }
  return words;
}

std::vector<std::string> words_of(std::string_view value) {
  std::vector<std::string> words;
  while (!value.empty()) {
    const std::size_t end = std::min(value.find(' '), value.size());
    words.emplace_back(value.substr(0, end));
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return words;
}

std::string folded(std::string_view name, const std::vector<std::string>& words) {
  std::string out(name);
  out += ':';
  std::size_t column = out.size();
  for (const std::string& word : words) {
    if (column + 1 + word.size() > kLine && column > 1) {
      out += "\r\n";
      column = 0;
    }
    out += ' ';
    out += word;
    column += 1 + word.size();
  }
  return out += "\r\n";
}

void append_two_digits(std::string& out, std::uint64_t number) {
  out += static_cast<char>('0' + number / 10 % 10);
  out += static_cast<char>('0' + number % 10);
}

}  // namespace

std::string clean_line(std::string_view text, std::size_t longest) {
  std::string out;
  for (std::size_t points = 0; !text.empty(); ++points) {
    const CodePoint point = first_code_point(text);
    if (points + 1 >= longest && point.size < text.size()) return out += "…";
    if (is_unwanted(point)) {
      out += ' ';
    } else {
      out += text.substr(0, point.size);
    }
    text.remove_prefix(point.size);
  }
  return out;
}

std::string header_line(std::string_view name, std::string_view value) {
  const std::string clean = clean_line(value, value.size() + 1);
  return folded(name, is_plain(clean) ? words_of(clean) : encoded_words(clean));
}

std::string address_line(std::string_view name, const std::vector<std::string>& addresses) {
  std::vector<std::string> words = addresses;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) words[i] += ',';
  return folded(name, words);
}

std::string quoted_printable(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\n') {
      out += "\r\n";
      column = 0;
      continue;
    }
    const bool line_ends = i + 1 == text.size() || text[i + 1] == '\n';
    const bool blank = byte == ' ' || byte == '\t';
    const bool plain = (byte > 0x20 && byte < 0x7F && byte != '=') || (blank && !line_ends);
    const std::size_t width = plain ? 1 : 3;
    if (column + width > kBodyLine - 1) {  // Room for the "=" of a soft line end.
      out += "=\r\n";
      column = 0;
    }
    if (plain) {
      out += text[i];
    } else {
      out += '=';
      out += kHex[byte >> 4];
      out += kHex[byte & 0xF];
    }
    column += width;
  }
  return out;
}

std::string mail_date(std::int64_t unix_seconds) {
  using namespace std::chrono;
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const sys_seconds at{seconds(unix_seconds)};
  const sys_days day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss time(at - day);
  std::string out = kDays[weekday(day).c_encoding()];
  out += ", ";
  append_two_digits(out, static_cast<unsigned>(date.day()));
  out.append(" ").append(kMonths[static_cast<unsigned>(date.month()) - 1]).append(" ");
  out += std::to_string(static_cast<int>(date.year()));
  out += ' ';
  append_two_digits(out, static_cast<std::uint64_t>(time.hours().count()));
  out += ':';
  append_two_digits(out, static_cast<std::uint64_t>(time.minutes().count()));
  out += ':';
  append_two_digits(out, static_cast<std::uint64_t>(time.seconds().count()));
  return out += " +0000";
}

}  // namespace tocsin::delivery
