#pragma once

#include "triage/core.h"

/// How severe an incident is: the worst of its alerts, and what a rise sets off.
namespace tocsin::triage::severity {

/// An alert of the incident fires with this severity: raises the incident's if it is worse.
/// `verdict` says why.
void raise_to(const Core&, const Incident&, const Alert&, const rules::Verdict& verdict,
              Changes& out);

}  // namespace tocsin::triage::severity
