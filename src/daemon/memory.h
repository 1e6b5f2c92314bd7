#pragma once

namespace tocsin::daemon {

/// While one lives, what any thread frees goes to the kernel at once, and at its end what this
/// thread has freed before; what others freed before waits until they look. The allocator waits a
/// moment, and then only looks when the thread goes on: one that waits for the next reload may wait
/// for a week. Slower, its end takes milliseconds. Several may live at once, on any threads.
class GivingMemoryBack {
 public:
  GivingMemoryBack();
  ~GivingMemoryBack();
  GivingMemoryBack(const GivingMemoryBack&) = delete;
  GivingMemoryBack& operator=(const GivingMemoryBack&) = delete;
};

}  // namespace tocsin::daemon
