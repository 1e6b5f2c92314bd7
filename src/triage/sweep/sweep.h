#pragma once

#include <string_view>

#include "triage/core.h"

/// Large work in small parts: firing alerts looked at again under another policy.
namespace tocsin::triage::sweep {

/// One part, and where to go on.
void decide(const Core&, Changes& out);

/// The source that vouches for the alert; "" if it is not known.
std::string_view source_of(const State&, const Alert&);

}  // namespace tocsin::triage::sweep
