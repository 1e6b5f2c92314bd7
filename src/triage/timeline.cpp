#include "triage/timeline.h"

#include "tocsin/base/overloaded.h"

namespace tocsin::triage {

namespace {
using Entry = std::optional<TimelineEntry>;

TimelineEntry entry(IncidentId incident, std::string_view kind, std::string detail) {
  return {.incident = incident,
          .at = {},
          .actor = {},
          .kind = std::string(kind),
          .detail = std::move(detail)};
}

TimelineEntry by(TimelineEntry made, std::string_view actor) {
  made.actor = actor;
  return made;
}

std::string with_note(std::string text, std::string_view note) {
  if (note.empty()) return text;
  if (!text.empty()) text.append(": ");
  return text.append(note);
}

std::string_view why(UnackReason reason) {
  switch (reason) {
    case UnackReason::person:
      return "taken back";
    case UnackReason::timeout:
      return "nobody acted for the path's ack_timeout";
    case UnackReason::severity:
      return "the severity rose";
  }
  return "";
}

/// Failures 1, 2, 4, 8, … are told, so that a destination that is down for a day leaves a dozen
/// lines.
bool is_worth_telling(std::uint32_t attempt) { return (attempt & (attempt - 1)) == 0; }

std::string page_name(const Page& page) {
  return std::string(to_string(page.event)) + " to channel:" + page.channel;
}
}  // namespace

std::optional<TimelineEntry> timeline_entry(const Change& change, Instant wall,
                                            std::string_view actor) {
  Entry made = std::visit(
      Overloaded{
          [](const IncidentOpened& c) -> Entry {
            return entry(c.incident->id, "opened",
                         std::string(to_string(c.incident->severity)) + " " + c.incident->title);
          },
          [](const SeverityRaised& c) -> Entry {
            return entry(c.incident, "severity_raised",
                         std::string(to_string(c.from)) + " → " + std::string(to_string(c.to)) +
                             ", criterion " + c.criterion + (c.at.empty() ? "" : " at " + c.at));
          },
          [](const AlertReapplied& c) -> Entry {
            if (!c.left) return std::nullopt;
            return entry(c.left, "alert_left", "an alert left: today's rules group it elsewhere");
          },
          [](const IncidentAcknowledged& c) -> Entry {
            return by(entry(c.incident, "acknowledged", c.note), c.by);
          },
          [](const IncidentUnacknowledged& c) -> Entry {
            return by(
                entry(c.incident, "unacknowledged", with_note(std::string(why(c.reason)), c.note)),
                c.by);
          },
          [](const IncidentRecovering& c) -> Entry {
            return by(
                entry(c.incident, "recovering",
                      with_note(c.by_person ? "resolved by a person" : "every alert has cleared",
                                c.note)),
                c.by);
          },
          [](const IncidentRelapsed& c) -> Entry {
            return entry(c.incident, "relapsed", "an alert fires again");
          },
          [](const IncidentResolved& c) -> Entry { return entry(c.incident, "resolved", ""); },
          [](const IncidentReopened& c) -> Entry {
            return by(entry(c.incident, "reopened", c.note), c.by);
          },
          [](const IncidentClosed& c) -> Entry { return entry(c.incident->id, "closed", ""); },
          [](const NoteAdded& c) -> Entry { return by(entry(c.incident, "note", c.text), c.by); },
          [](const EscalationStepped& c) -> Entry {
            return entry(c.incident, "escalated",
                         "escalation " + c.name + ", step " + std::to_string(c.step) + ", round " +
                             std::to_string(c.round) + (c.reason.empty() ? "" : "; " + c.reason));
          },
          [](const EscalationExhausted& c) -> Entry {
            return entry(
                c.incident, "escalation_ended",
                c.pages_fallback ? "nobody answered: the fallback is paged" : "nobody answered");
          },
          [](const PageDelivered& c) -> Entry {
            return entry(c.page.incident, "paged", page_name(c.page));
          },
          [](const PageWithdrawn& c) -> Entry {
            return entry(c.page.incident, "page_withdrawn", page_name(c.page));
          },
          [](const PageAbandoned& c) -> Entry {
            return entry(c.page.incident, "page_abandoned",
                         page_name(c.page) + ": " + c.page.last_problem);
          },
          [](const PageFailed& c) -> Entry {
            if (!is_worth_telling(c.attempt)) return std::nullopt;
            return entry(c.incident, "page_failed",
                         "channel:" + c.channel + ", attempt " + std::to_string(c.attempt) + ", " +
                             std::string(to_string(c.outcome)) + ", " + c.detail);
          },
          [](const auto&) -> Entry { return std::nullopt; },
      },
      change);
  if (!made) return made;
  made->at = wall;
  if (made->actor.empty() && made->kind == "opened") made->actor = actor;
  return made;
}

}  // namespace tocsin::triage
