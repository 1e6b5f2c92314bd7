#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "simulation/page_model.h"
#include "tocsin/store/store.h"
#include "tocsin/triage/triage.h"

namespace tocsin::simulation {

/// What batches promise: a committed one stays, a loaded state equals the one its batch left (I10),
/// sequence numbers have no gaps, an incident always has its one next timer (I2).
class BatchModel {
 public:
  explicit BatchModel(bool compares_digests) : compares_digests_(compares_digests) {}

  void taken(const store::Batch&, const triage::State&, Now);
  /// The first of the batches taken is durable.
  void committed();
  void loaded(const store::Loaded&);
  /// What is durable for certain, and what was before the last commit.
  const Snapshot& now() const { return now_; }
  const Snapshot& before() const { return before_; }
  std::uint64_t committed_seq() const { return committed_seq_; }
  std::uint64_t commits() const { return commits_; }

 private:
  bool compares_digests_;
  std::map<std::uint64_t, std::uint64_t> digest_of_;  ///< By seq, from the last committed one on.
  std::uint64_t committed_seq_ = 0;
  std::uint64_t taken_seq_ = 0;
  std::uint64_t epoch_ = 0;
  std::uint64_t commits_ = 0;
  Instant last_timeline_{};
  Snapshot before_;
  Snapshot now_;
  std::deque<Snapshot> pending_;  ///< Of batches taken and not committed.
};

/// I2 of every incident in the state; throws Violation.
void check_timers(const triage::State&);
/// Alerts that are withheld count nowhere and not for ever; all others that fire count somewhere.
void check_withheld(const triage::State&);

}  // namespace tocsin::simulation
