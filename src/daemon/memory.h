#pragma once

namespace tocsin::daemon {

/// Gives the kernel what this thread has freed. The allocator does so by itself only while the
/// thread goes on allocating, and one that waits for the next reload may wait for a week.
void give_memory_back();

}  // namespace tocsin::daemon
