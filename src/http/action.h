#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string_view>

#include "http/routes.h"
#include "tocsin/triage/step.h"

namespace tocsin::http {

/// "INC-42" or "42".
std::optional<IncidentId> parse_incident_id(std::string_view);

/// A person's action as a delivery, or why it is none.
std::expected<std::unique_ptr<triage::Delivery>, Response> read_action(const Site&, const Request&);

/// What is sent when the core has answered: the incident as the store now has it, or the refusal
/// in words. On a read thread.
Response action_response(Site&, store::Reader*, const Request&, IncidentId, triage::StepAnswer);

}  // namespace tocsin::http
