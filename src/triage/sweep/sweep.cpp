#include "triage/sweep/sweep.h"

#include "triage/correlation/correlation.h"
#include "triage/limits.h"

namespace tocsin::triage::sweep {

namespace {
constexpr std::string_view kOwnSource = "tocsin";

// Annotations lie in the store, not in State: what depends on them stays as it was decided.

/// Severity never falls by itself: only a rise is taken over.
void reevaluate(const Core& core, const Alert& alert, Changes& out) {
  const rules::Verdict verdict =
      rules::match_labels(core.policy.rules, alert.labels, core.context.source).verdict;
  if (!is_worse(verdict.severity, alert.status.severity)) return;
  out.emplace_back(AlertSeverityRaised{alert.id, verdict.severity, verdict.rules_hash});
}

void reapply(const Core& core, const Alert& alert, Changes& out) {
  rules::LabelVerdict anew =
      rules::match_labels(core.policy.rules, alert.labels, core.context.source);
  rules::Verdict& verdict = anew.verdict;
  if (anew.may_be_worse && is_worse(alert.status.severity, verdict.severity)) {
    verdict.severity = alert.status.severity;
  }
  const bool counts = core.state.find(alert.status.incident) != nullptr;
  const bool wanted = verdict.severity != Severity::none;
  const bool stays =
      counts && wanted && !anew.group_is_sure ? true : correlation::stays(core, alert, verdict);
  const bool joins = !counts && wanted;
  const bool same =
      verdict.severity == alert.status.severity && verdict.rules_hash == alert.status.rules_hash;
  if (same && stays && !joins) return;
  out.emplace_back(AlertReapplied{.id = alert.id,
                                  .severity = verdict.severity,
                                  .rules_hash = verdict.rules_hash,
                                  .left = stays ? IncidentId{} : alert.status.incident,
                                  .verdict = verdict});
}
}  // namespace

std::string_view source_of(const State& state, const Alert& alert) {
  const std::uint16_t source = alert.status.lease.source;
  return source < state.sources.size() ? std::string_view(state.sources[source])
                                       : std::string_view();
}

void decide(const Core& core, Changes& out) {
  const State& state = core.state;
  const bool anew = state.sweep.kind == Sweep::Kind::reapply;
  std::uint64_t slot = state.sweep.next;
  std::uint64_t looked_at = 0;
  std::uint64_t matched = 0;
  for (; slot < state.slots() && looked_at < kSweepSlots && matched < kSweepAlerts;
       ++slot, ++looked_at) {
    const Alert& alert = state.at(static_cast<std::uint32_t>(slot));
    if (!alert.id || alert.status.state != AlertState::firing) continue;
    if (!anew && alert.status.rules_hash == core.policy.rules.hash) continue;
    ++matched;
    const Context context{.source = source_of(state, alert), .actor = core.context.actor};
    if (context.source == kOwnSource) continue;  // No rule decides about these.
    const Core by_source{state, core.policy, context, core.now};
    anew ? reapply(by_source, alert, out) : reevaluate(by_source, alert, out);
  }
  Sweep next = state.sweep;
  next.next = slot;
  next.due = core.now.timeline + kSweepPause;
  if (slot >= state.slots()) next = Sweep{};
  out.emplace_back(SweepAdvanced{next});
}

}  // namespace tocsin::triage::sweep
