#include "pipeline/lanes.h"

#include <utility>

namespace tocsin::pipeline {

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
  // The first source with something waiting after the one whose turn it was, round the ring.
  auto at = intake_.upper_bound(last_source_);
  for (;; ++at) {
    if (at == intake_.end()) at = intake_.begin();
    if (!at->second.waiting.empty()) break;
  }
  last_source_ = at->first;
  return take_from(at->second);
}

std::size_t Lanes::bytes() const {
  std::size_t sum = people_.bytes + outcomes_.bytes;
  for (const auto& [source, lane] : intake_) sum += lane.bytes;
  return sum;
}

}  // namespace tocsin::pipeline
