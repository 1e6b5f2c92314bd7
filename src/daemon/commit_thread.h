#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "daemon/pulse.h"
#include "daemon/rejected_shelf.h"
#include "tocsin/config/config.h"
#include "tocsin/store/store.h"
#include "tocsin/telemetry/telemetry.h"

namespace tocsin::daemon {

/// Owns the store's writing connection: commits one batch at a time, and looks after the store in
/// the gaps. Ends the process when the store can no longer be trusted.
class CommitThread {
 public:
  struct Options {
    store::Store* store = nullptr;
    std::uint64_t min_free = 0;  ///< storage.min_free
    Duration keep_events{};      ///< storage.retention.events
    Duration keep_incidents{};   ///< storage.retention.incidents
    telemetry::Metrics* metrics = nullptr;
    telemetry::Log* log = nullptr;
    Pulse* pulse = nullptr;
    std::function<void()> on_committed;      ///< On this thread.
    std::function<void(bool low)> on_space;  ///< Free space fell below min_free, or is back.
    RejectedShelf* rejected = nullptr;       ///< What it writes between batches.
  };
  explicit CommitThread(Options);
  ~CommitThread();  ///< Ends the thread; a batch under way is finished first.

  /// REQUIRES: no other batch waits; the one before may still be under way.
  void commit(store::Batch);
  /// Thread-safe: runs `work` on this thread before long, between two batches. What has not run
  /// when the thread ends is dropped.
  void between_batches(std::function<void(store::Store&)> work);
  /// Thread-safe: from now on by these settings.
  void configure(const config::Settings&);

 private:
  void run();
  /// False if the end came while space was short: the batch is not committed and nobody was
  /// answered.
  bool commit_until_done(const store::Batch&);
  void work_between_batches();
  void look_after_store();
  void look_at_space();
  void note_space(bool low, std::uint64_t free);
  bool wait(Duration);

  Options options_;
  std::mutex mutex_;
  std::condition_variable something_;
  std::optional<store::Batch> next_;
  std::vector<std::function<void(store::Store&)>> works_;
  bool ending_ = false;
  bool low_space_ = false;
  std::uint64_t reserve_spent_ = 0;  ///< Bytes of a released reserve, until space is back.
  std::thread thread_;
};

}  // namespace tocsin::daemon
