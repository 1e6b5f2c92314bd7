#include "triage/escalation/escalation.h"

#include "triage/ledger/ledger.h"
#include "triage/limits.h"

namespace tocsin::triage::escalation {

namespace {
const rules::Service* service_of(const Core& core, const Incident& incident) {
  return core.policy.rules.find_service(incident.service);
}

bool reaches_somebody(const EscalationStep& step) { return !step.channels.empty(); }

bool is_urgent(Severity severity) {
  return severity == Severity::sev1 || severity == Severity::sev2;
}

/// The first step at or after `step` (from 1) that reaches somebody; nothing if there is none.
std::optional<std::uint32_t> first_step(const Escalation& path, std::uint32_t step) {
  for (std::uint32_t at = step; at <= path.steps.size(); ++at) {
    if (reaches_somebody(path.steps[at - 1])) return at;
  }
  return std::nullopt;
}

void exhaust(const Core& core, const Incident& incident, const Escalation& path, Changes& out) {
  std::optional<Instant> again;
  if (is_urgent(incident.severity)) {
    again = core.now.timeline + path.ack_timeout.value_or(kBeginAgain);
  }
  out.emplace_back(EscalationExhausted{incident.id, again, !incident.escalation.exhausted});
}

EscalationStepped stepped(const Core& core, const Incident& incident, const Escalation& path,
                          std::uint32_t step, std::uint32_t round) {
  return {.incident = incident.id,
          .name = path.name,
          .step = step,
          .round = round,
          .event = Event::escalated,
          .next_at = core.now.timeline + path.steps[step - 1].wait,
          .first_round = incident.escalation.first_round,
          .reason = {},
          .only_new = false,
          .fresh = false};
}
}  // namespace

const Escalation& path_for(const Core& core, const Incident& incident) {
  if (const auto* by_rule = core.policy.find_escalation(incident.rule_escalation)) return *by_rule;
  return core.policy.escalation_for(service_of(core, incident), incident.team, incident.severity);
}

const Escalation& path_of(const Core& core, const Incident& incident) {
  if (const auto* named = core.policy.find_escalation(incident.escalation.name)) return *named;
  return path_for(core, incident);
}

void begin(const Core& core, const Incident& incident, const Begin& run, Changes& out) {
  const auto step = first_step(*run.path, 1);
  if (!step) return exhaust(core, incident, *run.path, out);
  EscalationStepped first = stepped(core, incident, *run.path, *step, run.round);
  first.event = run.event;
  first.first_round = run.round;
  first.reason = run.reason;
  first.only_new = run.only_new;
  first.fresh = run.fresh;
  out.emplace_back(std::move(first));
}

void advance(const Core& core, const Incident& incident, Changes& out) {
  const EscalationStatus& at = incident.escalation;
  const Escalation& path = path_of(core, incident);
  const std::uint32_t rounds = static_cast<std::uint32_t>(path.repeat) + 1;
  if (at.step == 0) {  // The path had ended and begins again, or it never reached anybody.
    return begin(core, incident,
                 {.event = Event::escalated,
                  .path = &path,
                  .round = at.round + 1,
                  .reason = {},
                  .only_new = false,
                  .fresh = false},
                 out);
  }
  if (const auto step = first_step(path, at.step + 1)) {
    out.emplace_back(stepped(core, incident, path, *step, at.round));
    return;
  }
  if (at.round - at.first_round + 1 < rounds) {
    if (const auto step = first_step(path, 1)) {
      out.emplace_back(stepped(core, incident, path, *step, at.round + 1));
      return;
    }
  }
  exhaust(core, incident, path, out);
}

void on_severity_raised(const Core& core, const Incident& incident, const SeverityRaised& change,
                        Changes& out) {
  if (incident.state == IncidentState::resolved) return;
  const Escalation& path = path_for(core, incident);
  const bool acknowledged = incident.state == IncidentState::acknowledged;
  const bool urgent = is_urgent(change.to);
  // A path that has run out would be silent: nothing is waited for, or only its next beginning.
  const bool ended = !incident.escalation.next_at || incident.escalation.step == 0;
  if (urgent && (acknowledged || ended || path.name != incident.escalation.name)) {
    if (acknowledged) {
      out.emplace_back(IncidentUnacknowledged{
          .incident = incident.id, .reason = UnackReason::severity, .by = {}, .note = {}});
    }
    std::string reason(to_string(change.from));
    reason.append(" → ")
        .append(to_string(change.to))
        .append(", criterion ")
        .append(change.criterion);
    begin(core, incident,
          {.event = Event::escalated,
           .path = &path,
           .round = incident.escalation.round + 1,
           .reason = std::move(reason),
           .only_new = !ended || acknowledged},
          out);
    return;
  }
  ledger::tell_all(core, incident, Event::updated, out);
}

}  // namespace tocsin::triage::escalation
