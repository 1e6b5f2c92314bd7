#pragma once

/// CHECK states an invariant of this program. It stays on in release builds: a broken invariant
/// prints the sentence and aborts, systemd restarts the daemon, and the store says what was kept.

namespace tocsin {
[[noreturn]] void check_failed(const char* expression, const char* file, int line);
}  // namespace tocsin

#define CHECK(condition)                                                         \
  do {                                                                           \
    if (!(condition)) [[unlikely]]                                               \
      ::tocsin::check_failed(#condition, __FILE__, __LINE__);                    \
  } while (false)
