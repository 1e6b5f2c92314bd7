// How the process starts, ends, and starts again on what the disk kept.
#include <algorithm>
#include <utility>

#include "simulation/violation.h"
#include "simulation/world.h"

namespace tocsin::simulation {
namespace {

constexpr int kStartsMax = 30;  // In a row; a real one is started again every few seconds.

}  // namespace

void World::start() {
  for (int tries = 0;; ++tries) {
    require(tries < kStartsMax, "the process does not start");
    if (tries > 5) {
      disk_.forget_plans();
      disk_.set_full(false);
    }
    try {
      if (try_start()) return;
      end_process();
      if (disk_.crashed()) throw Crash{"the start"};
      note("the process could not start");
      coverage_.count("stop", "failed start");
      disk_.restart(Disk::Loss::process);
    } catch (const Crash& crash) {
      lose_process(crash);
    }
    advance(Duration(random_.between(500, 5'000)));
  }
}

/// False if the process gave up for a reason that it may have.
bool World::try_start() {
  arm_crash_at_start();
  const std::uint64_t faults = disk_.io_faults() + disk_.full_faults();
  const auto failed = [&](const store::StoreError& error) {
    const bool excused = disk_.crashed() || disk_.io_faults() + disk_.full_faults() > faults;
    require(excused, "the store cannot be opened: " + error.problem);
    require(error.kind != store::StoreError::Kind::damaged &&
                error.kind != store::StoreError::Kind::foreign,
            "the store says it is damaged or foreign: " + error.problem);
    return false;
  };
  auto opened = store::open_sqlite({.folder = "/sim",
                                    .vfs = disk_.vfs_name(),
                                    .lock_and_reserve = false,
                                    .reserve_bytes = 0,
                                    .late_rows_above = scenario_.late_rows_above});
  if (!opened) return failed(opened.error());
  store_ = options_.disguise ? options_.disguise(*std::move(opened)) : *std::move(opened);
  auto loaded = store_->load();
  if (!loaded) return failed(loaded.error());
  if (disk_.crashed()) return false;
  take_over(*std::move(loaded));
  return true;
}

void World::take_over(store::Loaded loaded) {
  note("loaded batch " + std::to_string(loaded.seq) + ", epoch " + std::to_string(loaded.epoch));
  const std::string secret = store_->secret();
  require(secret.size() == 32, "the store's secret is not 32 bytes");
  require(secret_bytes_.empty() || batches_.commits() == 0 || secret == secret_bytes_,
          "I1: the store has another secret than before: every key is lost");
  secret_bytes_ = secret;
  secret_.emplace(secret);
  timeline_start_ = std::max(boot_ + wall_off_, loaded.last_timeline + Duration(1));
  boot_start_ = boot_;
  if (loaded.recounted > 0) coverage_.count("step", "incidents counted again at a start");
  check_readers(*loaded.state);
  batches_.loaded(loaded);
  pages_.loaded(batches_.before(), batches_.now());
  pages_.crashed();  // What the last batch left was perhaps handed out, for all anybody knows.
  alerts_.check(*loaded.state, now());
  if (allows(Fault::other_policy) && random_.chance(30)) {
    count(Fault::other_policy);
    variant_ = static_cast<int>(random_.below(kPolicies));
    policy_ = policy_of(scenario_, variant_);
  }
  const auto files = store_->last_policy();
  if (files) {
    const std::string text = files->empty() ? std::string() : files->at(0).text;
    require(std::ranges::count(saved_policies_, text) > 0,
            "the last good policy is not one that was saved");
  }
  remember_policy();
  check_timelines();
  pipeline_ = std::make_unique<pipeline::Pipeline>(std::move(loaded.state), policy_, loaded.epoch,
                                                   loaded.seq, scenario_.limits);
  own_step(triage::Restarted{});
  if (low_space_) own_step(triage::SpaceChanged{true});
}

void World::remember_policy() {
  const std::string& text = policy_->files[0].text;
  saved_policies_.push_back(text);
  const auto saved = store_->save_policy(policy_->rules.hash, policy_->files, now().wall);
  if (disk_.crashed()) throw Crash{"saving the policy"};
  if (saved) saved_policies_ = {text};
}

/// What readers see of the open incidents and their alerts is what was committed: `state`.
void World::check_readers(const triage::State& state) {
  auto reader = store_->open_reader();
  const auto look = [&] {
    if (!reader) return;
    const auto listed = (*reader)->incidents({.limit = 1000});
    if (!listed) return;
    for (const triage::Incident& seen : *listed) {
      const triage::Incident* known = state.find(seen.id);
      if (known == nullptr) continue;
      const auto alerts = (*reader)->alerts({.limit = 1000, .incident = seen.id});
      const auto alone = (*reader)->incident(seen.id);
      if (!alerts || !alone) return;
      const std::string name = "INC-" + std::to_string(seen.id.value);
      for (const triage::Incident& one : {seen, **alone}) {
        require(one.firing == known->firing && one.resolved == known->resolved &&
                    one.version == known->version && one.last_joined == known->last_joined &&
                    one.started_at == known->started_at,
                name + " is not counted for readers as it was committed");
      }
      for (const AlertId id : state.incidents.alerts_of(seen.id)) {
        const triage::Alert* alert = state.find(id);
        const bool member = alert != nullptr && alert->status.incident == seen.id;
        require(!member || std::ranges::count(*alerts, id, &store::AlertRow::id) == 1,
                name + " does not show readers its alert " + std::to_string(id.value));
      }
    }
  };
  look();
  reader = std::unexpected(store::StoreError{});
  if (disk_.crashed()) throw Crash{"reading"};
}

/// Every action that was answered as done has its line in the incident's timeline.
void World::check_timelines() {
  if (done_.empty() || (!healed_ && !random_.chance(40))) return;
  auto reader = store_->open_reader();
  std::map<IncidentId, std::vector<triage::TimelineEntry>> read;
  for (const Done& action : done_) {
    if (!reader) break;
    if (!read.contains(action.incident)) {
      auto entries = (*reader)->timeline(action.incident, 1000);
      if (!entries) break;
      read[action.incident] = *std::move(entries);
    }
    const auto& entries = read[action.incident];
    const bool full = entries.size() >= 1000;
    const auto found = std::ranges::count_if(entries, [&](const triage::TimelineEntry& entry) {
      return entry.actor == action.actor && entry.detail.ends_with(action.note);
    });
    require(found < 2 || !action.keyed,
            "\"" + action.note + "\" was done " + std::to_string(found) + " times under one key");
    require(found > 0 || full, "I1: " + action.actor + " was answered that \"" + action.note +
                                   "\" was done on INC-" + std::to_string(action.incident.value) +
                                   ", and its timeline does not say so");
  }
  reader = std::unexpected(store::StoreError{});
  if (disk_.crashed()) throw Crash{"reading"};
}

/// Opening, recovering and creating the store are done once for each start, so they need plans of
/// their own.
void World::arm_crash_at_start() {
  const bool creates = batches_.commits() == 0;
  if (healed_ || crash_armed_ || crashes_ >= scenario_.crashes + 2 ||
      !random_.chance(creates ? 35 : 20))
    return;
  using enum DiskOp;
  const std::vector<DiskPoint> creation = {{DiskFile::journal, open},   {DiskFile::journal, write},
                                           {DiskFile::journal, sync},   {DiskFile::journal, remove},
                                           {DiskFile::database, write}, {DiskFile::database, sync}};
  const std::vector<DiskPoint> opening = {{DiskFile::database, open}, {DiskFile::database, read},
                                          {DiskFile::database, lock}, {DiskFile::wal, open},
                                          {DiskFile::wal, read},      {DiskFile::wal, write},
                                          {DiskFile::wal, sync},      {DiskFile::wal, lock}};
  crash_armed_ = true;
  crash_patience_ = 25;
  crash_is_power_ = scenario_.allows(Fault::power_cut);
  const DiskPoint point =
      creates && random_.chance(70) ? random_.pick(creation) : random_.pick(opening);
  disk_.crash_at(point, 1 + static_cast<unsigned>(random_.below(4)), random_.chance(50));
}

/// What a running store does.
void World::arm_disk_crash() {
  using enum DiskOp;
  const std::vector<DiskPoint> points = {{DiskFile::wal, write},
                                         {DiskFile::wal, sync},
                                         {DiskFile::wal, lock},
                                         {DiskFile::wal, read},
                                         {DiskFile::database, read}};
  disk_.crash_at(random_.pick(points), 1 + static_cast<unsigned>(random_.below(12)),
                 random_.chance(50));
}

void World::end_process() {
  pipeline_.reset();
  store_.reset();
  committing_.clear();
  commit_again_ = {};
  asked_.clear();
  backlog_.clear();
  in_flight_.clear();
}

void World::lose_process(const Crash& crash) {
  const auto at = disk_.crashed_at();
  if (at) coverage_.count("crash", name_of(*at));
  const bool power = crash_is_power_;
  if (crash_armed_ || at) {
    count(power ? Fault::power_cut : Fault::kill);
    ++crashes_;
  }
  note((power ? "power cut at " : "killed at ") + crash.where +
       (at ? ", " + name_of(*at) : std::string()));
  for (auto& [token, asked] : asked_) {
    if (asked.kind != Asked::Kind::report || !random_.chance(60)) continue;
    again_.push_back(
        {now().timeline + Duration(random_.between(0, 60'000)), asked.bytes, asked.said});
  }
  alerts_.crashed();
  pages_.crashed();
  disk_.cut_power();
  end_process();
  disk_.restart(power ? Disk::Loss::power : Disk::Loss::process);
  crash_point_.reset();
  crash_armed_ = crash_is_power_ = false;
  const bool long_gone = random_.chance(15);
  advance(Duration(random_.between(0, long_gone ? 2'000'000 : 15'000)));
}

}  // namespace tocsin::simulation
