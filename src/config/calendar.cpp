#include "config/calendar.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>

namespace tocsin::config {
namespace {

constexpr int kCountMax = 1000;  // Of units in a rotation, of runs in a budget.

/// Decimal digits alone, at most nine of them.
std::optional<int> number(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || text.size() > 9 || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// "09:30" or "09:30:15", each part of two digits; 24:00 is the end of the day.
std::optional<std::chrono::seconds> parse_clock(std::string_view text, bool with_seconds) {
  if (text.size() != (with_seconds ? 8 : 5) || text[2] != ':') return std::nullopt;
  const auto hour = number(text.substr(0, 2));
  const auto minute = number(text.substr(3, 2));
  auto second = std::optional<int>(0);
  if (with_seconds) second = text[5] == ':' ? number(text.substr(6, 2)) : std::nullopt;
  if (!hour || !minute || !second || *minute > 59 || *second > 59) return std::nullopt;
  if (*hour > 24 || (*hour == 24 && (*minute > 0 || *second > 0))) return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

/// A count from 1, as it stands before a unit.
bool is_count(std::string_view text) {
  const auto count = number(text);
  return count && *count >= 1 && *count <= kCountMax && text[0] != '0';
}

}  // namespace

std::optional<std::chrono::local_seconds> parse_local_time(std::string_view text) {
  using namespace std::chrono;
  if (text.size() != 16 && text.size() != 19) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T') return std::nullopt;
  const auto y = number(text.substr(0, 4));
  const auto m = number(text.substr(5, 2));
  const auto d = number(text.substr(8, 2));
  const auto clock = parse_clock(text.substr(11), text.size() == 19);
  if (!y || !m || !d || !clock || *clock == hours(24)) return std::nullopt;
  const year_month_day date{year(*y), month(static_cast<unsigned>(*m)),
                            day(static_cast<unsigned>(*d))};
  if (!date.ok()) return std::nullopt;
  return local_days(date) + *clock;
}

std::optional<std::chrono::minutes> parse_time_of_day(std::string_view text) {
  const auto clock = parse_clock(text, false);
  if (!clock) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::minutes>(*clock);
}

bool is_budget(std::string_view text) {
  constexpr std::string_view kPer = " per ";
  const std::size_t at = text.find(kPer);
  if (at == std::string_view::npos || !is_count(text.substr(0, at))) return false;
  const std::string_view unit = text.substr(at + kPer.size());
  return unit == "minute" || unit == "hour" || unit == "day" || unit == "week";
}

bool is_rotation(std::string_view text) {
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  if (!is_count(text.substr(0, digits))) return false;
  std::string_view unit = text.substr(digits);
  if (unit == "h" || unit == "d" || unit == "w") return true;
  if (!unit.starts_with(' ')) return false;
  unit.remove_prefix(1);
  if (unit.ends_with('s')) unit.remove_suffix(1);
  return unit == "hour" || unit == "day" || unit == "week" || unit == "month";
}

const std::vector<std::string_view>& weekday_words() {
  static const std::vector<std::string_view> words = {"sunday",   "monday", "tuesday", "wednesday",
                                                      "thursday", "friday", "saturday"};
  return words;
}

const std::vector<std::string_view>& month_words() {
  static const std::vector<std::string_view> words = {
      "january", "february", "march",     "april",   "may",      "june",
      "july",    "august",   "september", "october", "november", "december"};
  return words;
}

std::optional<std::chrono::local_seconds> read_local_time(const Value& value) {
  const auto text = value.text();
  if (!text) return std::nullopt;
  auto time = parse_local_time(*text);
  if (!time) {
    value.error("expected a date and time, found " + in_quotes(*text),
                "write it like \"2026-01-05T09:00\"; its zone stands in time_zone");
  }
  return time;
}

std::optional<std::chrono::minutes> read_time_of_day(const Value& value) {
  const auto text = value.text();
  if (!text) return std::nullopt;
  auto time = parse_time_of_day(*text);
  if (!time) {
    value.error("expected a time of day, found " + in_quotes(*text),
                "write hours and minutes with two digits each, \"00:00\" to \"24:00\"");
  }
  return time;
}

}  // namespace tocsin::config
