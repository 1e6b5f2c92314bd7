#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tocsin/base/time.h"

namespace tocsin::telemetry {

/// At most so many of each event per second of the clock given. Not thread-safe.
class EventRate {
 public:
  explicit EventRate(std::uint32_t per_second) : per_second_(per_second) {}

  using LeftOut = std::vector<std::pair<std::string, std::uint64_t>>;
  /// When another second has begun: what the former one left out, by event.
  LeftOut turn(Instant now) {
    LeftOut out;
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    if (second == second_) return out;
    second_ = second;
    for (const auto& [event, count] : counts_) {
      if (count > per_second_) out.emplace_back(event, count - per_second_);
    }
    counts_.clear();
    return out;
  }
  bool admits(std::string_view event) {
    auto it = counts_.find(event);
    if (it == counts_.end()) it = counts_.emplace(event, 0).first;
    return ++it->second <= per_second_;
  }

 private:
  std::uint32_t per_second_;
  std::chrono::sys_seconds second_{};
  std::map<std::string, std::uint64_t, std::less<>> counts_;  // Events are named in the source.
};

}  // namespace tocsin::telemetry
