#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tocsin/base/time.h"
#include "tocsin/triage/step.h"

namespace tocsin::daemon {

/// What other threads hand to the core thread. Thread-safe. Each lane is bounded in bytes from
/// submit until its delivery is answered, so that a slow commit slows its senders and nobody else;
/// all sources together are bounded, too. What may be shed finds a lane full earlier: refreshes at
/// half of the limit, new alerts at three quarters, ends and possible SEV-1 at the limit itself
/// (PRODUCT.md section 2).
class Inbox {
 public:
  struct Limits {
    std::size_t lane_bytes = 64U << 20;
    std::size_t intake_bytes = 256U << 20;  ///< The lanes of all sources.
  };
  explicit Inbox(Limits limits) : limits_(limits) {}

  enum class Put { taken, lane_full, closed };
  Put put(std::unique_ptr<triage::Delivery>&);
  /// The same for one of several: the core thread may go on sleeping until wake().
  Put put_quietly(std::unique_ptr<triage::Delivery>&);
  /// A question about live state; runs on the core thread and must be done within 1 ms.
  void ask(std::function<void()>);
  /// The commit thread waits for the disk only, and is done with its batch.
  void batch_written();
  void batch_done();
  /// Wakes the core thread.
  void wake();
  /// No further deliveries of people and sources; outcomes still pass.
  void close();

  struct Taken {
    std::vector<std::unique_ptr<triage::Delivery>> deliveries;
    std::vector<std::function<void()>> questions;
    bool batch_written = false;
    int batches_done = 0;  ///< More than one may be, when the core thread was away for long.
  };
  /// Waits until there is something, at most `wait`. Reuses the vectors of `out`.
  void take(Taken& out, Duration wait);
  /// These deliveries have been answered: their lanes have room again.
  void answered(const std::vector<std::unique_ptr<triage::Delivery>>&);
  std::size_t bytes() const;

 private:
  static std::string lane_name(const triage::Delivery&);
  bool has_room(const triage::Delivery&, std::size_t lane, std::size_t bytes) const;
  Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable something_;
  Taken waiting_;
  std::map<std::string, std::size_t, std::less<>> lane_bytes_;
  std::size_t bytes_ = 0;
  std::size_t intake_bytes_ = 0;
  bool woken_ = false;
  bool closed_ = false;
};

}  // namespace tocsin::daemon
