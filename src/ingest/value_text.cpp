#include "ingest/value_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace tocsin::ingest {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// "1479884169" or "1479884169.5"; nothing for anything else.
std::optional<Instant> parse_epoch(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  std::string_view fraction = text.substr(std::min(point + 1, text.size()));
  if (whole.empty() || !std::ranges::all_of(whole, is_digit) ||
      !std::ranges::all_of(fraction, is_digit)) {
    return std::nullopt;
  }
  std::int64_t value = 0;
  const auto read = std::from_chars(whole.data(), whole.data() + whole.size(), value);
  if (read.ec != std::errc()) return std::nullopt;
  // Seconds stay below 10^11 until the year 5138; milliseconds are above it since 1973.
  constexpr std::int64_t kSecondsBelow = 100'000'000'000;
  if (value >= kSecondsBelow * 1'000'000) return Instant(Duration(value / 1'000'000));
  if (value >= kSecondsBelow * 1'000) return Instant(Duration(value / 1'000));
  if (value >= kSecondsBelow) return Instant(Duration(value));
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 3; ++i) ms = ms * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
  return Instant(Duration(value * 1'000 + ms));
}

/// "…+0000" as "…+00:00", the way RFC 3339 writes it; nothing if there is no such end.
std::optional<std::string> with_colon(std::string_view text) {
  constexpr std::size_t kOffset = 5;  // "+hhmm"
  if (text.size() <= kOffset) return std::nullopt;
  const std::string_view offset = text.substr(text.size() - kOffset);
  const bool is_offset =
      (offset[0] == '+' || offset[0] == '-') && std::ranges::all_of(offset.substr(1), is_digit);
  if (!is_offset) return std::nullopt;
  std::string out(text.substr(0, text.size() - 2));
  out.append(":").append(text.substr(text.size() - 2));
  return out;
}

}  // namespace

std::string text_of(simdjson::dom::element value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return std::string(text);
  return value.is_null() ? std::string() : simdjson::minify(value);
}

std::optional<Instant> parse_any_time(std::string_view text) {
  if (const auto epoch = parse_epoch(text)) return epoch;
  if (const auto instant = parse_rfc3339(text)) return instant;
  const auto basic = with_colon(text);
  return basic ? parse_rfc3339(*basic) : std::nullopt;
}

bool is_unset_time(std::string_view text) {
  return text.empty() || text == "0" || text.starts_with("0001-01-01");
}

bool is_placeholder(std::string_view text) {
  const std::size_t open = text.find("{{");
  if (open != text.npos && text.find("}}", open) != text.npos) return true;
  if (text.size() < 2 || text[0] != '$') return false;
  if (text[1] == '{') return text.ends_with('}');
  return std::ranges::all_of(text.substr(1), is_word) && !is_digit(text[1]);
}

}  // namespace tocsin::ingest
