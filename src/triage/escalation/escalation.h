#pragma once

#include "triage/core.h"

/// The ordered steps of targets and waits, until somebody acknowledges.
namespace tocsin::triage::escalation {

/// The path an incident should take: the one a triage rule chose for it, else the one its service,
/// team and severity select today.
const Escalation& path_for(const Core&, const Incident&);

/// The path an incident is on: the one it names while the policy still has it, else path_for().
const Escalation& path_of(const Core&, const Incident&);

struct Begin {
  Event event = Event::triggered;
  const Escalation* path = nullptr;
  std::uint32_t round = 1;
  std::string reason;
  bool only_new = false;
  bool fresh = true;  ///< A run of its own, at whose end the fallback is paged again.
};
/// Step 1 of a run; steps that reach nobody are passed over.
void begin(const Core&, const Incident&, const Begin&, Changes& out);

/// The wait is over (or every page of the step failed): the next step, round, or the end.
void advance(const Core&, const Incident&, Changes& out);

/// What a risen severity sets off, beyond the rise itself.
void on_severity_raised(const Core&, const Incident&, const SeverityRaised&, Changes& out);

}  // namespace tocsin::triage::escalation
