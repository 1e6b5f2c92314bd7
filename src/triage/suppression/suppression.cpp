#include "triage/suppression/suppression.h"

#include <utility>

namespace tocsin::triage::suppression {

bool may_hold(const rules::Effects& effects, Severity severity) {
  return severity != Severity::sev1 && effects.hold > Duration::zero();
}

Terms terms_of(const rules::EffectsRef& effects, Severity severity, Instant since, Instant now) {
  if (effects == nullptr) return {};
  if (effects->drop) return {.dropped = true};
  if (!may_hold(*effects, severity) || since + effects->hold <= now) return {};
  return {.dropped = false, .held_until = since + effects->hold};
}

bool withholds(const AlertStatus& status) {
  return status.dropped || status.held_until != Instant{} || status.severity == Severity::none;
}

bool hold_is_over(const AlertStatus& status, Instant now) {
  return status.held_until != Instant{} && status.held_until <= now;
}

void release(const Core& core, const Alert& alert, Changes& out) {
  const auto held = core.state.held_annotations.find(alert.id);
  AlertReleased released{.id = alert.id, .source = alert.status.lease.source};
  if (held != core.state.held_annotations.end()) released.annotations = held->second;
  released.verdict =
      rules::match_decided(core.policy.rules, alert.status.effects, core.state.labels_of(alert),
                           released.annotations, source_of(core.state, alert));
  out.emplace_back(std::move(released));
}

}  // namespace tocsin::triage::suppression
