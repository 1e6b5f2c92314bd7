#include "http/taken_once.h"

namespace tocsin::http {

TakenOnce::Was TakenOnce::take(const std::string& request, Instant now) {
  const std::lock_guard lock(mutex_);
  while (!by_time_.empty() && by_time_.front().first + kKept < now) {
    taken_.erase(by_time_.front().second);
    by_time_.pop_front();
  }
  if (!taken_.insert(request).second) return Was::taken_before;
  by_time_.emplace_back(now, request);
  if (by_time_.size() <= kMax) return Was::fresh;
  taken_.erase(by_time_.front().second);
  by_time_.pop_front();
  return Was::fresh_and_one_dropped;
}

void TakenOnce::give_back(const std::string& request) {
  const std::lock_guard lock(mutex_);
  // Its place by time stays; when that is over, its signature is no longer good either.
  taken_.erase(request);
}

}  // namespace tocsin::http
