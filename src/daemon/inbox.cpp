#include "daemon/inbox.h"

#include <algorithm>
#include <utility>

namespace tocsin::daemon {

namespace {
constexpr std::size_t kSmall = 1U << 20;
}  // namespace

std::string Inbox::lane_name(const triage::Delivery& delivery) {
  switch (delivery.lane) {
    case triage::Lane::people:
      return "people";
    case triage::Lane::outcomes:
      return "outcomes";
    case triage::Lane::intake:
      break;
  }
  return "source:" + delivery.source;
}

bool Inbox::has_room(const triage::Delivery& delivery, std::size_t lane, std::size_t bytes) const {
  // Outcomes are bounded by the attempts in flight.
  if (delivery.lane == triage::Lane::outcomes) return true;
  // Whoever sends little finds room, however much others send: as much as there are sources.
  if (lane == 0 && bytes <= kSmall) return true;
  const std::size_t quarters = 2 + static_cast<std::size_t>(delivery.shed);
  // An empty lane takes a delivery of any size.
  if (lane > 0 && lane + bytes > limits_.lane_bytes / 4 * quarters) return false;
  return delivery.lane != triage::Lane::intake || intake_bytes_ == 0 ||
         intake_bytes_ + bytes <= limits_.intake_bytes / 4 * quarters;
}

Inbox::Put Inbox::put(std::unique_ptr<triage::Delivery>& delivery) {
  const Put result = put_quietly(delivery);
  if (result == Put::taken) something_.notify_one();
  return result;
}

Inbox::Put Inbox::put_quietly(std::unique_ptr<triage::Delivery>& delivery) {
  const std::size_t bytes = delivery->bytes();
  const bool is_outcome = delivery->lane == triage::Lane::outcomes;
  const std::scoped_lock lock(mutex_);
  if (closed_ && !is_outcome) return Put::closed;
  std::size_t& lane = lane_bytes_[lane_name(*delivery)];
  if (!has_room(*delivery, lane, bytes)) return Put::lane_full;
  std::unique_ptr<triage::Delivery>& place = waiting_.deliveries.emplace_back();
  // Nothing throws from here on: what is charged is there.
  lane += bytes;
  bytes_ += bytes;
  if (delivery->lane == triage::Lane::intake) intake_bytes_ += bytes;
  delivery->charged = bytes;
  place = std::move(delivery);
  return Put::taken;
}

void Inbox::ask(std::function<void()> question) {
  {
    const std::scoped_lock lock(mutex_);
    waiting_.questions.push_back(std::move(question));
  }
  something_.notify_one();
}

void Inbox::batch_written() {
  {
    const std::scoped_lock lock(mutex_);
    waiting_.batch_written = true;
  }
  something_.notify_one();
}

void Inbox::batch_done() {
  {
    const std::scoped_lock lock(mutex_);
    ++waiting_.batches_done;
  }
  something_.notify_one();
}

void Inbox::wake() {
  {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
  }
  something_.notify_one();
}

void Inbox::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
}

void Inbox::take(Taken& out, Duration wait) {
  out.deliveries.clear();
  out.questions.clear();
  out.batch_written = false;
  out.batches_done = 0;
  std::unique_lock lock(mutex_);
  const auto is_something = [&] {
    return !waiting_.deliveries.empty() || !waiting_.questions.empty() || waiting_.batch_written ||
           waiting_.batches_done > 0 || woken_;
  };
  if (wait > Duration(0)) something_.wait_for(lock, wait, is_something);
  std::swap(out, waiting_);
  woken_ = false;
}

void Inbox::answered(const std::vector<std::unique_ptr<triage::Delivery>>& deliveries) {
  const std::scoped_lock lock(mutex_);
  for (const auto& delivery : deliveries) {
    if (delivery->charged == 0) continue;
    const auto lane = lane_bytes_.find(lane_name(*delivery));
    if (lane != lane_bytes_.end()) lane->second -= std::min(lane->second, delivery->charged);
    bytes_ -= std::min(bytes_, delivery->charged);
    if (delivery->lane == triage::Lane::intake) {
      intake_bytes_ -= std::min(intake_bytes_, delivery->charged);
    }
  }
}

std::size_t Inbox::bytes() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

}  // namespace tocsin::daemon
