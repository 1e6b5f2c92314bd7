#pragma once

#include "triage/core.h"

/// Whether an alert that fires is withheld: it is stored and shown, opens nothing, joins nothing
/// and counts for nothing.
namespace tocsin::triage::suppression {

/// How long and why triage rules withhold an occurrence.
struct Terms {
  bool dropped = false;
  Instant held_until{};  ///< Epoch = not held.
};
/// `since`: when the occurrence began.
Terms terms_of(const rules::EffectsRef&, Severity, Instant since, Instant now);

/// Whether such a hold applies to a severity at all: a SEV-1 is never held.
bool may_hold(const rules::Effects&, Severity);

bool withholds(const AlertStatus&);

/// The time of a held alert is over.
bool hold_is_over(const AlertStatus&, Instant now);

/// The time of a held alert that fires is over: from now on it counts.
void release(const Core&, const Alert&, Changes& out);

}  // namespace tocsin::triage::suppression
