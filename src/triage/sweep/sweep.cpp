#include "triage/sweep/sweep.h"

#include "triage/correlation/correlation.h"
#include "triage/limits.h"
#include "triage/suppression/suppression.h"

namespace tocsin::triage::sweep {

namespace {
constexpr std::string_view kOwnSource = "tocsin";

// Annotations lie in the store, not in State: what depends on them stays as it was decided.

/// What triage rules decided stays. Severity never falls by itself: only a rise is taken over.
void reevaluate(const Core& core, const Alert& alert, Changes& out) {
  rules::Verdict verdict =
      rules::match_labels(core.policy.rules, rules::Triage::as_decided, alert.status.effects,
                          core.state.labels_of(alert), core.context.source)
          .verdict;
  if (!is_worse(verdict.severity, alert.status.severity)) return;
  out.emplace_back(AlertSeverityRaised{alert.id, verdict.severity, std::move(verdict)});
}

/// Equal if what is kept of them is.
bool same(const rules::EffectsRef& a, const rules::EffectsRef& b) {
  const auto kept = [](const rules::EffectsRef& effects) {
    return effects == nullptr ? Labels() : rules::kept_form(*effects);
  };
  return a == b || kept(a) == kept(b);
}

void reapply(const Core& core, const Alert& alert, Changes& out) {
  const AlertStatus& status = alert.status;
  rules::LabelVerdict anew =
      rules::match_labels(core.policy.rules, rules::Triage::anew, status.effects,
                          core.state.labels_of(alert), core.context.source);
  rules::Verdict& verdict = anew.verdict;
  if (anew.may_be_worse && is_worse(status.severity, verdict.severity)) {
    verdict.severity = status.severity;
  }
  suppression::Terms terms = suppression::terms_of(verdict.effects, verdict.severity,
                                                   status.received_at, core.now.timeline);
  const bool counts = core.state.find(status.incident) != nullptr;
  const bool wanted = verdict.severity != Severity::none && !terms.dropped;
  const bool stays =
      counts && wanted && !anew.group_is_sure ? true : correlation::stays(core, alert, verdict);
  // What counts in an incident already is not held up.
  if (counts && wanted) terms.held_until = Instant{};
  const bool joins = !counts && wanted && terms.held_until == Instant{};
  const bool unchanged = verdict.severity == status.severity &&
                         verdict.rules_hash == status.rules_hash &&
                         terms.dropped == status.dropped && terms.held_until == status.held_until &&
                         same(verdict.effects, status.effects);
  if (unchanged && stays && !joins) return;
  out.emplace_back(AlertReapplied{.id = alert.id,
                                  .severity = verdict.severity,
                                  .rules_hash = verdict.rules_hash,
                                  .left = stays ? IncidentId{} : status.incident,
                                  .effects = verdict.effects,
                                  .dropped = terms.dropped,
                                  .held_until = terms.held_until,
                                  .verdict = verdict});
}
}  // namespace

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
