#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tocsin/store/store.h"
#include "tocsin/triage/rows.h"
#include "tocsin/triage/triage.h"

/// The order of things, sans I/O: take what waits → deadlines → decide → commit the batch → answer,
/// deliver, publish. No threads: driven by the daemon's core thread or the simulator's loop.
namespace tocsin::pipeline {

struct Limits {
  std::size_t batch_changes_max = 5'000;
  std::size_t batch_bytes_max = 8U << 20;
  std::size_t ahead_changes_min = 512;     ///< See take_batch_ahead().
  std::size_t lane_bytes_max = 64U << 20;  ///< Per source lane and for people and outcomes.
};

/// What a committed batch sets free.
struct Released {
  std::vector<std::unique_ptr<triage::Delivery>> answered;  ///< With answers, in order of decision.
  triage::Changes changes;  ///< The batch's durable changes, for telemetry.
};

class Pipeline {
 public:
  Pipeline(std::unique_ptr<triage::State>, std::shared_ptr<const triage::Policy>,
           std::uint64_t epoch, std::uint64_t seq, Limits);
  ~Pipeline();

  /// False if the delivery's lane is full: the caller keeps it and stops reading its socket.
  bool submit(std::unique_ptr<triage::Delivery>&);
  bool lane_is_full(const triage::Delivery&) const;
  /// Takes effect for deliveries decided from now on. Follow with a ReplacePolicy step.
  void set_policy(std::shared_ptr<const triage::Policy>);

  /// Decides waiting deliveries and due deadlines into the open batch until it is full, nothing is
  /// left or about `steps_max` steps have been decided; a deadline is one, and no delivery is taken
  /// before all that are due. True if there may be more to do at once.
  bool decide(Now, std::size_t steps_max = std::numeric_limits<std::size_t>::max());

  /// Closes the open batch for committing, if it holds anything durable (or volatile rows worth
  /// writing) and none is being committed.
  std::optional<store::Batch> take_batch(Now);
  /// The same while one batch is being committed, so that the disk need not wait for this thread.
  /// Only if the open batch is so large that waiting for more would not make it cheaper.
  std::optional<store::Batch> take_batch_ahead(Now);
  /// The first of the batches taken is durable. REQUIRES: one was taken.
  void committed();

  /// Deliveries whose answers may leave now. Call after decide() and committed(). What `out` held
  /// is dropped, and its room is used again.
  void release(Released& out);
  /// Pages due now whose ledger entry is durable, marked as handed out; at most `limit`.
  std::vector<triage::Page> take_pages(Now, std::size_t limit);

  std::optional<Instant> next_deadline() const;
  bool idle() const;  ///< Nothing waits, nothing is decided but uncommitted, nothing to release.
  const triage::State& state() const;
  const triage::Policy& policy() const;
  std::uint64_t decided_seq() const;
  std::size_t waiting_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::pipeline
