#include "triage/severity/severity.h"

#include "triage/limits.h"

namespace tocsin::triage::severity {

void raise_to(const Core& core, const Incident& incident, const Alert& alert,
              LabelsView annotations, Changes& out) {
  if (!is_worse(alert.status.severity, incident.severity)) return;
  const rules::Verdict verdict =
      rules::match(core.policy.rules, alert.labels, annotations, core.context.source);
  const rules::SeverityReason reason = rules::severity_reason(core.policy.rules, verdict);
  out.emplace_back(SeverityRaised{.incident = incident.id,
                                  .from = incident.severity,
                                  .to = alert.status.severity,
                                  .criterion = reason.criterion,
                                  .at = reason.at});
}

void decide_sweep(const Core& core, Changes& out) {
  const State& state = core.state;
  std::uint64_t slot = state.sweep.next;
  std::uint64_t looked_at = 0;
  std::uint64_t matched = 0;
  for (; slot < state.slots() && looked_at < kSweepSlots && matched < kSweepAlerts;
       ++slot, ++looked_at) {
    const Alert& alert = state.at(static_cast<std::uint32_t>(slot));
    if (!alert.id || alert.status.state != AlertState::firing) continue;
    if (alert.status.rules_hash == core.policy.rules.hash) continue;
    ++matched;
    const std::string_view source = alert.status.lease.source < state.sources.size()
                                        ? std::string_view(state.sources[alert.status.lease.source])
                                        : std::string_view();
    if (source == "tocsin") continue;
    const rules::Verdict verdict = rules::match(core.policy.rules, alert.labels, {}, source);
    if (!is_worse(verdict.severity, alert.status.severity)) continue;
    out.emplace_back(AlertSeverityRaised{alert.id, verdict.severity, verdict.rules_hash});
  }
  Sweep next = state.sweep;
  next.next = slot;
  next.due = core.now.timeline + kSweepPause;
  if (slot >= state.slots()) next = Sweep{};
  out.emplace_back(SweepAdvanced{next});
}

}  // namespace tocsin::triage::severity
