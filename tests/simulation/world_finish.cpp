// Liveness: faults have stopped, and what Tocsin owes must be paid within a bound.
#include <algorithm>
#include <utility>

#include "simulation/violation.h"
#include "simulation/world.h"

namespace tocsin::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using triage::IncidentState;

std::string name_of(IncidentId id) { return "INC-" + std::to_string(id.value); }

}  // namespace

void World::heal() {
  healed_ = true;
  disk_.forget_plans();
  disk_.set_full(false);
  senders_.heal();
  destinations_.heal();
  crash_point_.reset();
  crash_armed_ = false;
  commit_again_ = {};
  scenario_.haste = 100;
}

/// Lets time pass from one thing that happens to the next, with the daemon keeping up.
void World::settle(Duration length) {
  const Instant end = boot_ + length;
  for (int turns = 0;; ++turns) {
    require(turns < 50'000, "liveness: the daemon is busy for ever");
    for (int i = 0; i < 20'000; ++i) {
      outcomes_turn();
      core_turn();
      commit_turn();
      if (pipeline_->idle() && backlog_.empty() && committing_.empty()) break;
      require(i < 19'999, "liveness: the daemon never comes to rest at one instant");
    }
    Duration step = end - boot_;
    if (const auto next = pipeline_->next_deadline()) step = std::min(step, *next - now().timeline);
    if (!in_flight_.empty()) step = std::min(step, in_flight_.begin()->first - boot_);
    if (boot_ >= end) return;
    advance(std::max(step, Duration(1)));
  }
}

/// Every open incident goes on, or has come to where it may stay; nothing is owed for long.
void World::check_paging() {
  const triage::State& state = pipeline_->state();
  const Instant here = now().timeline;
  check_timers(state);
  for (const auto& [id, incident] : state.incidents.in_order()) {
    if (incident.due)
      require(*incident.due > here, "liveness: " + name_of(id) + " has an overdue timer");
    if (incident.state != IncidentState::triggered) continue;
    const auto& next = incident.escalation.next_at;
    if (next) require(*next > here, "liveness: " + name_of(id) + " has an overdue step");
    require(!incident.told.empty(),
            "liveness: " + name_of(id) + " is triggered and nobody was told");
  }
  for (const auto& [id, page] : state.pages) {
    require(page.in_flight || here - page.created < kOwedBound ||
                announces_trouble(page.event) == false || state.find(page.incident) == nullptr ||
                state.find(page.incident)->state != IncidentState::triggered,
            "liveness: page " + page.key + " is owed for " +
                std::to_string((here - page.created).count()) + " ms");
  }
}

/// Whoever was told of trouble was told of its end.
void World::check_ends() {
  const triage::State& state = pipeline_->state();
  for (const auto& [id, incident] : state.incidents.in_order()) {
    require(incident.state == IncidentState::resolved,
            "liveness: everything is over and " + name_of(id) + " is not resolved");
    require(incident.firing == 0, name_of(id) + " is resolved and counts firing alerts");
  }
  require(state.firing_count() == 0, "liveness: everything is over and an alert fires");
  require(state.pages.empty(), "liveness: a page is owed long after everything is over");
  for (const Destinations::Trouble& told : destinations_.told_of_trouble()) {
    if (pages_.gave_up(told.incident, told.channel)) continue;
    require(destinations_.told(told.incident, told.channel, triage::Event::resolved, told.cycle),
            "R14: " + told.channel + " was told of trouble by " + name_of(told.incident) +
                " in cycle " + std::to_string(told.cycle) + " and never of its end");
  }
}

/// What a person reopened ends only by a person.
void World::resolve_by_hand() {
  for (const auto& [id, incident] : pipeline_->state().incidents.in_order()) {
    if (incident.state != IncidentState::triggered && incident.state != IncidentState::acknowledged)
      continue;
    auto delivery = std::make_unique<triage::Delivery>();
    delivery->lane = triage::Lane::people;
    delivery->actor = "ana";
    Asked asked{.kind = Asked::Kind::action,
                .incident = id,
                .note = "word " + std::to_string(++last_token_)};
    delivery->steps.emplace_back(triage::Resolve{id, asked.note});
    asked.name = triage::name_of(delivery->steps[0]);
    put(std::move(delivery), std::move(asked));
  }
}

void World::finish() {
  note("faults stop");
  heal();
  if (disk_.io_faults() > 0) {  // The store may have given up already.
    coverage_.count("stop", "before the end");
    lose_process({"the end of faults"});
    start();
  }
  if (low_space_) {
    low_space_ = false;
    own_step(triage::SpaceChanged{false});
  }
  while (!again_.empty()) send_again();
  settle(std::max(longest_path(*policy_), kOwedBound) + minutes(1));
  check_paging();

  note("everything is over");
  // Twice: a first end that moved forward may be taken for a wrong clock, as PRODUCT.md says.
  for (int i = 0; i < 2; ++i) {
    for (Message& message : senders_.resolve_everything(*secret_, now().wall)) {
      message.delivery->source = message.source;
      message.delivery->actor = "source:" + message.source;
      Asked asked{
          .kind = Asked::Kind::report, .bytes = encode(*message.delivery), .said = message.said};
      put(std::move(message.delivery), std::move(asked));
    }
    settle(minutes(6));
  }
  resolve_by_hand();
  settle(policy_->incidents.recovery + kOwedBound);
  check_ends();
  check_timelines();

  settle(policy_->incidents.close_after + minutes(1));
  require(pipeline_->state().incidents.empty(), "liveness: an incident does not close");
  stop();
  start();
  settle(seconds(1));
}

}  // namespace tocsin::simulation
