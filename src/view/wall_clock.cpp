#include <algorithm>

#include "tocsin/view/view.h"

namespace tocsin::view {
namespace {

/// "Never happened" and "never" stay what they are.
void shift(Instant& at, Duration offset) {
  if (at != Instant{} && at != triage::kNever) at += offset;
}
void shift(std::optional<Instant>& at, Duration offset) {
  if (at) shift(*at, offset);
}

}  // namespace

void to_wall_clock(triage::Incident& incident, Duration offset) {
  for (Instant* at : {&incident.detected_at, &incident.triaged_at, &incident.last_joined}) {
    shift(*at, offset);
  }
  for (std::optional<Instant>* at :
       {&incident.acknowledged_at, &incident.recovering_at, &incident.resolved_at,
        &incident.closed_at, &incident.due, &incident.escalation.next_at}) {
    shift(*at, offset);
  }
  incident.started_at = std::min(incident.started_at, incident.detected_at);
}

void to_wall_clock(store::AlertRow& alert, Duration offset) {
  triage::AlertStatus& status = alert.status;
  for (Instant* at :
       {&status.received_at, &status.ended_at, &status.lease.ends, &status.lease.renewed}) {
    shift(*at, offset);
  }
  for (triage::Lease& lease : status.more_leases) shift(lease.ends, offset);
}

void set_lease(store::AlertRow& alert, Instant ends) {
  alert.status.lease.ends = ends;
  alert.status.more_leases.clear();
}

}  // namespace tocsin::view
