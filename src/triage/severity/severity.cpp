#include "triage/severity/severity.h"

namespace tocsin::triage::severity {

void raise_to(const Core& core, const Incident& incident, const Alert& alert,
              LabelsView annotations, Changes& out) {
  if (!is_worse(alert.status.severity, incident.severity)) return;
  const rules::Verdict verdict =
      rules::match(core.policy.rules, alert.labels, annotations, core.context.source);
  const rules::SeverityReason reason = rules::severity_reason(core.policy.rules, verdict);
  out.emplace_back(SeverityRaised{.incident = incident.id,
                                  .from = incident.severity,
                                  .to = alert.status.severity,
                                  .criterion = reason.criterion,
                                  .at = reason.at});
}

}  // namespace tocsin::triage::severity
