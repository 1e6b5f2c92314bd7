#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string_view>

#include "tocsin/base/time.h"

namespace tocsin::daemon {

/// The sign of life of one thread: when its loop last came round. What counts is the loop, not
/// work done: a thread with nothing to do wakes up once a second to say so, and one that retries
/// for want of disk space says so at every try. A thread that waits for a lock, spins within one
/// turn or is held from outside says nothing, and the watchdog tells systemd.
class Pulse {
 public:
  using Clock = std::chrono::steady_clock;  ///< As systemd counts: without time suspended.
  /// A disk may take this long before its user counts as hung: a sync that others delay is slow,
  /// and a restart would wait for the same disk. The kernel warns of a hung task after as long.
  static constexpr Duration kDiskPatience = std::chrono::minutes(2);

  /// `thread` lives as long as the program: it is a word such as "core".
  explicit Pulse(std::string_view thread) : thread_(thread) { beat(); }
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;

  std::string_view thread() const { return thread_; }

  // By the thread itself.
  /// The loop has come round.
  void beat() { beat_ = Clock::now().time_since_epoch().count(); }
  /// While one lives, the thread may be waiting for the disk.
  class OnDisk {
   public:
    explicit OnDisk(Pulse& pulse) : pulse_(pulse) { set(true); }
    ~OnDisk() { set(false); }
    OnDisk(const OnDisk&) = delete;
    OnDisk& operator=(const OnDisk&) = delete;

   private:
    void set(bool on_disk) {
      pulse_.beat();
      pulse_.on_disk_ = on_disk;
    }
    Pulse& pulse_;
  };

  // By the watchdog.
  Duration age() const {
    const Clock::time_point last{Clock::duration(beat_.load())};
    return std::chrono::duration_cast<Duration>(Clock::now() - last);
  }
  /// How old the last beat may be if others are granted `usual`.
  Duration patience(Duration usual) const {
    return on_disk_ ? std::max(usual, kDiskPatience) : usual;
  }

 private:
  const std::string_view thread_;
  std::atomic<Clock::rep> beat_{0};
  std::atomic<bool> on_disk_{false};
};

}  // namespace tocsin::daemon
