#include "triage/incident/incident.h"

#include <algorithm>
#include <set>

#include "triage/escalation/escalation.h"

namespace tocsin::triage::incident {

namespace {
/// The incident an action is about; fills the refusal and returns null if it may not act on it.
const Incident* target(const Core& core, IncidentId id, Decision& out) {
  out.answer.incident = id;
  const Incident* incident = core.state.find(id);
  if (incident == nullptr) {
    // A closed one has left memory; an id above the counter never existed.
    const bool existed = id && id.value <= core.state.counters.last_incident;
    refuse(out, existed ? Refusal::wrong_state : Refusal::unknown_incident);
    return nullptr;
  }
  const auto& teams = core.context.teams;
  if (!teams.empty() && std::ranges::find(teams, incident->team) == teams.end()) {
    refuse(out, Refusal::wrong_team);
    return nullptr;
  }
  if (core.context.if_version && *core.context.if_version != incident->version) {
    refuse(out, Refusal::stale_version);
    return nullptr;
  }
  return incident;
}

Incident closed(const Core& core, const Incident& incident) {
  Incident last = incident;
  last.state = IncidentState::closed;
  last.closed_at = core.now.timeline;
  last.due.reset();
  ++last.version;
  return last;
}

bool is_acknowledged(const Incident& incident) {
  return incident.state == IncidentState::acknowledged ||
         (incident.state == IncidentState::recovering &&
          incident.before_recovering == IncidentState::acknowledged);
}
}  // namespace

std::optional<Instant> ack_due(const Core& core, const Incident& incident) {
  const Escalation& path = escalation::path_of(core, incident);
  if (!path.ack_timeout) return std::nullopt;
  return core.now.timeline + *path.ack_timeout;
}

namespace {
/// Nothing to do but to keep what the person wrote with it.
void already_so(const Core& core, const Incident& incident, std::string text, std::string_view note,
                Decision& out) {
  out.answer.fate = Fate::already_so;
  if (!note.empty()) text.append(text.empty() ? "" : ": ").append(note);
  if (text.empty()) return;
  std::optional<Instant> due;
  if (incident.state == IncidentState::acknowledged) due = ack_due(core, incident);
  out.changes.emplace_back(
      NoteAdded{incident.id, std::string(core.context.actor), std::move(text), due});
}

/// Ends alerts whose lease is `never`: nothing else ever would. Many of them end in several steps.
bool end_endless(const Core& core, const Incident& incident, Changes& out) {
  std::set<AlertId> ended;  // One that left and came back is listed twice.
  for (const AlertId id : core.state.incidents.alerts_of(incident.id)) {
    if (ended.size() >= kStepChangesMax / 4) break;
    const Alert* alert = core.state.find(id);
    if (alert == nullptr || alert->status.incident != incident.id ||
        alert->status.state != AlertState::firing || alert->status.lease.ends != kNever ||
        !ended.insert(id).second) {
      continue;
    }
    out.emplace_back(AlertEnded{.id = id,
                                .by = EndedBy::person,
                                .source = alert->status.lease.source,
                                .at = core.now.timeline,
                                .sender_end = core.now.wall});
  }
  return !ended.empty();
}
}  // namespace

void decide(const Core& core, const Acknowledge& step, Decision& out) {
  const Incident* incident = target(core, step.incident, out);
  if (incident == nullptr) return;
  if (incident->state == IncidentState::resolved) return refuse(out, Refusal::wrong_state);
  const std::optional<Instant> due = ack_due(core, *incident);
  if (is_acknowledged(*incident)) {
    // A person acted: the time until the acknowledgement lapses begins anew.
    const bool lapses = due && incident->state == IncidentState::acknowledged;
    return already_so(core, *incident, lapses ? "acknowledged again" : "", step.note, out);
  }
  out.changes.emplace_back(IncidentAcknowledged{.incident = incident->id,
                                                .by = std::string(core.context.actor),
                                                .at = core.now.timeline,
                                                .due = due,
                                                .note = step.note});
}

void decide(const Core& core, const AcknowledgeAlert& step, Decision& out) {
  const Alert* alert = core.state.find(step.key);
  if (alert == nullptr) {
    out.answer.fate = Fate::unknown_acknowledge;
    return;
  }
  out.answer.alert = alert->id;
  out.answer.fate = Fate::already_so;
  if (alert->status.state != AlertState::firing) return;
  const Incident* incident = core.state.find(alert->status.incident);
  if (incident == nullptr || incident->state == IncidentState::resolved) return;
  out.answer.fate = Fate::done;
  decide(core, Acknowledge{incident->id, step.note}, out);
}

void decide(const Core& core, const Unacknowledge& step, Decision& out) {
  const Incident* incident = target(core, step.incident, out);
  if (incident == nullptr) return;
  if (incident->state != IncidentState::acknowledged) return refuse(out, Refusal::wrong_state);
  out.changes.emplace_back(IncidentUnacknowledged{.incident = incident->id,
                                                  .reason = UnackReason::person,
                                                  .by = std::string(core.context.actor),
                                                  .note = step.note});
}

void decide(const Core& core, const Resolve& step, Decision& out) {
  const Incident* incident = target(core, step.incident, out);
  if (incident == nullptr) return;
  if (incident->state == IncidentState::recovering || incident->state == IncidentState::resolved) {
    return already_so(core, *incident, "", step.note, out);
  }
  out.changes.emplace_back(
      IncidentRecovering{.incident = incident->id,
                         .at = core.now.timeline,
                         .due = core.now.timeline + core.policy.incidents.recovery,
                         .by_person = true,
                         .by = std::string(core.context.actor),
                         .note = step.note});
  end_endless(core, *incident, out.changes);
}

void decide(const Core& core, const Reopen& step, Decision& out) {
  const Incident* incident = target(core, step.incident, out);
  if (incident == nullptr) return;
  if (incident->state != IncidentState::resolved) return refuse(out, Refusal::wrong_state);
  out.changes.emplace_back(reopened(core, *incident, core.context.actor, step.note));
}

void decide(const Core& core, const AddNote& step, Decision& out) {
  const Incident* incident = target(core, step.incident, out);
  if (incident == nullptr) return;
  std::optional<Instant> due;
  if (incident->state == IncidentState::acknowledged) due = ack_due(core, *incident);
  out.changes.emplace_back(
      NoteAdded{incident->id, std::string(core.context.actor), step.text, due});
}

void decide_due(const Core& core, const Incident& incident, Changes& out) {
  switch (incident.state) {
    case IncidentState::acknowledged:
      out.emplace_back(IncidentUnacknowledged{
          .incident = incident.id, .reason = UnackReason::timeout, .by = {}, .note = {}});
      return;
    case IncidentState::recovering:
      // Only a person's resolve recovers while something fires.
      if (incident.firing > 0 && end_endless(core, incident, out)) return;  // Comes again at once.
      if (incident.firing > 0) {
        out.emplace_back(reopened(core, incident, "", ""));
        return;
      }
      out.emplace_back(
          IncidentResolved{.incident = incident.id,
                           .at = core.now.timeline,
                           .due = core.now.timeline + core.policy.incidents.close_after});
      return;
    case IncidentState::resolved:
      out.emplace_back(IncidentClosed{std::make_shared<const Incident>(closed(core, incident))});
      return;
    case IncidentState::triggered:
    case IncidentState::closed:
      return;
  }
}

void on_left(const Core& core, const Incident& incident, Changes& out) {
  const bool open =
      incident.state == IncidentState::triggered || incident.state == IncidentState::acknowledged;
  if (!open || incident.firing > 0) return;
  out.emplace_back(IncidentRecovering{.incident = incident.id,
                                      .at = core.now.timeline,
                                      .due = core.now.timeline + core.policy.incidents.recovery,
                                      .by_person = false,
                                      .by = {},
                                      .note = {}});
}

void on_joined(const Core& core, const Incident& incident, Changes& out) {
  if (incident.state != IncidentState::recovering) return;
  std::optional<Instant> due;
  if (incident.before_recovering == IncidentState::acknowledged) due = ack_due(core, incident);
  out.emplace_back(IncidentRelapsed{incident.id, due});
}

bool may_reopen(const Core& core, const Incident& incident) {
  return incident.state == IncidentState::resolved && incident.resolved_at &&
         core.now.timeline - *incident.resolved_at <= core.policy.incidents.reopen_within;
}

IncidentReopened reopened(const Core& core, const Incident& incident, std::string_view by,
                          std::string_view note) {
  return {.incident = incident.id,
          .by = std::string(by),
          .at = core.now.timeline,
          .note = std::string(note),
          .escalation = escalation::path_of(core, incident).name};
}

}  // namespace tocsin::triage::incident
