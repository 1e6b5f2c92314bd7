#pragma once

#include "triage/core.h"

/// The state table of PRODUCT.md section 6.
namespace tocsin::triage::incident {

void decide(const Core&, const Acknowledge&, Decision& out);
void decide(const Core&, const Unacknowledge&, Decision& out);
void decide(const Core&, const Resolve&, Decision& out);
void decide(const Core&, const Reopen&, Decision& out);
void decide(const Core&, const AddNote&, Decision& out);
void decide(const Core&, const AcknowledgeAlert&, Decision& out);

/// The incident's own timer is due: ack_timeout, the end of recovery, or close_after.
void decide_due(const Core&, const Incident&, Changes& out);

/// An alert of the incident fires no longer.
void on_left(const Core&, const Incident&, Changes& out);
/// An alert fires (again) in the incident.
void on_joined(const Core&, const Incident&, Changes& out);

/// True for a resolved incident that a new occurrence still reopens.
bool may_reopen(const Core&, const Incident&);
IncidentReopened reopened(const Core&, const Incident&, std::string_view by, std::string_view note);

/// When an acknowledgement given now would lapse, if ever.
std::optional<Instant> ack_due(const Core&, const Incident&);

}  // namespace tocsin::triage::incident
