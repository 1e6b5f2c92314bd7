#pragma once

#include "tocsin/triage/triage.h"

namespace tocsin::triage {

/// What every decision reads. Nothing here may be written through.
struct Core {
  const State& state;
  const Policy& policy;
  const Context& context;
  Now now;
};

/// Fills a decision's answer with a refusal.
inline void refuse(Decision& out, Refusal refusal) {
  out.answer.fate = Fate::refused;
  out.answer.refusal = refusal;
}

}  // namespace tocsin::triage
