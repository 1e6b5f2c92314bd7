#include <algorithm>

#include "triage/evolution.h"
#include "triage/limits.h"

namespace tocsin::triage {

void Evolution::operator()(const AlertOpened& change) {
  CHECK(change.id.value > state_.counters.last_alert);
  state_.counters.last_alert = change.id.value;
  if (change.status.occurrence > 0) ++state_.counters.opened_occurrences;
  insert(change.id, change.key, change.labels, change.status, change.display_hash);
  if (change.status.held_until != Instant{}) {
    state_.held_annotations[change.id] = Labels(change.annotations);
  }
}

void Evolution::operator()(const AlertFired& change) {
  Alert& alert = alert_of(change.id);
  if (!change.continued) ++state_.counters.opened_occurrences;
  if (alert.status.state != AlertState::firing) {
    ++state_.firing_count_;
    state_.resolved_.erase({alert.status.ended_at, change.id});
  }
  alert.status = change.status;
  alert.display_hash = change.display_hash;
  remember_if_held(alert, change.annotations);
  rearm(alert);
}

void Evolution::operator()(const AlertEnded& change) {
  Alert& alert = alert_of(change.id);
  CHECK(alert.status.state == AlertState::firing);
  --state_.firing_count_;
  alert.status.state = AlertState::resolved;
  alert.status.ended_by = change.by;
  alert.status.ended_at = change.at;
  state_.resolved_.emplace(change.at, change.id);
  if (change.by != EndedBy::lease) alert.status.sender_end = change.sender_end;
  alert.status.more_leases.clear();
  alert.status.held_until = Instant{};
  state_.held_annotations.erase(change.id);
  rearm(alert);
}

void Evolution::operator()(const LeaseRenewed& change) {
  Alert& alert = state_.alerts_[change.slot];
  CHECK(alert.id == change.id);
  if (change.sender_ends_at != Instant{}) alert.status.last_ends_at = change.sender_ends_at;
  if (change.clock_skew) alert.status.clock_skew = true;
  lease_for(alert.status, change.lease.source) = change.lease;
  rearm(alert);
}

void Evolution::operator()(const LeaseRearmed& change) {
  CHECK(!state_.leases_.empty() && Deadline(state_.leases_.top()) == change.entry);
  state_.leases_.pop();
  const Alert* found = state_.find(AlertId{change.entry.id});
  if (found == nullptr || found->armed != change.entry.at) return;  // An entry of the past.
  Alert& alert = alert_of(found->id);
  alert.armed = kNever;
  rearm(alert);
}

void Evolution::operator()(const SenderEndSeen& change) {
  alert_of(change.id).status.last_ends_at = change.sender_ends_at;
}

void Evolution::operator()(const LeaseDropped& change) {
  AlertStatus& status = alert_of(change.id).status;
  CHECK(!status.more_leases.empty());
  if (status.lease.source == change.source) {
    status.lease = status.more_leases.front();
    status.more_leases.erase(status.more_leases.begin());
    return;
  }
  std::erase_if(status.more_leases,
                [&](const Lease& lease) { return lease.source == change.source; });
}

void Evolution::operator()(const DisplayTaken& change) {
  Alert& alert = alert_of(change.id);
  alert.display_hash = change.display_hash;
  alert.display_taken = change.at;
  remember_if_held(alert, change.annotations);
  const auto second = std::chrono::floor<std::chrono::seconds>(change.at);
  if (second != state_.display_second) {
    state_.display_second = second;
    state_.display_tokens = kDisplaysPerSecond;
  }
  if (state_.display_tokens > 0) --state_.display_tokens;
}

void Evolution::operator()(const AlertForgotten& change) {
  Alert& alert = alert_of(change.id);
  const std::uint32_t slot = slot_of(alert);
  state_.held_annotations.erase(change.id);
  if (alert.status.state == AlertState::firing) {
    --state_.firing_count_;
  } else {
    state_.resolved_.erase({alert.status.ended_at, change.id});
  }
  state_.by_key_.erase(alert.key.low, slot);
  state_.by_id_.erase(State::hash_of_id(alert.id), slot);
  alert = Alert{};
  state_.free_slots_.push_back(slot);
  --state_.alert_count_;
}

void Evolution::operator()(const ReportCounted& change) {
  if (change.fate == Fate::late) ++state_.counters.late_firings;
  if (change.fate == Fate::unknown_resolve) ++state_.counters.unknown_resolves;
}

void Evolution::operator()(const AlertSeverityRaised& change) {
  AlertStatus& status = alert_of(change.id).status;
  status.severity = change.severity;
  if (change.severity != Severity::sev1) return;
  status.held_until = Instant{};
  state_.held_annotations.erase(change.id);
}

void Evolution::operator()(const AlertReleased& change) {
  alert_of(change.id).status.held_until = Instant{};
  state_.held_annotations.erase(change.id);
}

void Evolution::operator()(const AlertReapplied& change) {
  Alert& alert = alert_of(change.id);
  AlertStatus& status = alert.status;
  status.severity = change.severity;
  status.rules_hash = change.rules_hash;
  status.effects = change.effects;
  status.dropped = change.dropped;
  status.held_until = change.held_until;
  if (change.held_until == Instant{}) state_.held_annotations.erase(change.id);
  rearm(alert);
  if (!change.left) return;
  status.incident = {};
  change_incident(change.left, [](Incident& incident) { --incident.firing; });
}

void Evolution::operator()(const AlertRelabelled& change) {
  Alert& alert = alert_of(change.id);
  alert.labels = state_.vocabulary_.compress(change.labels);
  alert.display_hash = change.display_hash;
  alert.status.severity = change.severity;
  alert.status.rules_hash = change.rules_hash;
  alert.status.effects = change.effects;
  alert.status.dropped = change.dropped;
  alert.status.held_until = change.held_until;
  remember_if_held(alert, change.annotations);
  rearm(alert);
}

void Evolution::remember_if_held(const Alert& alert, const Labels& annotations) {
  if (alert.status.held_until != Instant{}) {
    state_.held_annotations[alert.id] = annotations;
  } else if (!state_.held_annotations.empty()) {
    state_.held_annotations.erase(alert.id);
  }
}

void Evolution::insert(AlertId id, const Key& key, LabelsView labels, AlertStatus status,
                       std::uint64_t display_hash) {
  std::uint32_t slot = state_.alerts_.size();
  if (!state_.free_slots_.empty()) {
    slot = state_.free_slots_.back();
    state_.free_slots_.pop_back();
  } else {
    state_.alerts_.emplace_back();
  }
  state_.newest_ = slot;
  Alert& alert = state_.alerts_[slot];
  alert.id = id;
  alert.key = key;
  alert.labels = state_.vocabulary_.compress(labels);
  alert.status = std::move(status);
  alert.display_hash = display_hash;
  alert.armed = kNever;
  state_.by_key_.insert(key.low, slot);
  state_.by_id_.insert(State::hash_of_id(id), slot);
  ++state_.alert_count_;
  if (alert.status.state == AlertState::firing) {
    ++state_.firing_count_;
  } else {
    state_.resolved_.emplace(alert.status.ended_at, id);
  }
  rearm(alert);
}

Alert& Evolution::alert_of(AlertId id) {
  const Alert* found = state_.find(id);
  CHECK(found != nullptr);
  return const_cast<Alert&>(*found);  // NOLINT: this class is State's one writer.
}

std::uint32_t Evolution::slot_of(const Alert& alert) const {
  return state_.by_id_.find(State::hash_of_id(alert.id),
                            [&](std::uint32_t at) { return state_.alerts_[at].id == alert.id; });
}

Lease& Evolution::lease_for(AlertStatus& status, std::uint16_t source) {
  if (status.lease.source == source) return status.lease;
  for (Lease& lease : status.more_leases) {
    if (lease.source == source) return lease;
  }
  // A fifth source takes the place of the one that ends first.
  if (status.more_leases.size() + 1 >= kLeasesMax) {
    return *std::ranges::min_element(status.more_leases, {}, &Lease::ends);
  }
  return status.more_leases.emplace_back();
}

Instant Evolution::due_of(const Alert& alert) {
  if (alert.status.state == AlertState::resolved) return alert.status.ended_at + kForgetAfter;
  Instant first = alert.status.lease.ends;
  for (const Lease& lease : alert.status.more_leases) first = std::min(first, lease.ends);
  if (alert.status.held_until != Instant{}) first = std::min(first, alert.status.held_until);
  return first;
}

void Evolution::rearm(Alert& alert) {
  const Instant due = due_of(alert);
  if (due >= alert.armed) return;
  alert.armed = due;
  state_.leases_.push({due, alert.id});
}

}  // namespace tocsin::triage
