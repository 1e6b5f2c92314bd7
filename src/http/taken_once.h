#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>

#include "tocsin/base/time.h"

namespace tocsin::http {

/// The signed requests that were taken within the last ten minutes, which is as long as a signature
/// with a time is good, so that one that was overheard is not taken again. Any thread, as a
/// repetition may come by another one than the first.
class TakenOnce {
 public:
  static constexpr Duration kKept{10 * 60 * 1000};
  /// Then the oldest one is dropped: rather a repetition, which is a refresh, than no new alerts.
  static constexpr std::size_t kMax = 100'000;
  enum class Was : std::uint8_t { fresh, fresh_and_one_dropped, taken_before };

  Was take(const std::string& request, Instant now);
  /// Its sender was told to send it again.
  void give_back(const std::string& request);

 private:
  std::mutex mutex_;
  std::unordered_set<std::string> taken_;
  std::deque<std::pair<Instant, std::string>> by_time_;
};

}  // namespace tocsin::http
