#pragma once

/// Who goes first where processors are few.
namespace tocsin {

/// Of threads whose work waits for the core and the commit thread anyway: a third of the share.
inline constexpr int kReadsRequests = 5;
/// Of work that nobody waits for.
inline constexpr int kInTheBackground = 10;

/// Adds to the niceness of the calling thread, on Linux of it alone (setpriority(2), "C
/// library/kernel differences"), at most 19. Threads that it starts later inherit it. Where this is
/// not allowed nothing happens.
void give_way(int niceness);

}  // namespace tocsin
