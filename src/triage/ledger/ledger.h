#pragma once

#include "triage/core.h"

/// The ledger: which pages are owed, to whom, and what became of them.
namespace tocsin::triage::ledger {

/// "INC-42/1/incident.escalated/1/2/channel:ops": incident, cycle, event, round, step, contact;
/// `.updated` and pages for a risen severity add "/v<version>" (PRODUCT.md section 7).
std::string page_key(const Incident&, Event, std::uint32_t round, std::uint32_t step,
                     std::string_view channel, bool with_version);

/// The pages of a step that begins, and of a path that ended.
void on_stepped(const Core&, const Incident&, const EscalationStepped&, Changes& out);
void on_exhausted(const Core&, const Incident&, const EscalationExhausted&, Changes& out);

/// A page to every channel that was told of the trouble.
void tell_all(const Core&, const Incident&, Event, Changes& out);

/// Acknowledged: what was not yet said about the trouble need not be said any more.
void on_acknowledged(const Core&, const Incident&, Changes& out);
/// Resolved: everything still owed is outdated but the news of the end.
void on_resolved(const Core&, const Incident&, Changes& out);
/// A channel may have learned of the trouble after it was acknowledged or over.
void on_told(const Core&, const Incident&, const ChannelTold&, Changes& out);
/// A page failed: if the whole step did, the next one need not wait.
void on_failed(const Core&, const PageFailed&, Changes& out);

void decide(const Core&, const PageAttempted&, Decision& out);
/// After a restart: trouble pages that may have left and are not needed any more.
void on_restarted(const Core&, Changes& out);

}  // namespace tocsin::triage::ledger
