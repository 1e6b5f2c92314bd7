#include "pipeline/lanes.h"

#include <algorithm>
#include <utility>

namespace tocsin::pipeline {

namespace {
constexpr std::int64_t kStepsOfATurn = 128;
}  // namespace

Lanes::Lane* Lanes::lane_of(const triage::Delivery& delivery) {
  switch (delivery.lane) {
    case triage::Lane::people:
      return &people_;
    case triage::Lane::outcomes:
      return &outcomes_;
    case triage::Lane::intake:
      break;
  }
  return &intake_[delivery.source];
}

bool Lanes::is_full(const triage::Delivery& delivery) const {
  const Lane* lane = nullptr;
  switch (delivery.lane) {
    case triage::Lane::people:
      lane = &people_;
      break;
    case triage::Lane::outcomes:
      lane = &outcomes_;
      break;
    case triage::Lane::intake: {
      const auto found = intake_.find(delivery.source);
      if (found == intake_.end()) return false;
      lane = &found->second;
      break;
    }
  }
  return !lane->waiting.empty() && lane->bytes + delivery.bytes() > lane_bytes_max_;
}

bool Lanes::put(std::unique_ptr<triage::Delivery>& delivery) {
  if (is_full(*delivery)) return false;
  Lane& lane = *lane_of(*delivery);
  lane.bytes += delivery->bytes();
  lane.waiting.push_back(std::move(delivery));
  ++count_;
  return true;
}

std::unique_ptr<triage::Delivery> Lanes::take_from(Lane& lane) {
  std::unique_ptr<triage::Delivery> next = std::move(lane.waiting.front());
  lane.waiting.pop_front();
  lane.bytes -= next->bytes();
  --count_;
  return next;
}

std::unique_ptr<triage::Delivery> Lanes::take() {
  if (!people_.waiting.empty()) return take_from(people_);
  if (!outcomes_.waiting.empty()) return take_from(outcomes_);
  if (count_ == 0) return nullptr;
  // Goes on with the source whose turn it is, then round the ring.
  auto at = intake_.find(last_source_);
  while (at == intake_.end() || at->second.waiting.empty() || at->second.credit <= 0) {
    if (at != intake_.end()) ++at;
    if (at == intake_.end()) at = intake_.begin();
    // A source that sends nothing pays back what it owes, and saves up nothing.
    at->second.credit += kStepsOfATurn;
    if (at->second.waiting.empty())
      at->second.credit = std::min<std::int64_t>(at->second.credit, 0);
  }
  if (last_source_ != at->first) last_source_ = at->first;
  Lane& lane = at->second;
  std::unique_ptr<triage::Delivery> next = take_from(lane);
  lane.credit -= static_cast<std::int64_t>(next->steps.size());
  // A debt is kept, or a source would get around it by sending one large batch after the other.
  if (lane.waiting.empty()) lane.credit = std::min<std::int64_t>(lane.credit, 0);
  if (count_ == 0) {
    for (auto& [source, idle] : intake_) idle.credit = 0;  // Nobody waited for it.
  }
  return next;
}

std::size_t Lanes::bytes() const {
  std::size_t sum = people_.bytes + outcomes_.bytes;
  for (const auto& [source, lane] : intake_) sum += lane.bytes;
  return sum;
}

}  // namespace tocsin::pipeline
