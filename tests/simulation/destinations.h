#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "simulation/coverage.h"
#include "simulation/random.h"
#include "simulation/scenario.h"
#include "tocsin/triage/state.h"
#include "tocsin/triage/step.h"

namespace tocsin::simulation {

/// One attempt at one page: what the destination did and what Tocsin will hear of it.
struct Attempt {
  triage::PageAttempted outcome;
  Duration takes{};
  bool arrived = false;  ///< The destination has the message, whatever it answered.
};

/// The places pages go to. They remember what arrived: it is their word that counts at the end.
class Destinations {
 public:
  Destinations(const Scenario&, Random, Coverage&);

  Attempt attempt(const triage::Page&, Instant now);
  /// A channel may go away for a while.
  void maybe_outage(Instant now);
  /// Every channel works from now on.
  void heal();

  /// The key arrived at least once.
  bool has(const std::string& key) const { return arrived_.contains(key); }
  /// A page of this event arrived at the channel for the incident in this cycle or a later one.
  bool told(IncidentId, const std::string& channel, triage::Event, std::uint32_t from_cycle) const;
  struct Trouble {
    IncidentId incident;
    std::string channel;
    std::uint32_t cycle = 0;  ///< The last one in which it was told of trouble.
  };
  std::vector<Trouble> told_of_trouble() const;

 private:
  void arrive(const triage::Page&);

  const Scenario& scenario_;
  Random random_;
  Coverage& coverage_;
  bool healed_ = false;
  std::map<std::string, Instant> down_until_;
  std::set<std::string> arrived_;
  /// (incident, channel, event) → the last cycle in which one arrived.
  std::map<std::tuple<IncidentId, std::string, triage::Event>, std::uint32_t> last_cycle_;
};

}  // namespace tocsin::simulation
