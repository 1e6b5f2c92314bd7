#include "config/policy_reader.h"

namespace tocsin::config {

void read_incidents(const Value& value, PolicyDraft& draft) {
  if (!is_only_one(value, draft.incidents_at, draft.report)) return;
  triage::IncidentTimes& times = draft.policy.incidents;
  Section section(value);
  section.duration("recovery", times.recovery, Duration::zero());
  section.duration("reopen_within", times.reopen_within, Duration::zero());
  section.duration("close_after", times.close_after, Duration::zero());
}

}  // namespace tocsin::config
