#include <utility>

#include "tocsin/triage/restore.h"
#include "triage/evolution.h"

namespace tocsin::triage {

void evolve(State& state, const Change& change) { std::visit(Evolution(state), change); }

Restoration::Restoration() : state_(std::make_unique<State>()) {}
Restoration::~Restoration() = default;

void Restoration::sources(std::vector<std::string> names) { state_->sources = std::move(names); }

void Restoration::expect_alerts(std::size_t count) {
  state_->by_key_.reserve(count);
  state_->by_id_.reserve(count);
  std::vector<LeaseDeadline> room;
  room.reserve(count);
  state_->leases_ = State::Leases(std::greater<>(), std::move(room));
}

void Restoration::incident(Incident incident) { Evolution(*state_).insert(std::move(incident)); }

void Restoration::alert(AlertId id, const Key& key, LabelsView labels, AlertStatus status,
                        std::uint64_t display_hash) {
  const IncidentId incident = status.incident;
  Evolution evolution(*state_);
  evolution.insert(id, key, labels, std::move(status), display_hash);
  if (state_->find(incident) != nullptr) state_->incidents.add_alert(incident, id);
}

bool Restoration::knows(const Key& key) const { return state_->find(key) != nullptr; }

void Restoration::held_annotations(AlertId id, Labels annotations) {
  state_->held_annotations[id] = std::move(annotations);
}

void Restoration::count(AlertId id, IncidentId incident) {
  const AlertStatus& status = state_->find(id)->status;
  Evolution(*state_).count_joined(
      {.incident = incident, .alert = id, .at = status.received_at, .starts_at = status.starts_at});
}

void Restoration::page(Page page) { Evolution(*state_).insert(std::move(page)); }

void Restoration::past_answer(const Key& key, const PastAnswer& answer) {
  Evolution(*state_).insert(key, answer);
}

void Restoration::counters(const Counters& counters, std::uint64_t rules_hash, const Sweep& sweep) {
  state_->counters = counters;
  state_->rules_hash = rules_hash;
  Evolution(*state_).set_sweep({sweep.kind, sweep.next, Instant{}});
}

std::unique_ptr<State> Restoration::finish() { return std::move(state_); }

}  // namespace tocsin::triage
