#include "simulation/simulation.h"

#include "simulation/violation.h"
#include "simulation/world.h"

namespace tocsin::simulation {

Verdict simulate(const Options& options) {
  Verdict verdict;
  verdict.seed = options.seed;
  World world(options);
  try {
    world.run();
    verdict.passed = true;
  } catch (const Violation& violation) {
    verdict.violation = violation.text;
    verdict.last_events = world.trace().last();
  }
  world.count_disk_operations();
  verdict.digest = world.trace().digest();
  verdict.steps = world.steps();
  verdict.crashes = world.crashes();
  verdict.coverage = world.coverage();
  return verdict;
}

}  // namespace tocsin::simulation
