#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/memory_vfs.h"

namespace tocsin::simulation {

/// What a seed may do to the system besides using it. Each seed draws a subset: a run with every
/// fault on finds less than many runs with a few.
enum class Fault : std::uint8_t {
  // Senders.
  duplicate_delivery,
  lost_answer,       ///< The 2xx never arrived: the sender sends the same again.
  late_report,       ///< An old firing report overtaken by its resolve.
  wrong_clock,       ///< The sender's clock is minutes or hours off.
  unlabeled_report,  ///< Sent with a key only, as the memo of known spellings does.
  full_lane,
  // People.
  wrong_incident,
  stale_version,
  repeated_action,
  // Destinations.
  refused,
  server_error,
  rate_limited,
  timed_out,   ///< The outcome is unknown and nothing arrived.
  lost_reply,  ///< The message arrived and the outcome is unknown.
  slow,
  outage,
  // Clocks.
  wall_step,
  long_sleep,
  // Disk.
  write_error,
  sync_error,
  read_error,
  no_space,   ///< One commit is refused for want of space.
  full_disk,  ///< Every growth is, for a while.
  // Process.
  reload,
  other_policy,  ///< Restarted with another policy than it stopped with.
  clean_stop,
  kill,       ///< The process ends; what it wrote stays in the page cache.
  power_cut,  ///< The machine ends; only what was synced stays.
  kCount
};
std::string_view name_of(Fault);

/// Where between two operations of the disk a crash may come.
enum class LoopPoint : std::uint8_t {
  before_decide,
  after_decide,
  before_commit,
  after_commit,
  before_answers,
  between_answers,
  after_answers,
  before_hand_out,
  after_hand_out,
  before_outcome,
  idle,
  kCount
};
std::string_view name_of(LoopPoint);

/// The operations of the disk at which crashes are planned: every one the store causes.
const std::vector<DiskPoint>& crash_points_of_disk();

/// How often each thing happened.
class Coverage {
 public:
  void count(std::string_view group, std::string_view name, std::uint64_t times = 1);
  void add(const Coverage&);
  std::uint64_t of(std::string_view group, std::string_view name) const;
  const std::map<std::string, std::uint64_t>& counts() const { return counts_; }
  /// A table for people; what must occur and did not stands there with 0.
  std::string table() const;
  /// "group name: n" of everything that must occur and did so less often than `least`.
  std::vector<std::string> below(std::uint64_t least) const;

 private:
  std::map<std::string, std::uint64_t> counts_;  // "group name"
};

/// Everything a long run must have done, as "group name".
const std::vector<std::string>& expected_coverage();

}  // namespace tocsin::simulation
