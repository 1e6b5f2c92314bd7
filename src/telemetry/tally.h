#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tocsin/triage/triage.h"

namespace tocsin::telemetry {

/// Counts open incidents by state and severity, a bounded number per call, so that the core's
/// thread is never held up: a million incidents take a hundred calls.
class IncidentTally {
 public:
  static constexpr std::size_t kPerCall = 10'000;
  /// [state][severity - 1]; `closed` and severity `none` stay 0.
  using Counts = std::array<std::array<std::uint64_t, 5>, 5>;

  /// Goes on counting. True when a round is complete and counts() is new.
  bool advance(const triage::State&);
  const Counts& counts() const { return complete_; }

 private:
  Counts complete_{};
  Counts open_round_{};
  IncidentId last_{};
};

}  // namespace tocsin::telemetry
