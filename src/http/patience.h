#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <ctime>

#include "http/limits.h"

namespace tocsin::http {

/// How long a peer may take over what it does. What moves many bytes gets more time for it, as much
/// as kRateMin takes, but never more than its limit ahead: who was fast has no time saved up.
class Patience {
 public:
  using Clock = std::chrono::steady_clock;

  /// Clock::now() to some milliseconds, for a fifth of its cost.
  static Clock::time_point now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return Clock::time_point(std::chrono::seconds(time.tv_sec) +
                             std::chrono::nanoseconds(time.tv_nsec));
  }

  void begin(Clock::time_point now, std::chrono::seconds limit) {
    limit_ = limit;
    ends_ = now + limit;
  }
  void moved(Clock::time_point now, std::size_t bytes) {
    const auto granted = std::chrono::nanoseconds(std::chrono::seconds(1)) * bytes / kRateMin;
    ends_ = std::min<Clock::time_point>(ends_ + granted, now + limit_);
  }
  void have_forever() { ends_ = Clock::time_point::max(); }
  bool is_over(Clock::time_point now) const { return ends_ <= now; }

 private:
  std::chrono::seconds limit_{0};
  Clock::time_point ends_ = Clock::time_point::max();
};

}  // namespace tocsin::http
