#include "simulation/world.h"

#include <algorithm>
#include <utility>

#include "simulation/violation.h"

namespace tocsin::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using triage::Delivery;

constexpr Instant kStart{Duration(1'790'000'000'000)};  // Some day in 2026.
constexpr int kTurnsMax = 20'000;                       // A seed that needs more does not get on.

}  // namespace

World::World(const Options& options)
    : options_(options),
      scenario_(scenario_of(options.seed, options.steps)),
      random_(options.seed),
      trace_(options.verbose),
      disk_(random_.next()),
      senders_(scenario_, random_.fork(), coverage_),
      destinations_(scenario_, random_.fork(), coverage_),
      alerts_(scenario_),
      pages_(destinations_),
      batches_(options.compares_digests),
      boot_(kStart) {
  policy_ = policy_of(scenario_, variant_);
}

World::~World() { end_process(); }

void World::count_disk_operations() {
  for (const auto& [point, times] : disk_.counts()) coverage_.count("disk", name_of(point), times);
}

Now World::now() const { return {timeline_start_ + (boot_ - boot_start_), boot_ + wall_off_}; }

void World::run() {
  start();
  while (steps_ < scenario_.steps || crashes_ < scenario_.crashes) {
    require(++turns_ < kTurnsMax, "the seed does not get on: " + std::to_string(steps_) + " steps");
    try {
      turn();
    } catch (const Crash& crash) {
      lose_process(crash);
      start();
    }
  }
  finish();
}

void World::turn() {
  arm_crash();
  let_time_pass();
  act();
  work();
  point(LoopPoint::idle);
}

/// Crashes are spread over the run; one that is planned and does not come is forced.
void World::arm_crash() {
  if (crash_armed_) {
    if (--crash_patience_ > 0) return;
    coverage_.count("crash", name_of(LoopPoint::idle));
    throw Crash{"nothing in particular"};
  }
  const int left = std::max(scenario_.crashes - crashes_, 0);
  const int steps_left = std::max(scenario_.steps - steps_, 1);
  if (left == 0 ||
      random_.below(static_cast<std::uint64_t>(steps_left)) > static_cast<std::uint64_t>(left) * 5)
    return;
  crash_armed_ = true;
  crash_patience_ = 25;
  crash_is_power_ =
      !scenario_.allows(Fault::kill) || (scenario_.allows(Fault::power_cut) && random_.chance(60));
  if (random_.chance(50)) {
    arm_disk_crash();
  } else {
    crash_point_ =
        static_cast<LoopPoint>(random_.below(static_cast<std::uint64_t>(LoopPoint::kCount)));
    crash_left_ = 1 + static_cast<unsigned>(random_.below(4));
  }
}

void World::act() {
  const std::uint64_t dice = random_.below(100);
  if (dice < 38) return report();
  if (dice < 60) return act_as_person();
  if (dice < 68) return send_again();
  if (dice < 72) return destinations_.maybe_outage(now().timeline);
  if (dice < 76) return reload();
  if (dice < 79) return step_wall();
  if (dice < 85) return harm_disk();
  if (dice < 90) return maintain();
  if (dice < 91) return clean_stop();
  if (dice < 95) return acknowledge_by_sender();
}

void World::report() {
  Message message = senders_.report(*secret_, now().wall);
  Delivery& delivery = *message.delivery;
  delivery.lane = triage::Lane::intake;
  delivery.source = message.source;
  delivery.actor = "source:" + message.source;
  const bool twice = allows(Fault::duplicate_delivery) && random_.chance(15);
  Asked asked{.kind = Asked::Kind::report, .bytes = encode(delivery), .said = message.said};
  if (twice) {
    count(Fault::duplicate_delivery);
    again_.push_back({now().timeline, asked.bytes, asked.said});
  }
  put(std::move(message.delivery), std::move(asked));
}

void World::acknowledge_by_sender() {
  auto delivery = senders_.acknowledgement(*secret_);
  if (delivery == nullptr) return;
  Asked asked{.kind = Asked::Kind::sender_action,
              .name = std::string(triage::name_of(delivery->steps[0]))};
  put(std::move(delivery), std::move(asked));
}

void World::send_again() {
  const Instant wall = now().wall;
  for (std::size_t i = 0; i < again_.size(); ++i) {
    if (again_[i].at > now().timeline && !healed_) continue;
    Again again = std::move(again_[i]);
    again_.erase(again_.begin() + static_cast<std::ptrdiff_t>(i));
    auto delivery = triage::decode_delivery(again.bytes);
    require(delivery.has_value(), "a delivery that was encoded cannot be decoded");
    for (Said& said : again.said) {
      if (!said.ends_at) continue;
      said.fires = *said.ends_at > wall;
      said.may_fire = !said.fires;
    }
    put(*std::move(delivery),
        {.kind = Asked::Kind::report, .bytes = again.bytes, .said = again.said});
    return;
  }
}

triage::Step World::choose_action(IncidentId incident, const std::string& text) {
  switch (random_.below(8)) {
    case 0:
    case 1:
    case 2:
      return triage::Acknowledge{incident, text};
    case 3:
      return triage::Unacknowledge{incident, text};
    case 4:
      return triage::Resolve{incident, text};
    case 5:
    case 6:
      return triage::Reopen{incident, text};
    default:
      return triage::AddNote{incident, text};
  }
}

/// A client that heard no answer asks again under its Idempotency-Key, perhaps after a restart; one
/// with a fault uses the key for something else.
bool World::repeat_keyed_action() {
  // A day later the answer is forgotten, and the action would be a new one.
  std::erase_if(
      keyed_, [&](const Keyed& past) { return now().timeline - past.at > std::chrono::hours(20); });
  if (!allows(Fault::repeated_action) || keyed_.empty() || !random_.chance(15)) return false;
  count(Fault::repeated_action);
  const Keyed& past = random_.pick(keyed_);
  auto copy = triage::decode_delivery(past.bytes);
  require(copy.has_value(), "an action that was encoded cannot be decoded");
  if (random_.chance(20)) ++(*copy)->idempotency->content;
  put(*std::move(copy), past.asked);
  return true;
}

void World::act_as_person() {
  if (repeat_keyed_action()) return;
  const auto& incidents = batches_.now().incidents;
  IncidentId id{random_.below(6) + 1};
  const triage::Incident* known = nullptr;
  if (!incidents.empty()) {
    auto at = incidents.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random_.below(incidents.size())));
    id = at->first;
    known = &at->second;
  }
  if (allows(Fault::wrong_incident) && random_.chance(15)) {
    count(Fault::wrong_incident);
    id = IncidentId{random_.below(3) * 1'000'000};
    known = nullptr;
  }
  Asked asked{
      .kind = Asked::Kind::action, .incident = id, .note = "word " + std::to_string(++last_token_)};
  auto delivery = std::make_unique<Delivery>();
  delivery->lane = triage::Lane::people;
  delivery->actor = random_.chance(50) ? "ana" : "bo";
  delivery->steps.push_back(choose_action(id, asked.note));
  asked.name = triage::name_of(delivery->steps[0]);
  if (known != nullptr && random_.chance(20)) {
    asked.has_version = true;
    delivery->if_version = known->version;
    if (allows(Fault::stale_version) && random_.chance(60)) {
      count(Fault::stale_version);
      *delivery->if_version -= 1;
    }
  }
  // A token of another team: it may act on nothing here.
  if (random_.chance(8)) delivery->teams = {"a team of nobody"};
  if (random_.chance(50)) {
    asked.keyed = true;
    delivery->idempotency = {.key = {1, last_token_}, .content = last_token_};
    if (keyed_.size() == kKeyedMax) keyed_.erase(keyed_.begin());
    keyed_.push_back({now().timeline, encode(*delivery), asked});
  }
  const bool twice = allows(Fault::repeated_action) && random_.chance(25);
  const std::string bytes = twice ? encode(*delivery) : std::string();
  put(std::move(delivery), asked);
  if (!twice) return;
  count(Fault::repeated_action);
  auto copy = triage::decode_delivery(bytes);
  require(copy.has_value(), "an action that was encoded cannot be decoded");
  put(*std::move(copy), asked);
}

void World::reload() {
  if (!allows(Fault::reload) || !random_.chance(50)) return;
  count(Fault::reload);
  variant_ = static_cast<int>(random_.below(kPolicies));
  policy_ = policy_of(scenario_, variant_);
  note("reload, policy " + std::to_string(variant_));
  remember_policy();
  pipeline_->set_policy(policy_);
  const bool reapply = random_.chance(30);
  if (reapply) note("reapply");
  own_step(triage::ReplacePolicy{reapply});
}

void World::step_wall() {
  if (!allows(Fault::wall_step)) return;
  count(Fault::wall_step);
  const Duration by(seconds(random_.between(-4000, 4000)));
  wall_off_ += by;
  note("wall clock stepped by " + std::to_string(by.count()) + " ms");
  own_step(triage::ClockStepped{by});
}

void World::harm_disk() {
  struct Harm {
    Fault fault;
    DiskPoint point;
    DiskFault what;
  };
  const Harm harms[] = {
      {Fault::write_error, {DiskFile::wal, DiskOp::write}, DiskFault::io},
      {Fault::sync_error, {DiskFile::wal, DiskOp::sync}, DiskFault::io},
      {Fault::sync_error, {DiskFile::database, DiskOp::sync}, DiskFault::io},
      {Fault::write_error, {DiskFile::database, DiskOp::write}, DiskFault::io},
      {Fault::read_error, {DiskFile::database, DiskOp::read}, DiskFault::io},
      {Fault::no_space, {DiskFile::wal, DiskOp::write}, DiskFault::no_space},
  };
  const Harm& harm = random_.pick(harms);
  if (allows(harm.fault) && random_.chance(50)) {
    count(harm.fault);
    note("disk: " + name_of(harm.point) + " is going to fail");
    disk_.fail_at(harm.point, 1 + static_cast<unsigned>(random_.below(6)), harm.what);
  }
  if (!allows(Fault::full_disk)) return;
  if (random_.chance(30)) {
    low_space_ = !low_space_;
    own_step(triage::SpaceChanged{low_space_});
  }
  if (random_.chance(20) && !disk_.full()) {
    count(Fault::full_disk);
    note("disk: full");
    disk_.set_full(true);
    disk_full_until_ = boot_ + seconds(random_.between(1, 60));
  }
}

void World::let_time_pass() {
  const std::uint64_t dice = random_.below(100);
  if (dice < 55) return advance(Duration(random_.between(0, 2'000)));
  if (dice < 85) {
    const auto next = pipeline_->next_deadline();
    const Instant here = now().timeline;
    if (next && *next > here && *next - here < hours(1)) {
      if (*next - here > seconds(30)) catch_up();
      return advance(*next - here);
    }
    return advance(Duration(random_.between(0, 20'000)));
  }
  catch_up();
  if (dice < 97) return advance(seconds(random_.between(5, 400)));
  if (!allows(Fault::long_sleep) || !random_.chance(40)) return;
  count(Fault::long_sleep);
  advance(random_.chance(30) ? Duration(hours(random_.between(24, 30)))
                             : Duration(minutes(random_.between(30, 300))));
}

/// Before a long pause the daemon gets done what it can: one that is minutes behind is another
/// matter than one whose machine slept.
void World::catch_up() {
  for (int i = 0; i < 200 && !(pipeline_->idle() && backlog_.empty()); ++i) {
    outcomes_turn();
    core_turn();
    commit_turn();
  }
}

void World::advance(Duration by) {
  boot_ += by;
  disk_.set_time(now().wall);
  if (disk_.full() && boot_ >= disk_full_until_) {
    note("disk: space again");
    disk_.set_full(false);
  }
}

void World::clean_stop() {
  if (!allows(Fault::clean_stop)) return;
  count(Fault::clean_stop);
  if (!crash_armed_ && random_.chance(50)) {
    // The store cuts its log when it closes: the one checkpoint that every run can have.
    const DiskPoint points[] = {{DiskFile::database, DiskOp::write},
                                {DiskFile::database, DiskOp::sync},
                                {DiskFile::wal, DiskOp::truncate}};
    crash_armed_ = true;
    crash_is_power_ = scenario_.allows(Fault::power_cut);
    disk_.crash_at(random_.pick(points), 1 + static_cast<unsigned>(random_.below(3)),
                   random_.chance(50));
  }
  stop();
  start();
}

/// Stops in good order, unless the power goes while it does.
void World::stop() {
  note("stop in good order");
  for (int i = 0; i < 50 && !pipeline_->idle(); ++i) {
    core_turn();
    commit_turn();
  }
  end_process();
  if (disk_.crashed()) return lose_process({"the stop"});
  alerts_.crashed();
  pages_.crashed();
  advance(Duration(random_.between(10, 20'000)));
}

}  // namespace tocsin::simulation
