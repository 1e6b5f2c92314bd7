#include "tocsin/base/overloaded.h"
#include "triage/correlation/correlation.h"
#include "triage/escalation/escalation.h"
#include "triage/incident/incident.h"
#include "triage/ledger/ledger.h"
#include "triage/severity/severity.h"
#include "triage/sweep/sweep.h"

namespace tocsin::triage {

namespace {
/// Calls `then` with the incident if it is still in memory.
template <class Then>
void with(const Core& core, IncidentId id, Then then) {
  if (const Incident* incident = core.state.find(id)) then(*incident);
}

void begin(const Core& core, const Incident& incident, Event event, std::uint32_t round,
           Changes& out) {
  escalation::begin(
      core, incident,
      {.event = event, .path = &escalation::path_of(core, incident), .round = round, .reason = {}},
      out);
}

/// The incident a firing or formerly firing alert counts in.
void raise(const Core& core, AlertId id, const rules::Verdict& verdict, Changes& out) {
  const Alert* alert = core.state.find(id);
  if (alert == nullptr) return;
  with(core, alert->status.incident,
       [&](const Incident& incident) { severity::raise_to(core, incident, *alert, verdict, out); });
}

/// On behalf of the source that reported the alert.
Context context_of(const Core& core, const Alert& alert) {
  return {.source = source_of(core.state, alert), .actor = core.context.actor};
}

void on_raised(const Core& core, const AlertSeverityRaised& raised, Changes& out) {
  const Alert& alert = *core.state.find(raised.id);
  if (core.state.find(alert.status.incident) != nullptr) {
    return raise(core, raised.id, raised.verdict, out);
  }
  // It opened nothing so far: its severity said so, or a rule that never holds a SEV-1.
  const Context context = context_of(core, alert);
  correlation::on_fired({core.state, core.policy, context, core.now}, alert, {}, raised.verdict,
                        out);
}

void on_released(const Core& core, const AlertReleased& released, Changes& out) {
  const Alert& alert = *core.state.find(released.id);
  const Context context = context_of(core, alert);
  correlation::on_fired({core.state, core.policy, context, core.now}, alert, released.annotations,
                        released.verdict, out);
}

void on_reapplied(const Core& core, const AlertReapplied& anew, Changes& out) {
  const Alert& alert = *core.state.find(anew.id);
  const Context context = context_of(core, alert);
  const Core by_source{core.state, core.policy, context, core.now};
  with(core, anew.left, [&](const Incident& incident) { incident::on_left(core, incident, out); });
  if (core.state.find(alert.status.incident) != nullptr) {
    return raise(by_source, anew.id, anew.verdict, out);
  }
  correlation::on_left(by_source, alert, anew.verdict, out);
}

void on_relabelled(const Core& core, const AlertRelabelled& other, Changes& out) {
  const Alert& alert = *core.state.find(other.id);
  if (alert.status.state != AlertState::firing) return;
  const Incident* incident = core.state.find(alert.status.incident);
  if (incident == nullptr) {  // It opened nothing so far.
    return correlation::on_fired(core, alert, other.annotations, other.verdict, out);
  }
  severity::raise_to(core, *incident, alert, other.verdict, out);
}

void on_ended(const Core& core, const AlertEnded& ended, Changes& out) {
  with(core, core.state.find(ended.id)->status.incident, [&](const Incident& incident) {
    out.emplace_back(AlertLeftFiring{incident.id, ended.id, ended.by});
  });
}

void on_unacknowledged(const Core& core, const IncidentUnacknowledged& back, Changes& out) {
  if (back.reason == UnackReason::severity) return;  // Its cause begins the path itself.
  const Incident& incident = *core.state.find(back.incident);
  begin(core, incident, Event::escalated, incident.escalation.round + 1, out);
}
}  // namespace

void react(const State& state, const Policy& policy, const Change& change, const Context& context,
           Now now, Changes& out) {
  const Core core{state, policy, context, now};
  std::visit(
      Overloaded{
          [&](const AlertOpened& opened) {
            if (opened.status.state != AlertState::firing) return;
            correlation::on_opened(core, *state.find(opened.id), opened.labels, opened.annotations,
                                   opened.verdict, out);
          },
          [&](const AlertFired& fired) {
            const Alert& alert = *state.find(fired.id);
            if (fired.continued) {
              return correlation::on_continued(core, alert, fired.annotations, fired.verdict, out);
            }
            correlation::on_fired(core, alert, fired.annotations, fired.verdict, out);
          },
          [&](const AlertEnded& ended) { on_ended(core, ended, out); },
          [&](const AlertLeftFiring& left) {
            with(core, left.incident,
                 [&](const Incident& incident) { incident::on_left(core, incident, out); });
          },
          [&](const AlertJoined& joined) {
            with(core, joined.incident,
                 [&](const Incident& incident) { incident::on_joined(core, incident, out); });
            raise(core, joined.alert, joined.verdict, out);
          },
          [&](const AlertSeverityRaised& raised) { on_raised(core, raised, out); },
          [&](const AlertReleased& released) { on_released(core, released, out); },
          [&](const AlertReapplied& anew) { on_reapplied(core, anew, out); },
          [&](const AlertRelabelled& other) { on_relabelled(core, other, out); },
          [&](const SeverityRaised& raised) {
            with(core, raised.incident, [&](const Incident& incident) {
              escalation::on_severity_raised(core, incident, raised, out);
            });
          },
          [&](const IncidentOpened& opened) {
            begin(core, *state.find(opened.incident->id), Event::triggered, 1, out);
          },
          [&](const IncidentReopened& reopened) {
            begin(core, *state.find(reopened.incident), Event::reopened, 1, out);
          },
          [&](const IncidentAcknowledged& acknowledged) {
            with(core, acknowledged.incident,
                 [&](const Incident& incident) { ledger::on_acknowledged(core, incident, out); });
          },
          [&](const IncidentUnacknowledged& back) { on_unacknowledged(core, back, out); },
          [&](const IncidentResolved& resolved) {
            with(core, resolved.incident,
                 [&](const Incident& incident) { ledger::on_resolved(core, incident, out); });
          },
          [&](const EscalationStepped& stepped) {
            ledger::on_stepped(core, *state.find(stepped.incident), stepped, out);
          },
          [&](const EscalationExhausted& exhausted) {
            ledger::on_exhausted(core, *state.find(exhausted.incident), exhausted, out);
          },
          [&](const ChannelTold& told) {
            with(core, told.incident,
                 [&](const Incident& incident) { ledger::on_told(core, incident, told, out); });
          },
          [&](const PageFailed& failed) { ledger::on_failed(core, failed, out); },
          [&](const DaemonRestarted&) { ledger::on_restarted(core, out); },
          [](const auto&) {},
      },
      change);
}

}  // namespace tocsin::triage
