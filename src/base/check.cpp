#include "tocsin/base/check.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>

namespace tocsin {
namespace {

// Not the library's handler: it may end the process in the middle of another thread's sentence.
[[noreturn]] void end_after_uncaught_exception() {
  const char* reason = "terminated without an exception";
  if (std::current_exception() != nullptr) {
    try {
      throw;
    } catch (const std::exception& problem) {
      reason = problem.what();
    } catch (...) {
      reason = "of a type without words";
    }
  }
  std::array<char, 512> sentence;
  const int size =
      std::snprintf(sentence.data(), sentence.size() - 1, "uncaught exception: %s", reason);
  const size_t end = std::min(static_cast<size_t>(std::max(size, 0)), sentence.size() - 2);
  sentence[end] = '\n';
  // In one go: other threads may be at the same point. That nobody hears it changes nothing.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, sentence.data(), end + 1);
  std::abort();
}

}  // namespace

void check_failed(const char* expression, const char* file, int line) {
  // stderr is unbuffered: the sentence is out before abort() ends the process.
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, expression);
  std::abort();
}

void announce_uncaught_exceptions() { std::set_terminate(end_after_uncaught_exception); }

}  // namespace tocsin
