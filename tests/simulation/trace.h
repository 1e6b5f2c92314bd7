#pragma once

#include <cstdint>
#include <cstdio>
#include <deque>
#include <string>
#include <vector>

#include "tocsin/alert/identity.h"
#include "tocsin/base/time.h"

namespace tocsin::simulation {

/// What happened, line by line: a running digest of all of it, and the last lines in full.
class Trace {
 public:
  explicit Trace(bool verbose) : verbose_(verbose) {}

  void add(Now now, const std::string& event) {
    std::string line = format_rfc3339(now.timeline);
    if (now.wall != now.timeline) line += " (wall " + format_rfc3339(now.wall) + ")";
    line += "  " + event;
    digest_ = content_hash(line, digest_);
    if (verbose_) std::printf("%s\n", line.c_str());
    lines_.push_back(std::move(line));
    if (lines_.size() > kKept) lines_.pop_front();
  }
  std::uint64_t digest() const { return digest_; }
  std::vector<std::string> last() const { return {lines_.begin(), lines_.end()}; }

 private:
  static constexpr std::size_t kKept = 120;
  bool verbose_;
  std::uint64_t digest_ = 0;
  std::deque<std::string> lines_;
};

}  // namespace tocsin::simulation
