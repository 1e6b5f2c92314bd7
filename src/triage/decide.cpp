#include "tocsin/base/check.h"
#include "tocsin/base/overloaded.h"
#include "triage/dedup/dedup.h"
#include "triage/escalation/escalation.h"
#include "triage/idempotency/idempotency.h"
#include "triage/incident/incident.h"
#include "triage/ledger/ledger.h"
#include "triage/sweep/sweep.h"

namespace tocsin::triage {

namespace {
/// The first due deadline. Callers repeat it while due(), so that every deadline sees the state
/// after the one before it.
void decide_tick(const Core& core, Decision& out) {
  const std::optional<Deadline> first = core.state.first_deadline();
  if (!first || first->at > core.now.timeline) return;
  switch (first->kind) {
    case DeadlineKind::lease:
      return dedup::decide_lease(core, *first, out.changes);
    case DeadlineKind::incident: {
      const Incident* incident = core.state.find(IncidentId{first->id});
      CHECK(incident != nullptr);
      return incident::decide_due(core, *incident, out.changes);
    }
    case DeadlineKind::escalation: {
      const Incident* incident = core.state.find(IncidentId{first->id});
      CHECK(incident != nullptr);
      return escalation::advance(core, *incident, out.changes);
    }
    case DeadlineKind::sweep:
      return sweep::decide(core, out.changes);
  }
}

/// Another rule set, or the wish to have everything decided anew, begins a sweep; one that decides
/// anew goes on, from its beginning, by the newer rules.
void replace_policy(const Core& core, bool reapply, Changes& out) {
  const bool other = core.state.rules_hash != core.policy.rules.hash;
  if (!other && !reapply) return;
  PolicyReplaced replaced{.rules_hash = core.policy.rules.hash, .at = core.now.timeline};
  const bool was_reapplying = core.state.sweep.kind == Sweep::Kind::reapply;
  if (core.state.rules_hash != 0) {
    replaced.sweep =
        reapply || was_reapplying ? Sweep::Kind::reapply : Sweep::Kind::reevaluate_severity;
  }
  out.emplace_back(replaced);
}
}  // namespace

void decide(const State& state, const Policy& policy, const Step& step, const Context& context,
            Now now, Decision& out) {
  const Core core{state, policy, context, now};
  if (context.idempotency && idempotency::recall(core, out)) return;
  std::visit(
      Overloaded{
          [&](const ReportAlert& report) { dedup::decide(core, report, out); },
          [&](const Acknowledge& action) { incident::decide(core, action, out); },
          [&](const Unacknowledge& action) { incident::decide(core, action, out); },
          [&](const Resolve& action) { incident::decide(core, action, out); },
          [&](const Reopen& action) { incident::decide(core, action, out); },
          [&](const AddNote& action) { incident::decide(core, action, out); },
          [&](const Tick&) { decide_tick(core, out); },
          [&](const PageAttempted& attempt) { ledger::decide(core, attempt, out); },
          [&](const Restarted&) {
            out.changes.emplace_back(DaemonRestarted{now.timeline});
            replace_policy(core, false, out.changes);
          },
          [&](const ReplacePolicy& other) { replace_policy(core, other.reapply, out.changes); },
          [&](const ClockStepped& clock) { out.changes.emplace_back(ClockStepNoted{clock.by}); },
          [&](const SpaceChanged& space) {
            if (space.low != state.low_space) out.changes.emplace_back(SpaceNoted{space.low});
          },
          [&](const AcknowledgeAlert& action) { incident::decide(core, action, out); },
      },
      step);
  if (context.idempotency) idempotency::remember(core, out);
}

bool knows_all(const State& state, const Delivery& delivery) {
  for (const Step& step : delivery.steps) {
    const auto* report = std::get_if<ReportAlert>(&step);
    if (report != nullptr && !report->report.has_labels && !state.slot_of(report->report.key)) {
      return false;
    }
  }
  return true;
}

std::optional<Instant> next_deadline(const State& state) {
  std::optional<Instant> next;
  if (const auto first = state.first_deadline()) next = first->at;
  if (!state.page_times().empty()) {
    const Instant page = state.page_times().begin()->first;
    if (!next || page < *next) next = page;
  }
  return next;
}

bool due(const State& state, Now now) {
  const auto first = state.first_deadline();
  return first && first->at <= now.timeline;
}

std::vector<PageId> due_pages(const State& state, Now now, std::size_t limit) {
  std::vector<PageId> pages;
  for (const auto& [at, id] : state.page_times()) {
    if (at > now.timeline || pages.size() >= limit) break;
    pages.push_back(id);
  }
  return pages;
}

}  // namespace tocsin::triage
