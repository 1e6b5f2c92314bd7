#pragma once

#include "triage/core.h"

/// Large work in small parts: firing alerts looked at again under another policy.
namespace tocsin::triage::sweep {

/// One part, and where to go on.
void decide(const Core&, Changes& out);

}  // namespace tocsin::triage::sweep
