#pragma once

#include "triage/core.h"

/// Reports and leases: which alert a report is about, whether it is new, a refresh, an end, late.
namespace tocsin::triage::dedup {

void decide(const Core&, const ReportAlert&, Decision& out);

/// The entry at the front of the lease heap is due.
void decide_lease(const Core&, const Deadline& entry, Changes& out);

}  // namespace tocsin::triage::dedup
