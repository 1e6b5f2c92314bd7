#include "daemon/clock.h"

#include <time.h>

#include <algorithm>

namespace tocsin::daemon {

namespace {
Duration read_clock(clockid_t clock) {
  timespec at{};
  clock_gettime(clock, &at);
  return std::chrono::seconds(at.tv_sec) +
         std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(at.tv_nsec));
}
}  // namespace

Instant wall_now() { return Instant(read_clock(CLOCK_REALTIME)); }

Clock::Clock(Instant last_committed)
    : timeline_start_(std::max(wall_now(), last_committed + Duration(1))),
      boot_start_(read_clock(CLOCK_BOOTTIME)),
      offset_(wall_now() - timeline_start_),
      last_{timeline_start_, wall_now()} {}

Now Clock::now() {
  const Duration passed = read_clock(CLOCK_BOOTTIME) - boot_start_;
  last_ = {std::max(last_.timeline, timeline_start_ + passed), wall_now()};
  return last_;
}

Duration Clock::step_since_last() {
  const Duration offset = last_.wall - last_.timeline;
  const Duration step = offset - offset_;
  if (std::chrono::abs(step) < std::chrono::seconds(1)) return Duration(0);
  offset_ = offset;
  return step;
}

}  // namespace tocsin::daemon
