#pragma once

#include "tocsin/base/time.h"

namespace tocsin::daemon {

/// Both clocks of the daemon. The timeline begins at max(wall, last committed + 1 ms) and advances
/// with CLOCK_BOOTTIME: it counts suspended time and never steps. Used by the core thread only.
class Clock {
 public:
  explicit Clock(Instant last_committed);
  Now now();
  /// How far the wall clock has jumped against the timeline since the last call, 0 below one
  /// second.
  Duration step_since_last();

 private:
  Instant timeline_start_;
  Duration boot_start_;
  Duration offset_;  ///< wall - timeline when last looked at.
  Now last_;
};

/// CLOCK_REALTIME.
Instant wall_now();

}  // namespace tocsin::daemon
