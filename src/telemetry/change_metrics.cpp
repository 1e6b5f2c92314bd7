#include <algorithm>
#include <string>

#include "telemetry/metrics_set.h"
#include "tocsin/base/overloaded.h"

namespace tocsin::telemetry {
namespace {

using triage::Outcome;
using triage::Reason;

constexpr std::size_t kChannelsMax = 1000;
constexpr std::size_t kFlawsMax = 3000;

constexpr const char* kEvents[] = {
    "opened",   "severity_raised", "acknowledged", "unacknowledged", "recovering",
    "relapsed", "resolved",        "reopened",     "closed",         "noted"};

/// Alertmanager's words for why a notification failed. Source: its notify/notify.go, 0.27.
const char* am_reason(Reason reason) {
  switch (reason) {
    case Reason::http_4xx:
    case Reason::http_429:
      return "clientError";
    case Reason::http_5xx:
      return "serverError";
    case Reason::timeout:
      return "contextDeadlineExceeded";
    case Reason::aborted:
      return "contextCanceled";
    case Reason::none:
    case Reason::dns:
    case Reason::connect:
    case Reason::tls:
    case Reason::other:
      return "other";
  }
  return "other";
}

/// The series of "source word".
Counter* of_source(Family<Counter>& family, const char* label, const std::string& name) {
  const std::size_t blank = std::min(name.rfind(' '), name.size());
  return &family.Add(
      {{"source", name.substr(0, blank)}, {label, name.substr(std::min(blank + 1, name.size()))}});
}

}  // namespace

ChangeMetrics::ChangeMetrics(Families make)
    : incident_events(make.counters("tocsin_incident_events_total",
                                    "What happened to incidents, by kind of event.")),
      pages_queued(make.counters("tocsin_pages_queued_total", "Pages owed anew, by channel.")),
      pages(make.counters("tocsin_pages_total",
                          "Attempts at pages by channel, result and reason class; pages that were "
                          "withdrawn or abandoned.")),
      am_notifications(make.counters("alertmanager_notifications_total",
                                     "The total number of attempted notifications.")),
      am_failed(make.counters("alertmanager_notifications_failed_total",
                              "The total number of failed notifications.")),
      escalation_steps(make.counter("tocsin_escalation_steps_total", "Escalation steps begun.")),
      escalations_exhausted(make.counter("tocsin_escalations_exhausted_total",
                                         "Escalations whose last round ended unanswered.")),
      clock_steps(make.counter("tocsin_clock_steps_total", "Jumps of the wall clock noticed.")),
      flaws(make.counters("tocsin_alert_flaws_total",
                          "New occurrences with something wrong, by source: the sender's clock "
                          "(clock_skew), labels beyond the limits (truncated), a severity no rule "
                          "knows (unknown_severity).")),
      withheld(
          make.counters("tocsin_alerts_suppressed_total",
                        "New occurrences that were withheld when they fired, by source and "
                        "reason: a rule dropped them (drop) or held them for a while (hold).")),
      by_flaw_(kFlawsMax, [this](const auto& name) { return of_source(flaws, "flaw", name); }),
      by_withheld_(kFlawsMax,
                   [this](const auto& name) { return of_source(withheld, "reason", name); }) {
  for (const char* event : kEvents) events[event] = &incident_events.Add({{"event", event}});
  auto& by_severity =
      make.counters("tocsin_incidents_opened_total", "Incidents opened, by their first severity.");
  for (std::size_t i = 0; i < 4; ++i) {
    opened[i] = &by_severity.Add({{"severity", "SEV-" + std::to_string(i + 1)}});
  }
  auto& ends = make.counters("tocsin_alert_ends_total",
                             "Ends of firing alerts, by what ended them: the sender's resolve, the "
                             "end of the lease, a person.");
  const auto end = [&](triage::EndedBy by, const char* word) {
    alert_ends[static_cast<std::size_t>(by)] = &ends.Add({{"by", word}});
  };
  end(triage::EndedBy::resolve, "resolve");
  end(triage::EndedBy::lease, "lease");
  end(triage::EndedBy::person, "person");
}

ChannelSeries& ChangeMetrics::channel(std::string_view name, std::string_view kind) {
  if (const auto it = channels_.find(name); it != channels_.end()) return it->second;
  const std::string key(channels_.size() < kChannelsMax ? name : "other");
  if (const auto it = channels_.find(key); it != channels_.end()) return it->second;
  const std::string integration(kind);
  const auto result = [&](std::string_view word, std::string_view reason) {
    return &pages.Add(
        {{"channel", key}, {"result", std::string(word)}, {"reason", std::string(reason)}});
  };
  ChannelSeries series;
  series.name = key;
  series.queued = &pages_queued.Add({{"channel", key}});
  series.withdrawn = result("withdrawn", "none");
  series.abandoned = result("abandoned", "none");
  series.notifications = &am_notifications.Add({{"integration", integration}});
  const auto expect = [&](Outcome outcome, Reason reason) {
    series.attempts[static_cast<std::size_t>(outcome)][static_cast<std::size_t>(reason)] =
        result(to_string(outcome), to_string(reason));
    if (outcome == Outcome::delivered) return;
    series.failed[static_cast<std::size_t>(reason)] =
        &am_failed.Add({{"integration", integration}, {"reason", am_reason(reason)}});
  };
  expect(Outcome::delivered, Reason::none);
  for (const Reason reason : {Reason::dns, Reason::connect, Reason::tls, Reason::http_4xx,
                              Reason::http_429, Reason::http_5xx, Reason::other}) {
    expect(Outcome::refused, reason);
  }
  for (const Reason reason : {Reason::connect, Reason::timeout, Reason::aborted, Reason::other}) {
    expect(Outcome::unknown, reason);
  }
  return channels_.emplace(key, series).first->second;
}

void ChangeMetrics::count_attempt(std::string_view channel_name, Outcome outcome, Reason reason) {
  ChannelSeries& series = channel(channel_name);
  const auto at = static_cast<std::size_t>(reason);
  Counter*& counter = series.attempts[static_cast<std::size_t>(outcome)][at];
  if (counter == nullptr) {
    counter = &pages.Add({{"channel", series.name},
                          {"result", std::string(to_string(outcome))},
                          {"reason", std::string(to_string(reason))}});
  }
  counter->Increment();
  series.notifications->Increment();
  if (outcome != Outcome::delivered && series.failed[at] != nullptr) series.failed[at]->Increment();
}

void ChangeMetrics::count_flaws(const std::string& source, const triage::AlertStatus& status,
                                bool truncated, const rules::Verdict& verdict) {
  const auto flaw = [&](const char* word) { by_flaw_.of(source + " " + word)->Increment(); };
  if (status.clock_skew) flaw("clock_skew");
  if (truncated) flaw("truncated");
  if (verdict.severity_by == rules::SeverityBy::unknown_word) flaw("unknown_severity");
}

void ChangeMetrics::count_withheld(const std::string& source, const triage::AlertStatus& status) {
  if (status.dropped) by_withheld_.of(source + " drop")->Increment();
  if (status.held_until != Instant{}) by_withheld_.of(source + " hold")->Increment();
}

void ChangeMetrics::count(const triage::Change& change, const std::vector<std::string>& sources) {
  const auto event = [&](std::string_view name) { events.at(name)->Increment(); };
  const auto ignore = [](const auto&) {};
  std::visit(
      Overloaded{
          [&](const triage::AlertEnded& c) {
            if (Counter* counter = alert_ends[static_cast<std::size_t>(c.by)]) counter->Increment();
          },
          [&](const triage::IncidentOpened& c) {
            event("opened");
            const auto severity = static_cast<std::size_t>(c.incident->severity) - 1;
            if (opened.at(severity) != nullptr) opened[severity]->Increment();
          },
          [&](const triage::SeverityRaised&) { event("severity_raised"); },
          [&](const triage::IncidentAcknowledged&) { event("acknowledged"); },
          [&](const triage::IncidentUnacknowledged&) { event("unacknowledged"); },
          [&](const triage::IncidentRecovering&) { event("recovering"); },
          [&](const triage::IncidentRelapsed&) { event("relapsed"); },
          [&](const triage::IncidentResolved&) { event("resolved"); },
          [&](const triage::IncidentReopened&) { event("reopened"); },
          [&](const triage::IncidentClosed&) { event("closed"); },
          [&](const triage::NoteAdded&) { event("noted"); },
          [&](const triage::EscalationStepped&) { escalation_steps.Increment(); },
          [&](const triage::EscalationExhausted&) { escalations_exhausted.Increment(); },
          [&](const triage::PageQueued& c) { channel(c.page.channel).queued->Increment(); },
          [&](const triage::PageDelivered& c) {
            count_attempt(c.page.channel, Outcome::delivered, Reason::none);
          },
          [&](const triage::PageFailed& c) { count_attempt(c.channel, c.outcome, c.reason); },
          [&](const triage::PageWithdrawn& c) { channel(c.page.channel).withdrawn->Increment(); },
          [&](const triage::PageAbandoned& c) { channel(c.page.channel).abandoned->Increment(); },
          [&](const triage::ClockStepNoted&) { clock_steps.Increment(); },
          // Counted by the request that brought them, or of no interest here.
          [&](const triage::SourceNamed& c) { ignore(c); },
          [&](const triage::AlertOpened& c) {
            count_flaws(sources.at(c.source), c.status, c.truncated, c.verdict);
            count_withheld(sources.at(c.source), c.status);
          },
          [&](const triage::AlertFired& c) {
            count_flaws(sources.at(c.source), c.status, false, c.verdict);
            count_withheld(sources.at(c.source), c.status);
          },
          [&](const triage::LeaseRenewed& c) { ignore(c); },
          [&](const triage::LeaseRearmed& c) { ignore(c); },
          [&](const triage::SenderEndSeen& c) { ignore(c); },
          [&](const triage::LeaseDropped& c) { ignore(c); },
          [&](const triage::DisplayTaken& c) { ignore(c); },
          [&](const triage::AlertForgotten& c) { ignore(c); },
          [&](const triage::ReportCounted& c) { ignore(c); },
          [&](const triage::AlertSeverityRaised& c) { ignore(c); },
          [&](const triage::AlertReleased& c) { ignore(c); },
          [&](const triage::AlertReapplied& c) { ignore(c); },
          [&](const triage::AlertRelabelled& c) { ignore(c); },
          [&](const triage::AlertJoined& c) { ignore(c); },
          [&](const triage::AlertLeftFiring& c) { ignore(c); },
          [&](const triage::PageHandedOut& c) { ignore(c); },
          [&](const triage::ChannelTold& c) { ignore(c); },
          [&](const triage::AnswerRemembered& c) { ignore(c); },
          [&](const triage::AnswerForgotten& c) { ignore(c); },
          [&](const triage::DaemonRestarted& c) { ignore(c); },
          [&](const triage::PolicyReplaced& c) { ignore(c); },
          [&](const triage::SweepAdvanced& c) { ignore(c); },
          [&](const triage::SpaceNoted& c) { ignore(c); },
      },
      change);
}

}  // namespace tocsin::telemetry
