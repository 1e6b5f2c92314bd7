#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulation/senders.h"
#include "tocsin/triage/triage.h"

namespace tocsin::simulation {

/// What senders were told about their alerts, and so may rely on (I1): an alert answered as firing
/// fires until something was said or promised that ends it, an alert answered at all is known.
/// It knows answers only, and nothing of how Tocsin comes to them.
class AlertModel {
 public:
  explicit AlertModel(const Scenario& scenario) : scenario_(scenario) {}

  void sent(std::uint64_t token, const std::string& source, const std::vector<Said>&, Now);
  /// REQUIRES: `token` was sent. The delivery holds one answer per step.
  void answered(std::uint64_t token, const triage::Delivery&, Now);
  /// A person asked to resolve an incident: alerts without a lease may end by it.
  void resolve_asked() { person_resolves_ = true; }
  /// What a batch made of alerts. Call before answered() of the same release.
  void changed(const triage::Changes&);
  /// The process is gone with everything it had not answered.
  void crashed();
  /// Compares with a loaded state, then takes over what it says about questions left open.
  void check(const triage::State&, Now);

 private:
  struct Known {
    AlertId id;
    bool firing = false;
    Instant ended{};                          ///< When the model last saw it end, timeline.
    std::map<std::string, Instant> promised;  ///< By source: its lease ends no earlier.
    bool may_have_fired = false;              ///< Said to the process, and not answered.
    bool end_is_under_way = false;            ///< Sent, and not answered yet.
    bool may_have_ended = false;
  };
  struct Sent {
    std::string source;
    std::vector<Said> said;
    Now at;
  };
  void answer(const Sent&, const Said&, const triage::StepAnswer&, Now);
  void check_fate(const Said&, const triage::StepAnswer&, Now) const;
  void check_lease(AlertId, Instant at) const;
  bool may_be_forgotten(const Known&, Now) const;
  /// It reached the process, and what came of it was not answered.
  void may_have_happened(const Sent&);

  const Scenario& scenario_;
  std::map<Key, Known> known_;
  std::map<AlertId, Key> key_of_;
  std::map<std::uint64_t, Sent> waiting_;
  std::set<Key> ended_now_;      ///< By the changes of the release whose answers are being read.
  std::set<AlertId> forgotten_;  ///< Over for a day, as a batch's changes said.
  bool person_resolves_ = false;
};

}  // namespace tocsin::simulation
