#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulation/alert_model.h"
#include "simulation/batch_model.h"
#include "simulation/coverage.h"
#include "simulation/destinations.h"
#include "simulation/memory_vfs.h"
#include "simulation/page_model.h"
#include "simulation/random.h"
#include "simulation/scenario.h"
#include "simulation/senders.h"
#include "simulation/simulation.h"
#include "simulation/trace.h"
#include "tocsin/pipeline/pipeline.h"
#include "tocsin/store/store.h"

namespace tocsin::simulation {

/// The process ends here and now; everything it held in memory is gone.
struct Crash {
  std::string where;
};

/// One seed's world and its one loop. Every turn somebody acts, time passes, and the daemon gets on
/// with its work as far as chance lets it: core and commit are two threads there.
class World {
 public:
  explicit World(const Options&);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Throws Violation.
  void run();

  void count_disk_operations();
  const Coverage& coverage() const { return coverage_; }
  const Trace& trace() const { return trace_; }
  int steps() const { return steps_; }
  int crashes() const { return crashes_; }

 private:
  /// What was asked of the daemon and not answered yet.
  struct Asked {
    enum class Kind : std::uint8_t { report, sender_action, action, outcome, own };
    Kind kind = Kind::own;
    std::string bytes{};  ///< Of a report's delivery, to send it again.
    std::vector<Said> said{};
    PageId page{};
    triage::Outcome outcome{};
    IncidentId incident{};
    std::string note{};
    std::string name{};  ///< Of the step.
    bool has_version = false;
    bool keyed = false;  ///< Under an Idempotency-Key.
  };
  /// An action under an Idempotency-Key, to send it again.
  struct Keyed {
    Instant at;  ///< When it was first sent, on the timeline.
    std::string bytes;
    Asked asked;
  };
  static constexpr std::size_t kKeyedMax = 8;
  struct Waiting {
    std::unique_ptr<triage::Delivery> delivery;
    Asked asked;
  };
  struct Again {
    Instant at;
    std::string bytes;
    std::vector<Said> said;
  };
  struct Done {
    IncidentId incident;
    std::string note;
    std::string actor;
    bool keyed = false;
  };

  // world.cpp: the turns, and what people and senders do in them.
  void turn();
  void act();
  void report();
  void acknowledge_by_sender();
  void send_again();
  void act_as_person();
  bool repeat_keyed_action();
  triage::Step choose_action(IncidentId, const std::string& note);
  void reload();
  void step_wall();
  void harm_disk();
  void let_time_pass();
  void catch_up();
  void advance(Duration);
  void clean_stop();
  void stop();
  void arm_crash();

  // world_daemon.cpp: what the daemon's threads do.
  void work();
  void decide();
  template <class Change>
  void count_change();
  void core_turn();
  void commit_turn();
  void outcomes_turn();
  void release();
  void answer_arrives(std::unique_ptr<triage::Delivery>);
  void answered_report(const Asked&, const triage::Delivery&, std::uint64_t token);
  void answered_action(const Asked&, const triage::Delivery&);
  void hand_out();
  void put(std::unique_ptr<triage::Delivery>, Asked);
  void flush_backlog();
  void own_step(triage::Step);
  void maintain();
  void point(LoopPoint);

  // world_process.cpp: how the process starts, ends and starts again.
  void start();
  bool try_start();
  void take_over(store::Loaded);
  void remember_policy();
  void lose_process(const Crash&);
  void end_process();
  void check_readers(const triage::State&);
  void check_timelines();
  void arm_crash_at_start();
  void arm_disk_crash();

  // world_finish.cpp: liveness, once faults have stopped.
  void finish();
  void heal();
  void settle(Duration);
  void resolve_by_hand();
  void check_paging();
  void check_ends();

  Now now() const;
  void note(const std::string& event) { trace_.add(now(), event); }
  bool allows(Fault fault) const { return !healed_ && scenario_.allows(fault); }
  void count(Fault fault) { coverage_.count("fault", name_of(fault)); }

  Options options_;
  Scenario scenario_;
  Random random_;
  Coverage coverage_;
  Trace trace_;
  Disk disk_;
  Senders senders_;
  Destinations destinations_;
  AlertModel alerts_;
  PageModel pages_;
  BatchModel batches_;

  // Clocks.
  Instant boot_;              ///< Never steps: what CLOCK_BOOTTIME says, from an arbitrary start.
  Duration wall_off_{};       ///< Of the wall clock.
  Instant timeline_start_{};  ///< Timeline and boot clock at the start of the process.
  Instant boot_start_{};

  // The process. Gone at a crash.
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<pipeline::Pipeline> pipeline_;
  std::deque<store::Batch> committing_;  ///< At most two; the first one is under way.
  Instant commit_again_{};
  std::map<std::uint64_t, Asked> asked_;
  std::deque<Waiting> backlog_;  ///< Its lane was full.
  std::multimap<Instant, triage::PageAttempted> in_flight_;
  bool low_space_ = false;
  bool batch_is_new_ = false;  ///< Committed, and the oracle has not seen it.

  // What outlives it.
  std::shared_ptr<const triage::Policy> policy_;
  int variant_ = 0;
  std::string secret_bytes_;
  std::optional<KeySecret> secret_;
  /// The text known to be saved ("" = none yet), then those that perhaps were.
  std::vector<std::string> saved_policies_{std::string()};
  std::vector<Again> again_;
  std::vector<Done> done_;
  std::vector<Keyed> keyed_;
  std::uint64_t last_token_ = 0;
  Instant disk_full_until_{};
  bool healed_ = false;

  // The crash that is planned next.
  std::optional<LoopPoint> crash_point_;
  unsigned crash_left_ = 0;
  bool crash_is_power_ = false;
  bool crash_armed_ = false;
  int crash_patience_ = 0;

  int steps_ = 0;
  int turns_ = 0;
  int crashes_ = 0;
  int stops_ = 0;  ///< In a row, without having run.
};

}  // namespace tocsin::simulation
