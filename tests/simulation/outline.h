#pragma once

#include <string>

#include "tocsin/triage/change.h"
#include "tocsin/triage/step.h"

namespace tocsin::simulation {

// One line each, for the trace.
std::string outline(const triage::Delivery&);
std::string outline(const triage::StepAnswer&);
std::string outline(const triage::Change&);

}  // namespace tocsin::simulation
