#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "tocsin/triage/step.h"

namespace tocsin::pipeline {

/// What waits to be decided: people first, then outcomes, then round robin over the sources by
/// alerts (deficit round robin: who was given more than its turn waits as many turns), so that one
/// source's flood delays another by one delivery at most (R24), and large batches win nothing over
/// small ones. Each lane is bounded in bytes; a lane that holds nothing takes one delivery of any
/// size, or a large body could never pass.
class Lanes {
 public:
  explicit Lanes(std::size_t lane_bytes_max = 0) : lane_bytes_max_(lane_bytes_max) {}

  /// False, and the delivery stays the caller's, if its lane is full.
  bool put(std::unique_ptr<triage::Delivery>&);
  bool is_full(const triage::Delivery&) const;
  /// The next to decide, or null.
  std::unique_ptr<triage::Delivery> take();
  bool empty() const { return count_ == 0; }
  std::size_t bytes() const;

 private:
  struct Lane {
    std::deque<std::unique_ptr<triage::Delivery>> waiting;
    std::size_t bytes = 0;
    std::int64_t credit = 0;  ///< Steps it may be given before the next source has its turn.
  };
  Lane* lane_of(const triage::Delivery&);
  std::unique_ptr<triage::Delivery> take_from(Lane&);

  std::size_t lane_bytes_max_ = 0;
  Lane people_;
  Lane outcomes_;
  std::map<std::string, Lane, std::less<>> intake_;
  std::string last_source_;  ///< Whose turn it was.
  std::size_t count_ = 0;
};

}  // namespace tocsin::pipeline
