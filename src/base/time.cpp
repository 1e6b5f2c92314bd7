#include "tocsin/base/time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace tocsin {
namespace {

using namespace std::chrono;

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kWeek = 7 * kDay;
constexpr std::int64_t kYear = 365 * kDay;
constexpr std::int64_t kLongest = 100 * kYear;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A cursor over ASCII digits; every read says whether it worked.
class Reader {
 public:
  explicit Reader(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool at_end() const { return at_ == end_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  char peek() const { return at_ == end_ ? '\0' : *at_; }
  bool skip(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  /// Exactly `width` digits.
  bool number(int width, int& out) {
    if (left() < static_cast<std::size_t>(width)) return false;
    int value = 0;
    for (int i = 0; i < width; ++i) {
      if (!is_digit(at_[i])) return false;
      value = value * 10 + (at_[i] - '0');
    }
    at_ += width;
    out = value;
    return true;
  }
  /// One or more digits after a point, cut to milliseconds.
  bool fraction(int& milliseconds_out) {
    if (!is_digit(peek())) return false;
    int value = 0;
    int digits = 0;
    for (; at_ != end_ && is_digit(*at_); ++at_, ++digits) {
      if (digits < 3) value = value * 10 + (*at_ - '0');
    }
    for (; digits < 3; ++digits) value *= 10;
    milliseconds_out = value;
    return true;
  }

 private:
  const char* at_;
  const char* end_;
};

constexpr int days_in_month(int year_number, int month_number) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year_number % 4 == 0 && (year_number % 100 != 0 || year_number % 400 == 0);
  return month_number == 2 && leap ? 29 : kDays[static_cast<std::size_t>(month_number - 1)];
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
std::int64_t days_from_civil(int y, int m, int d) {
  return sys_days(year(y) / month(static_cast<unsigned>(m)) / day(static_cast<unsigned>(d)))
      .time_since_epoch()
      .count();
}

bool read_date(Reader& reader, std::int64_t& days_out) {
  int y = 0;
  int m = 0;
  int d = 0;
  if (!reader.number(4, y) || !reader.skip('-') || !reader.number(2, m) || !reader.skip('-') ||
      !reader.number(2, d)) {
    return false;
  }
  if (m < 1 || m > 12 || d < 1 || d > days_in_month(y, m)) return false;
  days_out = days_from_civil(y, m, d);
  return true;
}

bool read_time_of_day(Reader& reader, std::int64_t& milliseconds_out) {
  int h = 0;
  int m = 0;
  int s = 0;
  int ms = 0;
  if (!reader.number(2, h) || !reader.skip(':') || !reader.number(2, m) || !reader.skip(':') ||
      !reader.number(2, s)) {
    return false;
  }
  if (h > 23 || m > 59 || s > 59) return false;
  if (reader.skip('.') && !reader.fraction(ms)) return false;
  milliseconds_out = h * kHour + m * kMinute + s * kSecond + ms;
  return true;
}

/// `Z`, `+hh:mm`, `-hh:mm` or nothing, up to the end of the text.
bool read_zone(Reader& reader, std::int64_t& offset_out) {
  offset_out = 0;
  if (reader.at_end()) return true;
  if (reader.skip('Z')) return reader.at_end();
  const bool west = reader.peek() == '-';
  if (!reader.skip(west ? '-' : '+')) return false;
  int h = 0;
  int m = 0;
  if (!reader.number(2, h) || !reader.skip(':') || !reader.number(2, m) || !reader.at_end()) {
    return false;
  }
  if (h > 23 || m > 59) return false;
  offset_out = (west ? -1 : 1) * (h * kHour + m * kMinute);
  return true;
}

struct Unit {
  std::string_view name;
  std::int64_t length;
  /// Written only when the whole rest is a multiple of it: "10d" reads better than "1w3d".
  bool only_exact;
};

/// In the order in which a duration may use them.
constexpr std::array<Unit, 7> kUnits = {{{"y", kYear, true},
                                         {"w", kWeek, true},
                                         {"d", kDay, false},
                                         {"h", kHour, false},
                                         {"m", kMinute, false},
                                         {"s", kSecond, false},
                                         {"ms", 1, false}}};

}  // namespace

std::string format_rfc3339(Instant instant) {
  // RFC 3339 has four digits for a year: what lies outside is shown as the nearest instant inside.
  static const Instant kFirst = sys_days(year(0) / January / 1);
  static const Instant kLast = sys_days(year(9999) / December / 31) + hours(24) - milliseconds(1);
  const Instant shown = std::clamp(instant, kFirst, kLast);
  const sys_days midnight = floor<days>(shown);
  const year_month_day date{midnight};
  const std::int64_t rest = (shown - midnight).count();

  std::string out = "0000-00-00T00:00:00.000Z";
  const auto put = [&out](std::size_t at, int width, std::int64_t value) {
    for (int i = width - 1; i >= 0; --i, value /= 10) {
      out[at + static_cast<std::size_t>(i)] = static_cast<char>('0' + value % 10);
    }
  };
  put(0, 4, static_cast<int>(date.year()));
  put(5, 2, static_cast<unsigned>(date.month()));
  put(8, 2, static_cast<unsigned>(date.day()));
  put(11, 2, rest / kHour);
  put(14, 2, rest / kMinute % 60);
  put(17, 2, rest / kSecond % 60);
  put(20, 3, rest % kSecond);
  return out;
}

std::optional<Instant> parse_rfc3339(std::string_view text) {
  Reader reader(text);
  std::int64_t date = 0;
  std::int64_t time_of_day = 0;
  std::int64_t offset = 0;
  if (!read_date(reader, date)) return std::nullopt;
  if (!reader.skip('T') && !reader.skip(' ')) return std::nullopt;
  if (!read_time_of_day(reader, time_of_day)) return std::nullopt;
  if (!read_zone(reader, offset)) return std::nullopt;
  return Instant(Duration(date * kDay + time_of_day - offset));
}

std::optional<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration(0);
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    std::uint64_t value = 0;
    if (!is_digit(text.front())) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));

    const std::size_t letters = std::min(text.find_first_of("0123456789"), text.size());
    const std::string_view name = text.substr(0, letters);
    while (next_unit < kUnits.size() && kUnits[next_unit].name != name) ++next_unit;
    if (next_unit == kUnits.size()) return std::nullopt;
    const Unit& unit = kUnits[next_unit++];
    if (value > static_cast<std::uint64_t>((kLongest - total) / unit.length)) return std::nullopt;
    total += static_cast<std::int64_t>(value) * unit.length;
    text.remove_prefix(letters);
  }
  return Duration(total);
}

std::string format_duration(Duration duration) {
  if (duration.count() == 0) return "0s";
  std::string out;
  // Unsigned, so that the most negative duration has a magnitude.
  std::uint64_t rest = static_cast<std::uint64_t>(duration.count());
  if (duration.count() < 0) {
    out = "-";
    rest = 0 - rest;
  }
  for (const Unit& unit : kUnits) {
    const auto length = static_cast<std::uint64_t>(unit.length);
    if (unit.only_exact && rest % length != 0) continue;
    if (rest < length) continue;
    out += std::to_string(rest / length);
    out += unit.name;
    rest %= length;
  }
  return out;
}

}  // namespace tocsin
