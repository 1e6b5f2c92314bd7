#include <chrono>
#include <string>

#include "config/calendar.h"
#include "config/policy_reader.h"
#include "tocsin/rules/matcher.h"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kTransitionsMax = 1000;
constexpr std::uint64_t kIncidentsMax = 100'000;

void read_inhibition(const Value& value, PolicyDraft& draft) {
  Section section(value);
  define_element(section, "inhibition", draft.inhibitions, draft);
  // Alerts of any team may inhibit; only those of the scope are inhibited.
  if (const auto source = section.require("source", "say which alerts inhibit others")) {
    check_matchers(*source, draft);
  }
  if (const auto target = section.require("target", "say which alerts are inhibited")) {
    check_scoped(*target, draft);
  }
  if (const auto equal = section.find("equal")) equal->texts();
  warn_if_unscoped(value, "the inhibition", draft);
}

/// `{weekday: sunday, at: "02:00", for: 2h}`; without a weekday, every day.
void read_every(const Value& value) {
  Section section(value);
  const auto weekday = section.find("weekday");
  if (weekday) weekday->choice(weekday_words());
  if (const auto at = section.require("at", "say when it begins, such as at: \"02:00\"")) {
    read_time_of_day(*at);
  }
  const auto length = section.require("for", "say how long it lasts, such as for: 2h");
  const auto lasts = length ? length->duration(1min) : std::nullopt;
  const Duration period = weekday ? std::chrono::days(7) : std::chrono::days(1);
  if (lasts && *lasts >= period) {
    length->error("it never ends: the next one begins before", "write a shorter time");
  }
}

void read_span(const std::optional<Value>& from, const std::optional<Value>& until) {
  const auto begins = from ? read_local_time(*from) : std::nullopt;
  const auto ends = until ? read_local_time(*until) : std::nullopt;
  if (begins && ends && *begins >= *ends)
    until->error("ends before it begins", "correct one of both");
}

void read_maintenance(const Value& value, PolicyDraft& draft) {
  Section section(value);
  define_element(section, "maintenance", draft.maintenance, draft);
  if (const auto when = section.require("when", "say which alerts it concerns")) {
    check_scoped(*when, draft);
  }
  if (const auto zone = section.require(
          "time_zone", "say where its times count, such as time_zone: Europe/Lisbon")) {
    draft.zones.read(*zone);
  }
  const auto every = section.find("every");
  const auto from = section.find("from");
  const auto until = section.find("until");
  if (every) read_every(*every);
  read_span(from, until);
  const bool is_span = from && until;
  if ((every ? from || until : !is_span) && value.is_mapping()) {
    value.error("expected either every, or from and until",
                "write every: {weekday: sunday, at: \"02:00\", for: 2h}, or from: "
                "\"2026-12-05T22:00\" and until");
  }
  warn_if_unscoped(value, "the maintenance", draft);
}

/// The word `off`, or a mapping.
bool is_off(const Value& value, std::optional<Position>& first, const PolicyDraft& draft) {
  warn_of_reach(value, draft);
  if (!is_only_one(value, first, draft.report)) return true;
  if (!value.is(Node::Kind::text)) return false;
  if (value.node().text != "off") {
    value.error("expected a mapping or off, found " + in_quotes(value.node().text),
                "write off to disable it");
  }
  return true;
}

void read_flapping(const Value& value, PolicyDraft& draft) {
  if (is_off(value, draft.flapping_at, draft)) return;
  Section section(value);
  if (const auto count = section.find("transitions")) count->integer(2, kTransitionsMax);
  for (const std::string_view key : {"within", "stable_for"}) {
    if (const auto time = section.find(key)) time->duration(1s);
  }
}

void read_storm(const Value& value, PolicyDraft& draft) {
  if (is_off(value, draft.storm_at, draft)) return;
  Section section(value);
  if (const auto count = section.find("incidents")) count->integer(1, kIncidentsMax);
  if (const auto within = section.find("within")) within->duration(1s);
}

/// A regular expression by itself. Written as a matcher it is judged by what will use it.
void check_regex(const Value& value) {
  const auto text = value.text();
  if (!text) return;
  std::string matcher = "comment=~\"";
  for (const char c : *text) {
    if (c == '"' || c == '\\') matcher += '\\';
    matcher += c;
  }
  const auto parsed = rules::parse_matcher(matcher + "\"", rules::Grammar::alertmanager);
  if (!parsed) value.error(parsed.error().problem, parsed.error().cure);
}

void read_required(const Value& value) {
  Section section(value);
  if (const auto comment = section.require(
          "comment", "write the regular expression that comments match, such as 'OPS-[0-9]+'")) {
    check_regex(*comment);
  }
}

void read_silence_policy(const Value& value, PolicyDraft& draft) {
  Section section(value);
  define_element(section, "silence policy", draft.silence_policies, draft);
  if (const auto when = section.find("when")) check_scoped(*when, draft);
  const auto max = section.find("max");
  const auto required = section.find("require");
  const auto never = section.find("never");
  if (max) max->duration(1min);
  if (required) read_required(*required);
  if (never) check_matchers(*never, draft);
  if (!max && !required && !never && value.is_mapping()) {
    value.error("the policy asks for nothing", "add max, require or never");
  }
  warn_if_unscoped(value, "the silence policy", draft);
}

void read_each(Section& section, std::string_view key, PolicyDraft& draft,
               void (*read)(const Value&, PolicyDraft&)) {
  const auto list = section.find(key);
  if (!list) return;
  for (const Value& element : list->list()) read(element, draft);
}

}  // namespace

void read_suppression(const Value& value, PolicyDraft& draft) {
  Section section(value);
  read_each(section, "inhibit", draft, read_inhibition);
  read_each(section, "maintenance", draft, read_maintenance);
  if (const auto flapping = section.find("flapping")) read_flapping(*flapping, draft);
  if (const auto storm = section.find("storm")) read_storm(*storm, draft);
  read_each(section, "silence_policy", draft, read_silence_policy);
}

}  // namespace tocsin::config
