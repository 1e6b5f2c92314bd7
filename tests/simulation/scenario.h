#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "simulation/coverage.h"
#include "simulation/random.h"
#include "tocsin/pipeline/pipeline.h"
#include "tocsin/triage/policy.h"

namespace tocsin::simulation {

/// What one seed is about: drawn before anything happens.
struct Scenario {
  std::uint64_t seed = 0;
  int steps = 200;  ///< At least so many steps are sent.
  std::size_t late_rows_above = 64;  ///< See store::StoreOptions.
  int crashes = 1;  ///< At least so many times the process ends unasked.
  std::bitset<static_cast<std::size_t>(Fault::kCount)> faults;
  std::size_t alerts = 10;  ///< Distinct alerts the senders know.
  unsigned haste = 80;      ///< Percent of turns in which core and commit run at once.
  std::uint64_t active_alerts_max = 1000;
  pipeline::Limits limits;
  bool allows(Fault fault) const { return faults[static_cast<std::size_t>(fault)]; }
};
Scenario scenario_of(std::uint64_t seed, int steps);

/// The number of policies a seed may switch between.
inline constexpr int kPolicies = 3;
/// A policy built in code, the same for the same scenario and variant. Variants differ in severity
/// criteria, correlation and the default escalation.
std::shared_ptr<const triage::Policy> policy_of(const Scenario&, int variant);

/// All channels that some policy pages.
const std::vector<std::string>& channels();

/// How long after faults have stopped nothing may be owed any more: the longest back-off (60 s and
/// a fifth), the longest Retry-After that is honoured (5 min), and a minute of attempts.
inline constexpr Duration kOwedBound = std::chrono::minutes(8);
/// The longest a path of any policy runs until its fallback is paged.
Duration longest_path(const triage::Policy&);

}  // namespace tocsin::simulation
