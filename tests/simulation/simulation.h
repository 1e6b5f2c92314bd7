#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "simulation/coverage.h"
#include "tocsin/store/store.h"

/// One seed: the real core, pipeline and SQLite store, simulated senders, people, destinations,
/// clocks, disk and crashes, and an oracle that knows only what the outside was told.
namespace tocsin::simulation {

struct Options {
  std::uint64_t seed = 1;
  int steps = 200;               ///< At least so many are sent, with at least one crash.
  bool verbose = false;          ///< Prints the trace as it grows.
  bool compares_digests = true;  ///< I10; off to see what the other invariants find alone.
  /// Puts another store in front of the real one: how the permanent tests plant a fault.
  std::function<std::unique_ptr<store::Store>(std::unique_ptr<store::Store>)> disguise{};
};

struct Verdict {
  std::uint64_t seed = 0;
  bool passed = false;
  std::string violation;
  std::vector<std::string> last_events;  ///< What happened before the violation.
  std::uint64_t digest = 0;              ///< Of the whole trace: equal seeds give equal digests.
  int steps = 0;
  int crashes = 0;
  Coverage coverage;
};

Verdict simulate(const Options&);

}  // namespace tocsin::simulation
