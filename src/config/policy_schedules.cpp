#include <algorithm>
#include <chrono>
#include <iterator>

#include "config/calendar.h"
#include "config/policy_reader.h"

namespace tocsin::config {
namespace {

void read_rotation(const Value& value) {
  const auto text = value.text();
  if (!text || is_rotation(*text)) return;
  value.error("expected how often the turn goes on, found " + in_quotes(*text),
              "write a number of hours, days, weeks or months, such as 12 hours, 1 day, 1 week or "
              "1 month");
}

void read_only(const Value& value) {
  using std::chrono::minutes;
  Section section(value);
  const auto weekdays = section.find("weekdays");
  const auto from = section.find("from");
  const auto to = section.find("to");
  if (value.is_mapping() && value.node().entries.empty()) {
    value.error("says nothing", "write weekdays, from or to, or leave the key out");
  }
  if (weekdays) {
    if (is_empty_list(*weekdays)) weekdays->error("a list without a day", "name one or more");
    for (const Value& day : weekdays->list()) day.choice(weekday_words());
  }
  std::optional<minutes> begin = minutes(0), end = std::chrono::hours(24);
  if (from) begin = read_time_of_day(*from);
  if (to) end = read_time_of_day(*to);
  // A later `from` means over midnight; equal times mean nothing or everything.
  if (begin && end && *begin == *end) {
    value.error("from and to are the same time", "leave both out for the whole day");
  }
}

/// Whose turn it is at a moment counts from `start` in steps of `rotate`.
void check_turns(const Section& layer, bool has_start, bool has_rotation) {
  const auto missing = [&](std::string_view key, std::string cure) {
    layer.value().error("the key " + in_quotes(key) + " is missing: several users take turns",
                        std::move(cure));
  };
  if (!has_start) missing("start", "say when the first turn began: start: \"2026-01-05T09:00\"");
  if (!has_rotation) missing("rotate", "say how long a turn lasts, such as rotate: 1 week");
}

std::vector<std::string> read_layer(const Value& value, PolicyDraft& draft) {
  Section section(value);
  std::vector<std::string> users;
  if (const auto found = section.require("users", "list whose turn it is, such as users: [ana]")) {
    users = use_names(*found, draft.users_used);
    if (is_empty_list(*found)) {
      found->warning("nobody is on duty in this layer", "name users or remove the layer");
    }
  }
  const auto start = section.find("start");
  const auto rotation = section.find("rotate");
  if (start) read_local_time(*start);
  if (rotation) read_rotation(*rotation);
  if (users.size() > 1) check_turns(section, start.has_value(), rotation.has_value());
  if (const auto only = section.find("only")) read_only(*only);
  return users;
}

void read_schedule(const Value::Named& entry, PolicyDraft& draft) {
  if (!draft.schedules.define("schedule", entry.name, entry.at, draft.report)) return;
  Section section(entry.value);
  if (const auto zone = section.require(
          "time_zone", "say where its hours count, such as time_zone: Europe/Lisbon")) {
    draft.zones.read(*zone);
  }
  std::vector<std::string> users;
  const auto layers = section.find("layers");
  if (layers) {
    for (const Value& layer : layers->list())
      std::ranges::move(read_layer(layer, draft), std::back_inserter(users));
  }
  if (!layers || is_empty_list(*layers)) {
    draft.report.warning(entry.at, entry.value.path() + ": nobody is ever on duty",
                         "add layers: [{users: [NAME]}]");
  }
  draft.reach.add_schedule(entry.name, std::move(users));
}

}  // namespace

void read_schedules(const Value& value, PolicyDraft& draft) {
  for (const Value::Named& entry : value.named()) read_schedule(entry, draft);
}

}  // namespace tocsin::config
