#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

#include "tocsin/store/store.h"
#include "tocsin/telemetry/telemetry.h"

namespace tocsin::daemon {

/// Rejected bodies on their way to the store. Bounded: what does not fit is dropped and counted, so
/// that a sender of nonsense costs nobody else more than one small transaction a second.
class RejectedShelf {
 public:
  RejectedShelf(telemetry::Metrics& metrics, telemetry::Log& log) : metrics_(metrics), log_(log) {}

  /// Thread-safe. False if there is no room for a body of this size: then it counts as dropped.
  bool has_room(std::size_t bytes);
  /// Thread-safe. Drops it if there is no room.
  void put(store::RejectedBody);
  /// On the thread that writes the store: writes what waits, at most once a second unless it is the
  /// last time. With little space left everything is dropped.
  void write(store::Store&, bool low_space, bool last);

 private:
  static constexpr std::size_t kBodiesMax = 256;
  static constexpr std::size_t kBytesMax = 4U << 20;
  bool fits(std::size_t bytes) const;

  telemetry::Metrics& metrics_;
  telemetry::Log& log_;
  std::mutex mutex_;
  std::vector<store::RejectedBody> waiting_;
  std::size_t bytes_ = 0;
  Instant written_{};  ///< Of the writing thread only.
};

}  // namespace tocsin::daemon
