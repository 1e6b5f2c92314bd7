#include "telemetry/tally.h"

namespace tocsin::telemetry {

bool IncidentTally::advance(const triage::State& state) {
  std::size_t looked_at = 0;
  const auto& incidents = state.incidents.in_order();
  for (auto it = incidents.upper_bound(last_); it != incidents.end(); ++it) {
    if (looked_at++ == kPerCall) return false;
    const triage::Incident& incident = it->second;
    const auto severity = static_cast<std::size_t>(incident.severity) - 1;
    ++open_round_.at(static_cast<std::size_t>(incident.state)).at(severity);
    last_ = it->first;
  }
  complete_ = open_round_;
  open_round_ = {};
  last_ = {};
  return true;
}

}  // namespace tocsin::telemetry
