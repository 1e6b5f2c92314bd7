#include "tocsin/triage/policy.h"

#include <algorithm>

#include "tocsin/base/check.h"

namespace tocsin::triage {

const Escalation* Policy::find_escalation(std::string_view name) const {
  const auto found = std::ranges::lower_bound(escalations, name, {}, &Escalation::name);
  return found != escalations.end() && found->name == name ? &*found : nullptr;
}

const Escalation& Policy::escalation_for(const rules::Service* service, std::string_view team,
                                         Severity severity) const {
  if (service != nullptr) {
    if (const auto* own = find_escalation(rules::escalation_of(*service, severity))) return *own;
  }
  if (const auto* teams = find_escalation(team)) return *teams;
  const Escalation* fallback_path = find_escalation("default");
  CHECK(fallback_path != nullptr);  // The reader makes one when no file defines it.
  return *fallback_path;
}

const Escalation& Policy::escalation_for(const rules::Subject& subject, Severity severity) const {
  if (subject.effects != nullptr) {
    if (const auto* chosen = find_escalation(subject.effects->escalation)) return *chosen;
  }
  return escalation_for(subject.service, subject.value_of("team"), severity);
}

}  // namespace tocsin::triage
