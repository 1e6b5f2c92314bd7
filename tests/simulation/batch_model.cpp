#include "simulation/batch_model.h"

#include "simulation/violation.h"

namespace tocsin::simulation {
namespace {

using triage::Incident;
using triage::IncidentState;

std::string name_of(const Incident& incident) { return "INC-" + std::to_string(incident.id.value); }

/// Exactly one thing is going to happen by itself, or the state is one that may last.
void check_timer(const Incident& incident) {
  const bool steps = incident.escalation.next_at.has_value();
  const bool due = incident.due.has_value();
  switch (incident.state) {
    case IncidentState::triggered:
      require(!due, "I2: " + name_of(incident) + " is triggered and has a second timer");
      require(
          steps || incident.escalation.exhausted,
          "I2: " + name_of(incident) + " is triggered, its path has not ended, and nothing is due");
      require(steps || incident.severity > Severity::sev2,
              "I2: " + name_of(incident) + " is urgent, and nobody will ever be paged again");
      return;
    case IncidentState::acknowledged:
      require(!steps, "I2: " + name_of(incident) + " is acknowledged and would escalate");
      return;
    case IncidentState::recovering:
      require(due, "I2: " + name_of(incident) + " recovers for ever");
      return;
    case IncidentState::resolved:
      require(due && !steps,
              "I2: " + name_of(incident) + " is resolved and would not close, or would escalate");
      return;
    case IncidentState::closed:
      throw Violation{"I2: " + name_of(incident) + " is closed and still in memory"};
  }
}

}  // namespace

void check_withheld(const triage::State& state) {
  const std::optional<Instant> next = triage::next_deadline(state);
  for (std::uint32_t slot = 0; slot < state.slots(); ++slot) {
    const triage::Alert& alert = state.at(slot);
    const triage::AlertStatus& status = alert.status;
    const std::string name = "alert " + std::to_string(alert.id.value);
    const bool held = status.held_until != Instant{};
    require(!held || status.state == triage::AlertState::firing, name + " has ended and is held");
    require(held || !state.held_annotations.contains(alert.id),
            name + " is not held, but its annotations are");
    if (!alert.id || status.state != triage::AlertState::firing) continue;
    require(!held || status.severity != Severity::sev1, name + " is a SEV-1 and is held");
    require(!held || (next && *next <= status.held_until), name + " is held for ever");
    const bool withheld = held || status.dropped || status.severity == Severity::none;
    const bool counts = state.find(status.incident) != nullptr;
    require(!withheld || !counts, name + " is withheld and counts in an incident");
    require(withheld || status.incident, name + " fires and nobody hears of it");
  }
}

void check_timers(const triage::State& state) {
  std::optional<Instant> first;
  const auto soonest = [&first](const std::optional<Instant>& at) {
    if (at && (!first || *at < *first)) first = at;
  };
  for (const auto& [id, incident] : state.incidents.in_order()) {
    check_timer(incident);
    soonest(incident.due);
    if (incident.state == IncidentState::triggered) soonest(incident.escalation.next_at);
  }
  if (!first) return;
  const auto next = triage::next_deadline(state);
  require(next && *next <= *first, "I2: the next deadline is later than an incident's timer");
}

void BatchModel::taken(const store::Batch& batch, const triage::State& state, Now now) {
  require(batch.seq == taken_seq_ + 1,
          "batch " + std::to_string(batch.seq) + " follows " + std::to_string(taken_seq_));
  require(batch.epoch == epoch_,
          "batch " + std::to_string(batch.seq) + " has another epoch than its process");
  require(batch.now.timeline >= last_timeline_, "the timeline went back");
  last_timeline_ = batch.now.timeline;
  taken_seq_ = batch.seq;
  check_timers(state);
  check_withheld(state);
  digest_of_[batch.seq] = durable_digest(state);
  pending_.push_back(snapshot_of(state, now));
}

void BatchModel::committed() {
  ++committed_seq_;
  digest_of_.erase(digest_of_.begin(), digest_of_.lower_bound(committed_seq_));
  before_ = std::exchange(now_, std::move(pending_.front()));
  pending_.pop_front();
  ++commits_;
}

void BatchModel::loaded(const store::Loaded& loaded) {
  const std::string at = std::to_string(loaded.seq);
  require(loaded.seq >= committed_seq_,
          "I1: batch " + std::to_string(committed_seq_) + " was committed, loaded was " + at);
  require(loaded.seq <= taken_seq_, "the store holds batch " + at + ", which was never taken");
  require(loaded.epoch > epoch_, "the epoch did not grow");
  require(loaded.last_timeline >= now_.at || loaded.seq == 0,
          "the timeline's last instant is lost");
  const auto digest = digest_of_.find(loaded.seq);
  require(!compares_digests_ || digest == digest_of_.end() ||
              digest->second == durable_digest(*loaded.state),
          "I10: the state loaded at batch " + at + " differs from the one that batch left");
  committed_seq_ = taken_seq_ = loaded.seq;
  last_timeline_ = loaded.last_timeline;
  epoch_ = loaded.epoch;
  digest_of_.erase(digest_of_.upper_bound(loaded.seq), digest_of_.end());
  pending_.clear();
  check_timers(*loaded.state);
  check_withheld(*loaded.state);
  before_ =
      std::exchange(now_, snapshot_of(*loaded.state, {loaded.last_timeline, loaded.last_timeline}));
}

}  // namespace tocsin::simulation
