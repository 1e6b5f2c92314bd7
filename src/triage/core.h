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

/// The source that vouches for the alert; "" if it is not known.
inline std::string_view source_of(const State& state, const Alert& alert) {
  const std::uint16_t source = alert.status.lease.source;
  return source < state.sources.size() ? std::string_view(state.sources[source])
                                       : std::string_view();
}

/// Fills a decision's answer with a refusal.
inline void refuse(Decision& out, Refusal refusal) {
  out.answer.fate = Fate::refused;
  out.answer.refusal = refusal;
}

}  // namespace tocsin::triage
