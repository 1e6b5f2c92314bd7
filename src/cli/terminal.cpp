#include "cli/terminal.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <ostream>

#include "tocsin/base/text.h"

namespace tocsin::cli {
namespace {

/// C0 and C1 controls, DEL, line separators, and the marks that turn text around (Unicode bidi) or
/// hide it: what could make a terminal show something else than what was sent.
bool must_be_escaped(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x061C || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x2069) || c == 0xFEFF;
}

std::string escape(char32_t c) {
  if (c == '\n') return "\\n";
  if (c == '\r') return "\\r";
  if (c == '\t') return "\\t";
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), c < 0x100 ? "\\x%02x" : "\\u%04x",
                static_cast<unsigned>(c));
  return text.data();
}

}  // namespace

int report(Terminal& terminal, const Problem& problem) {
  terminal.err << "tocsin: " << printable(problem.problem) << '\n';
  if (!problem.cure.empty()) terminal.err << "  " << printable(problem.cure) << '\n';
  return 1;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (!point.valid) {
      for (const char c : text.substr(0, point.size)) out += escape(static_cast<unsigned char>(c));
    } else if (must_be_escaped(point.value)) {
      out += escape(point.value);
    } else {
      out += text.substr(0, point.size);
    }
    text.remove_prefix(point.size);
  }
  return out;
}

std::size_t width(std::string_view text) {
  // Every byte but the continuation bytes of UTF-8.
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string age(Instant from, Instant to) {
  const auto seconds = std::max<std::int64_t>(
      0, std::chrono::duration_cast<std::chrono::seconds>(to - from).count());
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 60 * 60) return std::to_string(seconds / 60) + "m";
  if (seconds < 48 * 60 * 60) return std::to_string(seconds / (60 * 60)) + "h";
  return std::to_string(seconds / (24 * 60 * 60)) + "d";
}

}  // namespace tocsin::cli
