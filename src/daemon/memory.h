#pragma once

namespace tocsin::daemon {

/// While one lives, what is freed goes to the kernel at once, and at its end what this thread has
/// freed before. The allocator waits a moment, and then only looks when the thread goes on: one
/// that waits for the next reload may wait for a week. Slower; one at a time.
class GivingMemoryBack {
 public:
  GivingMemoryBack();
  ~GivingMemoryBack();
  GivingMemoryBack(const GivingMemoryBack&) = delete;
  GivingMemoryBack& operator=(const GivingMemoryBack&) = delete;

 private:
  long delay_ = 0;
};

/// Gives back what this thread has freed; what others freed waits until they look.
void give_memory_back();

}  // namespace tocsin::daemon
