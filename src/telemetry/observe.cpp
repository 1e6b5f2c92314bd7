#include <string>
#include <utility>

#include "tocsin/telemetry/telemetry.h"

namespace tocsin::telemetry {
namespace {

using Fields = std::vector<Log::Field>;

std::string shown(IncidentId id) { return "INC-" + std::to_string(id.value); }

/// Writes a line about one change. Fields without a value are left out.
class LineWriter {
 public:
  LineWriter(const triage::State& state, Log& log) : state_(state), log_(log) {}

  /// About an incident: its title is shown while it is not closed.
  template <class FillIn>
  void incident(Log::Level level, std::string_view event, IncidentId id, FillIn fill_in) {
    if (!log_.admits(event)) return;
    Fields fields;
    add(fields, "incident", shown(id));
    fill_in(fields);
    const triage::Incident* incident = state_.find(id);
    if (incident != nullptr) add(fields, "title", incident->title);
    log_.write(level, event, fields);
  }
  template <class FillIn>
  void page(Log::Level level, std::string_view event, const triage::Page& page, FillIn fill_in) {
    if (!log_.admits(event)) return;
    Fields fields;
    add(fields, "page", std::to_string(page.id.value));
    add(fields, "incident", shown(page.incident));
    add(fields, "channel", page.channel);
    add(fields, "about", std::string(to_string(page.event)));
    fill_in(fields);
    log_.write(level, event, fields);
  }
  void plain(Log::Level level, std::string_view event, const Fields& fields) {
    if (log_.admits(event)) log_.write(level, event, fields);
  }

  static void add(Fields& fields, std::string_view key, std::string value) {
    if (!value.empty()) fields.push_back({key, std::move(value)});
  }

 private:
  const triage::State& state_;
  Log& log_;
};

std::string_view shown(triage::UnackReason reason) {
  switch (reason) {
    case triage::UnackReason::person:
      return "person";
    case triage::UnackReason::timeout:
      return "ack_timeout";
    case triage::UnackReason::severity:
      return "severity";
  }
  return "";
}

std::string shown(std::optional<Instant> at) { return at ? format_rfc3339(*at) : ""; }

void add_opened(Fields& fields, const triage::Incident& incident) {
  LineWriter::add(fields, "severity", std::string(to_string(incident.severity)));
  LineWriter::add(fields, "criterion", incident.severity_criterion);
  LineWriter::add(fields, "at", incident.severity_at);
  LineWriter::add(fields, "service", incident.service);
  LineWriter::add(fields, "team", incident.team);
  LineWriter::add(fields, "correlation", incident.key_rule);
}

void add_step(Fields& fields, const triage::EscalationStepped& step) {
  LineWriter::add(fields, "escalation", step.name);
  LineWriter::add(fields, "step", std::to_string(step.step));
  LineWriter::add(fields, "round", std::to_string(step.round));
  LineWriter::add(fields, "reason", step.reason);
  LineWriter::add(fields, "next_at", shown(step.next_at));
}

void add_failure(Fields& fields, const triage::PageFailed& failure) {
  LineWriter::add(fields, "page", std::to_string(failure.page.value));
  LineWriter::add(fields, "channel", failure.channel);
  LineWriter::add(fields, "attempt", std::to_string(failure.attempt));
  LineWriter::add(fields, "outcome", std::string(to_string(failure.outcome)));
  LineWriter::add(fields, "reason", std::string(to_string(failure.reason)));
  LineWriter::add(fields, "detail", failure.detail);
  LineWriter::add(fields, "next_attempt", shown(std::optional(failure.next_attempt)));
}

/// One overload per kind of change, so that a new kind does not compile until it has its line or
/// a reason for none.
struct LineOf {
  LineWriter& out;
  static constexpr auto kInfo = Log::Level::info;
  static constexpr auto kWarning = Log::Level::warning;
  static void add(Fields& fields, std::string_view key, std::string value) {
    LineWriter::add(fields, key, std::move(value));
  }
  static void nothing_more(Fields&) {}

  void operator()(const triage::IncidentOpened& c) const {
    out.incident(kInfo, "incident.triggered", c.incident->id,
                 [&](Fields& fields) { add_opened(fields, *c.incident); });
  }
  void operator()(const triage::SeverityRaised& c) const {
    out.incident(kInfo, "incident.severity_raised", c.incident, [&](Fields& fields) {
      add(fields, "from", std::string(to_string(c.from)));
      add(fields, "to", std::string(to_string(c.to)));
      add(fields, "criterion", c.criterion);
      add(fields, "at", c.at);
    });
  }
  void operator()(const triage::IncidentAcknowledged& c) const {
    out.incident(kInfo, "incident.acknowledged", c.incident,
                 [&](Fields& fields) { add(fields, "by", c.by); });
  }
  void operator()(const triage::IncidentUnacknowledged& c) const {
    out.incident(kInfo, "incident.unacknowledged", c.incident, [&](Fields& fields) {
      add(fields, "reason", std::string(shown(c.reason)));
      add(fields, "by", c.by);
    });
  }
  void operator()(const triage::IncidentRecovering& c) const {
    out.incident(kInfo, "incident.recovering", c.incident, [&](Fields& fields) {
      add(fields, "by", c.by);
      add(fields, "until", format_rfc3339(c.due));
    });
  }
  void operator()(const triage::IncidentRelapsed& c) const {
    out.incident(kInfo, "incident.relapsed", c.incident, nothing_more);
  }
  void operator()(const triage::IncidentResolved& c) const {
    out.incident(kInfo, "incident.resolved", c.incident, nothing_more);
  }
  void operator()(const triage::IncidentReopened& c) const {
    out.incident(kInfo, "incident.reopened", c.incident, [&](Fields& fields) {
      add(fields, "by", c.by);
      add(fields, "escalation", c.escalation);
    });
  }
  void operator()(const triage::IncidentClosed& c) const {
    out.incident(kInfo, "incident.closed", c.incident->id, [&](Fields& fields) {
      add(fields, "severity", std::string(to_string(c.incident->severity)));
      add(fields, "title", c.incident->title);
    });
  }
  void operator()(const triage::NoteAdded& c) const {
    out.incident(kInfo, "incident.noted", c.incident,
                 [&](Fields& fields) { add(fields, "by", c.by); });
  }
  void operator()(const triage::EscalationStepped& c) const {
    out.incident(kInfo, "escalation.stepped", c.incident,
                 [&](Fields& fields) { add_step(fields, c); });
  }
  void operator()(const triage::EscalationExhausted& c) const {
    out.incident(kWarning, "escalation.exhausted", c.incident,
                 [&](Fields& fields) { add(fields, "next_at", shown(c.next_at)); });
  }
  void operator()(const triage::PageQueued& c) const {
    out.page(kInfo, "page.queued", c.page, [&](Fields& fields) {
      add(fields, "reason", c.page.reason);
      add(fields, "key", c.page.key);
    });
  }
  void operator()(const triage::PageDelivered& c) const {
    out.page(kInfo, "page.delivered", c.page,
             [&](Fields& fields) { add(fields, "attempts", std::to_string(c.page.attempts)); });
  }
  void operator()(const triage::PageFailed& c) const {
    out.incident(kWarning, "page.failed", c.incident,
                 [&](Fields& fields) { add_failure(fields, c); });
  }
  void operator()(const triage::PageWithdrawn& c) const {
    out.page(kInfo, "page.withdrawn", c.page, nothing_more);
  }
  void operator()(const triage::PageAbandoned& c) const {
    out.page(Log::Level::error, "page.abandoned", c.page, nothing_more);
  }
  void operator()(const triage::PolicyReplaced& c) const {
    const Key shown_hash{0, c.rules_hash};
    out.plain(kInfo, "policy.replaced", {{"rules", to_hex(shown_hash).substr(16)}});
  }
  // Never a line per alert, lease or report.
  void operator()(const triage::SourceNamed&) const {}
  void operator()(const triage::AlertOpened&) const {}
  void operator()(const triage::AlertFired&) const {}
  void operator()(const triage::AlertEnded&) const {}
  void operator()(const triage::LeaseRenewed&) const {}
  void operator()(const triage::LeaseRearmed&) const {}
  void operator()(const triage::SenderEndSeen&) const {}
  void operator()(const triage::LeaseDropped&) const {}
  void operator()(const triage::DisplayTaken&) const {}
  void operator()(const triage::AlertForgotten&) const {}
  void operator()(const triage::ReportCounted&) const {}
  void operator()(const triage::AlertSeverityRaised&) const {}
  void operator()(const triage::AlertReleased&) const {}
  void operator()(const triage::AlertReapplied&) const {}
  void operator()(const triage::AlertRelabelled&) const {}
  void operator()(const triage::AlertJoined&) const {}
  void operator()(const triage::AlertLeftFiring&) const {}
  // The core's own bookkeeping.
  void operator()(const triage::PageHandedOut&) const {}
  void operator()(const triage::ChannelTold&) const {}
  void operator()(const triage::AnswerRemembered&) const {}
  void operator()(const triage::AnswerForgotten&) const {}
  void operator()(const triage::SweepAdvanced&) const {}
  // The daemon's threads write these lines when they notice, with what is to be done.
  void operator()(const triage::DaemonRestarted&) const {}
  void operator()(const triage::ClockStepNoted&) const {}
  void operator()(const triage::SpaceNoted&) const {}
};

}  // namespace

void observe(const triage::Changes& changes, const triage::State& state, Metrics& metrics,
             Log& log) {
  metrics.observe(changes, state.sources);
  metrics.log_dropped(log.dropped());
  LineWriter out(state, log);
  for (const triage::Change& change : changes) std::visit(LineOf{out}, change);
}

}  // namespace tocsin::telemetry
