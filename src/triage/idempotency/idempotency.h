#pragma once

#include "triage/core.h"

/// Actions that come again under their Idempotency-Key are answered as the first time, and nothing
/// is done: kPastAnswersMax of them, for kPastAnswerLife. REQUIRES: core.context.idempotency.
namespace tocsin::triage::idempotency {

/// True if the action was done before, or its key stands for another one: `out` holds the answer.
bool recall(const Core&, Decision& out);

/// The action was decided: what was done is remembered, what was refused may be tried again.
void remember(const Core&, Decision& out);

}  // namespace tocsin::triage::idempotency
