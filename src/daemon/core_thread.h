#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "daemon/clock.h"
#include "daemon/commit_thread.h"
#include "daemon/inbox.h"
#include "daemon/pulse.h"
#include "tocsin/http/http.h"
#include "tocsin/pipeline/pipeline.h"
#include "tocsin/telemetry/telemetry.h"

namespace tocsin::daemon {

/// A page to send, with its incident as the core knows it (id 0 if it has left memory).
struct OwedPage {
  triage::Page page;
  triage::Incident incident;
  Duration waited{};       ///< Since it was queued, for the first attempt of a first page.
  Duration wall_offset{};  ///< See CoreThread::wall_offset().
};

/// Drives the pipeline: the one thread that reads and writes State.
class CoreThread {
 public:
  struct Options {
    std::unique_ptr<pipeline::Pipeline> pipeline;
    Inbox* inbox = nullptr;
    Instant last_committed{};
    telemetry::Metrics* metrics = nullptr;
    telemetry::Log* log = nullptr;
    Pulse* pulse = nullptr;
    /// Hands a batch to the commit thread.
    std::function<void(store::Batch)> commit;
    /// Answers that may leave now; on this thread, must not block.
    std::function<void(std::vector<std::unique_ptr<triage::Delivery>>)> answer;
    /// Pages to send now; on this thread, must not block.
    std::function<void(std::vector<OwedPage>)> send;
  };
  explicit CoreThread(Options);
  ~CoreThread();

  void start();
  /// Thread-safe. True once everything decided so far is durable and answered.
  bool idle() const { return idle_.load(); }
  /// Ends the thread; what is undecided stays undecided.
  void stop();
  /// Calls back on the core thread with the live leases of these alerts.
  void ask_leases(std::vector<AlertId>, std::function<void(std::vector<http::LiveLease>)>);
  /// The same with the incidents that alerts of these groups would join now.
  void ask_joins(std::vector<triage::GroupAsked>,
                 std::function<void(std::vector<std::optional<IncidentId>>)> then);
  /// Thread-safe: what is decided from now on is decided by this policy. `told` holds the step that
  /// says so and is answered as every delivery.
  void replace_policy(std::shared_ptr<const triage::Policy>,
                      std::unique_ptr<triage::Delivery> told);
  /// Thread-safe: wall clock minus timeline. Below a second the difference is only rounding: 0.
  Duration wall_offset() const { return Duration(wall_offset_.load()); }

 private:
  void run();
  void turn(Inbox::Taken&);
  void commit(std::optional<store::Batch>);
  void release();
  void note_clock(Now);
  void report(Now);
  Duration until_next(Now) const;

  Options options_;
  Clock clock_;
  pipeline::Released released_;  ///< Kept for its room.
  bool more_ = false;
  Instant reported_{};
  std::atomic<Duration::rep> wall_offset_{0};
  std::atomic<bool> ending_{false};
  std::atomic<bool> idle_{false};
  std::thread thread_;
};

}  // namespace tocsin::daemon
