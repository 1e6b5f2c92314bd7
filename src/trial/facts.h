#pragma once

#include <string>
#include <string_view>

#include "trial/world.h"

namespace tocsin::trial {

// What is so, under the names that expectations use. Nothing is "none"; a label that is not there
// is "".

std::string fact_of(const World&, const Reported&, std::string_view name);
std::string fact_of(const triage::Incident&, std::string_view name);
std::string fact_of(const Attempt&, std::string_view name);

/// Why, where a fact alone would leave the reader guessing; "" otherwise.
std::string reason_of(const World&, const Reported&, std::string_view name);
std::string reason_of(const triage::Incident&, std::string_view name);

/// "log triggered INC-1 (step 1, round 1)"
std::string shown(const Attempt&);

}  // namespace tocsin::trial
