#include "triage/severity/severity.h"

namespace tocsin::triage::severity {

void raise_to(const Core& core, const Incident& incident, const Alert& alert,
              const rules::Verdict& verdict, Changes& out) {
  const AlertStatus& status = alert.status;
  if (!is_worse(status.severity, incident.severity)) return;
  const rules::SeverityReason reason = rules::severity_reason(core.policy.rules, verdict);
  out.emplace_back(SeverityRaised{.incident = incident.id,
                                  .from = incident.severity,
                                  .to = status.severity,
                                  .criterion = reason.criterion,
                                  .at = reason.at,
                                  .escalation = status.effects ? status.effects->escalation : ""});
}

}  // namespace tocsin::triage::severity
