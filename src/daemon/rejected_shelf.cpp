#include "daemon/rejected_shelf.h"

#include <utility>

#include "daemon/clock.h"

namespace tocsin::daemon {

namespace {
constexpr Duration kWriteEvery = std::chrono::seconds(1);
}  // namespace

bool RejectedShelf::fits(std::size_t bytes) const {
  return waiting_.size() < kBodiesMax && bytes_ + bytes <= kBytesMax;
}

bool RejectedShelf::has_room(std::size_t bytes) {
  const std::scoped_lock lock(mutex_);
  if (fits(bytes)) return true;
  metrics_.rejected_bodies(0, 1);
  return false;
}

void RejectedShelf::put(store::RejectedBody body) {
  const std::scoped_lock lock(mutex_);
  if (!fits(body.body.size())) return metrics_.rejected_bodies(0, 1);
  bytes_ += body.body.size();
  waiting_.push_back(std::move(body));
}

void RejectedShelf::write(store::Store& store, bool low_space, bool last) {
  const Instant now = wall_now();
  if (!last && now >= written_ && now - written_ < kWriteEvery) return;
  std::vector<store::RejectedBody> bodies;
  {
    const std::scoped_lock lock(mutex_);
    bodies.swap(waiting_);
    bytes_ = 0;
  }
  if (bodies.empty()) return;
  written_ = now;
  if (low_space) return metrics_.rejected_bodies(0, bodies.size());
  const auto kept = store.keep_rejected(bodies);
  if (kept) return metrics_.rejected_bodies(bodies.size(), 0);
  metrics_.rejected_bodies(0, bodies.size());
  log_.write(telemetry::Log::Level::warning, "intake.rejected_lost",
             {{"bodies", std::to_string(bodies.size())}, {"problem", kept.error().problem}});
}

}  // namespace tocsin::daemon
