// Alertmanager's time intervals, key for key. Source:
// https://prometheus.io/docs/alerting/latest/configuration/#time_interval
#include <algorithm>
#include <charconv>
#include <string>

#include "config/calendar.h"
#include "config/policy_reader.h"

namespace tocsin::config {
namespace {

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

/// The place of `text` among `words`, counted from `first`.
std::optional<int> word(const std::string& text, const std::vector<std::string_view>& words,
                        int first) {
  const auto found = std::ranges::find(words, std::string_view(text));
  if (found == words.end()) return std::nullopt;
  return static_cast<int>(found - words.begin()) + first;
}

std::optional<int> number(const std::string& text, int min, int max) {
  int value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_whole = failure == std::errc{} && end == text.data() + text.size();
  if (!is_whole || value < min || value > max) return std::nullopt;
  return value;
}

std::optional<int> weekday(const std::string& text) { return word(text, weekday_words(), 0); }
std::optional<int> month(const std::string& text) {
  const auto named = word(text, month_words(), 1);
  return named ? named : number(text, 1, 12);
}
std::optional<int> year(const std::string& text) { return number(text, 1, 9999); }
std::optional<int> day(const std::string& text) {
  const auto value = number(text, -31, 31);
  return value == 0 ? std::nullopt : value;
}

/// What stands in the list of one key: single values or ranges, `monday` or `monday:friday`.
struct RangeList {
  std::string_view key;
  std::optional<int> (*member)(const std::string&);
  std::string_view what;
  std::string_view cure;
};
constexpr RangeList kRanges[] = {
    {"weekdays", weekday, "a weekday",
     "write one such as sunday, or a range such as monday:friday"},
    {"days_of_month", day, "a day of the month",
     "write 1 to 31, -1 to -31 from the end, or a range such as \"1:5\" or \"-3:-1\""},
    {"months", month, "a month", "write its name, 1 to 12, or a range such as may:august"},
    {"years", year, "a year", "write one such as 2026, or a range such as \"2026:2028\""},
};

/// A day counted from the end may lie before any other in a short month; -1 is the 28th at least.
bool is_backwards(const RangeList& kind, int begin, int end) {
  constexpr int kShortestMonth = 28;
  if (kind.member != day) return begin > end;
  if (begin < 0 && end > 0) return true;
  const auto from_start = [](int value) { return value < 0 ? kShortestMonth + value : value; };
  return from_start(begin) > from_start(end);
}

void read_range(const Value& value, const RangeList& kind) {
  const auto written = value.text();
  if (!written) return;
  const std::string text = lower(*written);
  const std::size_t colon = text.find(':');
  const std::string last = colon == std::string::npos ? text : text.substr(colon + 1);
  const auto begin = kind.member(text.substr(0, colon));
  const auto end = kind.member(last);
  if (!begin || !end) {
    value.error(in_quotes(*written) + " is not " + std::string(kind.what), std::string(kind.cure));
  } else if (is_backwards(kind, *begin, *end)) {
    value.error(in_quotes(*written) + " ends before it begins",
                kind.member == weekday ? "the week begins on Sunday: write two entries"
                                       : "turn it round, or write two entries");
  }
}

void read_times(const Value& value) {
  Section section(value);
  const auto start = section.require("start_time", "write start_time: \"09:00\"");
  const auto end = section.require("end_time", "write end_time: \"18:00\"");
  const auto begins = start ? read_time_of_day(*start) : std::nullopt;
  const auto ends = end ? read_time_of_day(*end) : std::nullopt;
  if (begins && ends && *begins >= *ends) {
    value.error("ends before it begins", "over midnight, write two entries: one ends at 24:00");
  }
}

/// An empty list would hold at no time, a missing one holds at every time.
std::vector<Value> elements_of(const Value& list) {
  if (is_empty_list(list)) list.error("a list without elements", "leave the key out");
  return list.list();
}

/// `Local` is Alertmanager's word for the machine's own zone.
void read_location(const Value& value, PolicyDraft& draft) {
  if (value.is(Node::Kind::text) && value.node().text == "Local") return;
  draft.zones.read(value);
}

void read_interval(const Value& value, PolicyDraft& draft) {
  Section section(value);
  if (const auto times = section.find("times")) {
    for (const Value& element : elements_of(*times)) read_times(element);
  }
  for (const RangeList& kind : kRanges) {
    const auto list = section.find(kind.key);
    if (!list) continue;
    for (const Value& element : elements_of(*list)) read_range(element, kind);
  }
  if (const auto location = section.find("location")) read_location(*location, draft);
}

}  // namespace

void read_time_intervals(const Value& value, PolicyDraft& draft) {
  for (const Value::Named& entry : value.named()) {
    draft.time_intervals.define("time interval", entry.name, entry.at, draft.report);
    if (is_empty_list(entry.value)) {
      entry.value.error("holds at no time",
                        "list one or more, such as [{weekdays: [\"monday:friday\"]}]");
    }
    for (const Value& element : entry.value.list()) read_interval(element, draft);
  }
}

}  // namespace tocsin::config
