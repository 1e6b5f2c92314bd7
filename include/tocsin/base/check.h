#pragma once

/// CHECK states an invariant of this program. It stays on in release builds: a broken invariant
/// prints the sentence and aborts, systemd restarts the daemon, and the store says what was kept.

namespace tocsin {
[[noreturn]] void check_failed(const char* expression, const char* file, int line);

/// From now on an exception that nobody catches ends the process with a sentence on stderr that
/// says which it was, written without allocating: most often memory has run out, and maybe for
/// several threads at once, of which each says its own.
void announce_uncaught_exceptions();
}  // namespace tocsin

#define CHECK(condition)                                      \
  do {                                                        \
    if (!(condition)) [[unlikely]]                            \
      ::tocsin::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
