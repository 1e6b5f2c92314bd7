#pragma once

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

namespace tocsin::telemetry {

/// Standard error as a pipe, for as long as this lives: what the log writes is read here, or not.
class StderrPipe {
 public:
  StderrPipe() {
    std::array<int, 2> ends{};
    saved_ = ::dup(STDERR_FILENO);
    if (saved_ < 0 || ::pipe(ends.data()) != 0 || ::dup2(ends[1], STDERR_FILENO) < 0) std::abort();
    ::close(ends[1]);
    read_end_ = ends[0];
  }
  ~StderrPipe() {
    restore();
    ::close(read_end_);
  }
  StderrPipe(const StderrPipe&) = delete;
  StderrPipe& operator=(const StderrPipe&) = delete;

  /// Gives standard error back; the pipe then has an end.
  void restore() {
    if (saved_ < 0) return;
    ::dup2(saved_, STDERR_FILENO);
    ::close(saved_);
    saved_ = -1;
  }
  /// At least one byte, at most 64 KiB; "" at the end.
  std::string read_some() {
    std::string out(64U << 10, '\0');
    const ssize_t got = ::read(read_end_, out.data(), out.size());
    out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return out;
  }
  std::string read_to_end() {
    std::string out;
    for (std::string more = read_some(); !more.empty(); more = read_some()) out += more;
    return out;
  }

 private:
  int saved_ = -1;
  int read_end_ = -1;
};

}  // namespace tocsin::telemetry
