#include "tocsin/base/overloaded.h"
#include "tocsin/triage/change.h"

namespace tocsin::triage {

std::string_view to_string(Event event) {
  switch (event) {
    case Event::triggered:
      return "incident.triggered";
    case Event::escalated:
      return "incident.escalated";
    case Event::acknowledged:
      return "incident.acknowledged";
    case Event::updated:
      return "incident.updated";
    case Event::recovering:
      return "incident.recovering";
    case Event::reopened:
      return "incident.reopened";
    case Event::resolved:
      return "incident.resolved";
  }
  return "";
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::delivered:
      return "delivered";
    case Outcome::refused:
      return "refused";
    case Outcome::unknown:
      return "unknown";
  }
  return "";
}

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::none:
      return "none";
    case Reason::dns:
      return "dns";
    case Reason::connect:
      return "connect";
    case Reason::tls:
      return "tls";
    case Reason::timeout:
      return "timeout";
    case Reason::http_4xx:
      return "4xx";
    case Reason::http_429:
      return "429";
    case Reason::http_5xx:
      return "5xx";
    case Reason::aborted:
      return "aborted";
    case Reason::other:
      return "other";
  }
  return "";
}

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::none:
      return "none";
    case Refusal::unknown_incident:
      return "unknown_incident";
    case Refusal::wrong_state:
      return "wrong_state";
    case Refusal::stale_version:
      return "stale_version";
    case Refusal::wrong_team:
      return "wrong_team";
    case Refusal::no_space:
      return "no_space";
    case Refusal::too_many_alerts:
      return "too_many_alerts";
    case Refusal::key_reused:
      return "key_reused";
  }
  return "";
}

std::string_view to_string(Fate fate) {
  switch (fate) {
    case Fate::opened:
      return "opened";
    case Fate::fired:
      return "fired";
    case Fate::refreshed:
      return "refreshed";
    case Fate::resolved:
      return "resolved";
    case Fate::already_so:
      return "already_so";
    case Fate::late:
      return "late";
    case Fate::unknown_resolve:
      return "unknown_resolve";
    case Fate::unknown_acknowledge:
      return "unknown_acknowledge";
    case Fate::done:
      return "done";
    case Fate::needs_labels:
      return "needs_labels";
    case Fate::refused:
      return "refused";
  }
  return "";
}

std::string_view name_of(const Step& step) {
  return std::visit(
      Overloaded{
          [](const ReportAlert&) { return std::string_view("ReportAlert"); },
          [](const Acknowledge&) { return std::string_view("Acknowledge"); },
          [](const Unacknowledge&) { return std::string_view("Unacknowledge"); },
          [](const Resolve&) { return std::string_view("Resolve"); },
          [](const Reopen&) { return std::string_view("Reopen"); },
          [](const AddNote&) { return std::string_view("AddNote"); },
          [](const Tick&) { return std::string_view("Tick"); },
          [](const PageAttempted&) { return std::string_view("PageAttempted"); },
          [](const Restarted&) { return std::string_view("Restarted"); },
          [](const ReplacePolicy&) { return std::string_view("ReplacePolicy"); },
          [](const ClockStepped&) { return std::string_view("ClockStepped"); },
          [](const SpaceChanged&) { return std::string_view("SpaceChanged"); },
          [](const AcknowledgeAlert&) { return std::string_view("AcknowledgeAlert"); },
      },
      step);
}

std::string_view name_of(const Change& change) {
#define TOCSIN_NAME(Type) [](const Type&) { return std::string_view(#Type); }
  return std::visit(
      Overloaded{TOCSIN_NAME(SourceNamed),          TOCSIN_NAME(AlertOpened),
                 TOCSIN_NAME(AlertFired),           TOCSIN_NAME(AlertEnded),
                 TOCSIN_NAME(LeaseRenewed),         TOCSIN_NAME(LeaseRearmed),
                 TOCSIN_NAME(SenderEndSeen),        TOCSIN_NAME(LeaseDropped),
                 TOCSIN_NAME(DisplayTaken),         TOCSIN_NAME(AlertForgotten),
                 TOCSIN_NAME(ReportCounted),        TOCSIN_NAME(AlertSeverityRaised),
                 TOCSIN_NAME(AlertReleased),        TOCSIN_NAME(AlertReapplied),
                 TOCSIN_NAME(IncidentOpened),       TOCSIN_NAME(AlertJoined),
                 TOCSIN_NAME(AlertLeftFiring),      TOCSIN_NAME(SeverityRaised),
                 TOCSIN_NAME(IncidentAcknowledged), TOCSIN_NAME(IncidentUnacknowledged),
                 TOCSIN_NAME(IncidentRecovering),   TOCSIN_NAME(IncidentRelapsed),
                 TOCSIN_NAME(IncidentResolved),     TOCSIN_NAME(IncidentReopened),
                 TOCSIN_NAME(IncidentClosed),       TOCSIN_NAME(NoteAdded),
                 TOCSIN_NAME(EscalationStepped),    TOCSIN_NAME(EscalationExhausted),
                 TOCSIN_NAME(PageQueued),           TOCSIN_NAME(PageHandedOut),
                 TOCSIN_NAME(PageDelivered),        TOCSIN_NAME(PageFailed),
                 TOCSIN_NAME(PageWithdrawn),        TOCSIN_NAME(PageAbandoned),
                 TOCSIN_NAME(ChannelTold),          TOCSIN_NAME(AnswerRemembered),
                 TOCSIN_NAME(AnswerForgotten),      TOCSIN_NAME(DaemonRestarted),
                 TOCSIN_NAME(PolicyReplaced),       TOCSIN_NAME(SweepAdvanced),
                 TOCSIN_NAME(ClockStepNoted),       TOCSIN_NAME(SpaceNoted),
                 TOCSIN_NAME(AlertRelabelled)},
      change);
#undef TOCSIN_NAME
}

bool is_durable(const Change& change) {
  return std::visit(Overloaded{
                        [](const LeaseRenewed& renewed) { return renewed.new_source; },
                        [](const LeaseRearmed&) { return false; },
                        [](const SenderEndSeen&) { return false; },
                        [](const LeaseDropped&) { return false; },
                        [](const DisplayTaken&) { return false; },
                        [](const ReportCounted&) { return false; },
                        [](const PageHandedOut&) { return false; },
                        [](const DaemonRestarted&) { return false; },
                        [](const ClockStepNoted&) { return false; },
                        [](const SpaceNoted&) { return false; },
                        [](const auto&) { return true; },
                    },
                    change);
}

}  // namespace tocsin::triage
