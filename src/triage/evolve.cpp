#include <algorithm>
#include <utility>

#include "tocsin/base/check.h"
#include "tocsin/base/overloaded.h"
#include "tocsin/triage/restore.h"
#include "tocsin/triage/triage.h"
#include "triage/limits.h"

namespace tocsin::triage {

/// The only writer of State. One function per change; each keeps the derived indexes true.
class Evolution {
 public:
  explicit Evolution(State& state) : state_(state) {}

  auto key_hash() const {
    return [this](std::uint32_t slot) { return state_.alerts_[slot].key.low; };
  }
  auto id_hash() const {
    return [this](std::uint32_t slot) { return State::hash_of_id(state_.alerts_[slot].id); };
  }

  void operator()(const SourceNamed& change) { state_.sources.push_back(change.name); }

  void operator()(const AlertOpened& change) {
    CHECK(change.id.value > state_.counters.last_alert);
    state_.counters.last_alert = change.id.value;
    if (change.status.occurrence > 0) ++state_.counters.opened_occurrences;
    insert(change.id, change.key, change.labels, change.status, change.display_hash);
  }

  void operator()(const AlertFired& change) {
    Alert& alert = alert_of(change.id);
    if (!change.continued) ++state_.counters.opened_occurrences;
    if (alert.status.state != AlertState::firing) ++state_.firing_count_;
    alert.status = change.status;
    alert.display_hash = change.display_hash;
    rearm(alert);
  }

  void operator()(const AlertEnded& change) {
    Alert& alert = alert_of(change.id);
    CHECK(alert.status.state == AlertState::firing);
    --state_.firing_count_;
    alert.status.state = AlertState::resolved;
    alert.status.ended_by = change.by;
    alert.status.ended_at = change.at;
    if (change.by != EndedBy::lease) alert.status.sender_end = change.sender_end;
    alert.status.more_leases.clear();
    rearm(alert);
  }

  void operator()(const LeaseRenewed& change) {
    Alert& alert = state_.alerts_[change.slot];
    CHECK(alert.id == change.id);
    if (change.sender_ends_at != Instant{}) alert.status.last_ends_at = change.sender_ends_at;
    if (change.clock_skew) alert.status.clock_skew = true;
    lease_for(alert.status, change.lease.source) = change.lease;
    rearm(alert);
  }

  void operator()(const LeaseRearmed& change) {
    CHECK(!state_.leases_.empty() && state_.leases_.top() == change.entry);
    state_.leases_.pop();
    const Alert* found = state_.find(AlertId{change.entry.id});
    if (found == nullptr || found->armed != change.entry.at) return;  // An entry of the past.
    Alert& alert = alert_of(found->id);
    alert.armed = kNever;
    rearm(alert);
  }

  void operator()(const SenderEndSeen& change) {
    alert_of(change.id).status.last_ends_at = change.sender_ends_at;
  }

  void operator()(const LeaseDropped& change) {
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

  void operator()(const DisplayTaken& change) {
    Alert& alert = alert_of(change.id);
    alert.display_hash = change.display_hash;
    alert.display_taken = change.at;
    const auto second = std::chrono::floor<std::chrono::seconds>(change.at);
    if (second != state_.display_second) {
      state_.display_second = second;
      state_.display_tokens = kDisplaysPerSecond;
    }
    if (state_.display_tokens > 0) --state_.display_tokens;
  }

  void operator()(const AlertForgotten& change) {
    Alert& alert = alert_of(change.id);
    const std::uint32_t slot = slot_of(alert);
    state_.by_key_.erase(alert.key.low, slot, key_hash());
    state_.by_id_.erase(State::hash_of_id(alert.id), slot, id_hash());
    alert = Alert{};
    state_.free_slots_.push_back(slot);
    --state_.alert_count_;
  }

  void operator()(const ReportCounted& change) {
    if (change.fate == Fate::late) ++state_.counters.late_firings;
    if (change.fate == Fate::unknown_resolve) ++state_.counters.unknown_resolves;
  }

  void operator()(const AlertSeverityRaised& change) {
    AlertStatus& status = alert_of(change.id).status;
    status.severity = change.severity;
    status.rules_hash = change.rules_hash;
  }

  void operator()(const IncidentOpened& change) {
    const IncidentId id = change.incident.id;
    CHECK(id.value > state_.counters.last_incident);
    state_.counters.last_incident = id.value;
    state_.incidents.emplace(id, change.incident);
    state_.by_correlation_.emplace(change.incident.key, id);
    state_.alerts_of_[id].push_back(change.alert);
    alert_of(change.alert).status.incident = id;
    arm(state_.incidents.at(id));
  }

  void operator()(const AlertJoined& change) {
    change_incident(change.incident, [&](Incident& incident) {
      if (!change.new_member) --incident.resolved;
      ++incident.firing;
      incident.last_joined = change.at;
      incident.started_at = std::min(incident.started_at, change.starts_at);
    });
    Alert& alert = alert_of(change.alert);
    if (change.new_member) state_.alerts_of_[change.incident].push_back(change.alert);
    alert.status.incident = change.incident;
  }

  void operator()(const AlertLeftFiring& change) {
    change_incident(change.incident, [](Incident& incident) {
      --incident.firing;
      ++incident.resolved;
    });
  }

  void operator()(const SeverityRaised& change) {
    change_incident(change.incident, [&](Incident& incident) {
      incident.severity = change.to;
      incident.severity_criterion = change.criterion;
      incident.severity_at = change.at;
    });
  }

  void operator()(const IncidentAcknowledged& change) {
    change_incident(change.incident, [&](Incident& incident) {
      incident.acknowledged_at = change.at;
      incident.acknowledged_by = change.by;
      incident.escalation.next_at.reset();
      if (incident.state == IncidentState::recovering) {
        incident.before_recovering = IncidentState::acknowledged;
        return;
      }
      incident.state = IncidentState::acknowledged;
      incident.due = change.due;
    });
  }

  void operator()(const IncidentUnacknowledged& change) {
    change_incident(change.incident, [](Incident& incident) {
      incident.state = IncidentState::triggered;
      incident.acknowledged_at.reset();
      incident.acknowledged_by.clear();
      incident.due.reset();
    });
  }

  void operator()(const IncidentRecovering& change) {
    change_incident(change.incident, [&](Incident& incident) {
      incident.before_recovering = incident.state;
      incident.state = IncidentState::recovering;
      incident.recovering_by_person = change.by_person;
      incident.recovering_at = change.at;
      incident.due = change.due;
    });
  }

  void operator()(const IncidentRelapsed& change) {
    change_incident(change.incident, [&](Incident& incident) {
      incident.state = incident.before_recovering;
      incident.recovering_by_person = false;
      incident.recovering_at.reset();
      incident.due = change.due;
    });
  }

  void operator()(const IncidentResolved& change) {
    change_incident(change.incident, [&](Incident& incident) {
      incident.state = IncidentState::resolved;
      incident.resolved_at = change.at;
      incident.due = change.due;
      incident.escalation.next_at.reset();
    });
  }

  void operator()(const IncidentReopened& change) {
    change_incident(change.incident, [&](Incident& incident) {
      // Whoever was told of trouble knows of its end only if the incident had been resolved.
      if (incident.state == IncidentState::resolved) incident.told.clear();
      incident.state = IncidentState::triggered;
      incident.recovering_by_person = false;
      ++incident.cycle;
      incident.recovering_at.reset();
      incident.resolved_at.reset();
      incident.acknowledged_at.reset();
      incident.acknowledged_by.clear();
      incident.due.reset();
      incident.escalation = EscalationStatus{};
      incident.escalation.name = change.escalation;
    });
  }

  void operator()(const IncidentClosed& change) {
    const auto found = state_.incidents.find(change.incident.id);
    CHECK(found != state_.incidents.end());
    disarm(found->second);
    state_.by_correlation_.erase({found->second.key, change.incident.id});
    state_.alerts_of_.erase(change.incident.id);
    state_.incidents.erase(found);
  }

  void operator()(const NoteAdded& change) {
    change_incident(change.incident, [&](Incident& incident) {
      if (change.due) incident.due = change.due;
    });
  }

  void operator()(const EscalationStepped& change) {
    change_incident(change.incident, [&](Incident& incident) {
      EscalationStatus& escalation = incident.escalation;
      escalation.name = change.name;
      escalation.step = change.step;
      escalation.round = change.round;
      escalation.first_round = change.first_round;
      escalation.next_at = change.next_at;
      escalation.reached = false;
      if (change.fresh) escalation.exhausted = false;
    });
  }

  void operator()(const EscalationExhausted& change) {
    change_incident(change.incident, [&](Incident& incident) {
      incident.escalation.exhausted = true;
      incident.escalation.step = 0;
      incident.escalation.next_at = change.next_at;
    });
  }

  void operator()(const PageQueued& change) {
    CHECK(change.page.id.value > state_.counters.last_page);
    state_.counters.last_page = change.page.id.value;
    insert(change.page);
  }

  void operator()(const PageHandedOut& change) {
    change_page(change.page, [](Page& page) { page.in_flight = true; });
  }

  void operator()(const PageDelivered& change) {
    reached(change.page);
    drop_page(change.page.id);
  }

  void operator()(const PageFailed& change) {
    if (change.outcome == Outcome::unknown) reached(*state_.find(change.page));
    change_page(change.page, [&](Page& page) {
      page.in_flight = false;
      ++page.attempts;
      page.next_attempt = change.next_attempt;
      page.last_problem = change.detail;
      if (change.outcome == Outcome::unknown) page.possible_duplicate = true;
    });
  }

  void operator()(const PageWithdrawn& change) { drop_page(change.page.id); }
  void operator()(const PageAbandoned& change) { drop_page(change.page.id); }

  void operator()(const ChannelTold& change) {
    change_incident(change.incident,
                    [&](Incident& incident) { incident.told.insert(Told{change.channel}); });
  }

  void operator()(const DaemonRestarted& change) { state_.restarted = change.at; }

  void operator()(const PolicyReplaced& change) {
    state_.rules_hash = change.rules_hash;
    if (change.sweep) set_sweep({Sweep::Kind::reevaluate_severity, 0, change.at});
  }

  void operator()(const SweepAdvanced& change) { set_sweep(change.sweep); }
  void operator()(const ClockStepNoted&) {}
  void operator()(const SpaceNoted& change) { state_.low_space = change.low; }

  // Shared with Restoration.

  void insert(AlertId id, const Key& key, const Labels& labels, const AlertStatus& status,
              std::uint64_t display_hash) {
    std::uint32_t slot = static_cast<std::uint32_t>(state_.alerts_.size());
    if (!state_.free_slots_.empty()) {
      slot = state_.free_slots_.back();
      state_.free_slots_.pop_back();
    } else {
      state_.alerts_.emplace_back();
    }
    Alert& alert = state_.alerts_[slot];
    alert.id = id;
    alert.key = key;
    alert.labels = labels;
    alert.status = status;
    alert.display_hash = display_hash;
    alert.armed = kNever;
    state_.by_key_.insert(key.low, slot, key_hash());
    state_.by_id_.insert(State::hash_of_id(id), slot, id_hash());
    ++state_.alert_count_;
    if (status.state == AlertState::firing) ++state_.firing_count_;
    rearm(alert);
  }

  void insert(const Page& page) {
    state_.pages_of_.emplace(page.incident, page.id);
    const Page& placed = state_.pages.emplace(page.id, page).first->second;
    if (const auto at = time_of(placed)) state_.page_times_.emplace(*at, placed.id);
  }

  void insert(Incident incident) {
    const IncidentId id = incident.id;
    Incident& placed = state_.incidents.emplace(id, std::move(incident)).first->second;
    state_.by_correlation_.emplace(placed.key, id);
    arm(placed);
  }

  void member(IncidentId incident, AlertId alert) {
    if (state_.find(incident) != nullptr) state_.alerts_of_[incident].push_back(alert);
  }

  void set_sweep(const Sweep& sweep) {
    if (state_.sweep.kind != Sweep::Kind::none) state_.timers_.erase(sweep_deadline());
    state_.sweep = sweep;
    if (sweep.kind != Sweep::Kind::none) state_.timers_.insert(sweep_deadline());
  }

 private:
  Alert& alert_of(AlertId id) {
    const Alert* found = state_.find(id);
    CHECK(found != nullptr);
    return const_cast<Alert&>(*found);  // NOLINT: this class is State's one writer.
  }

  std::uint32_t slot_of(const Alert& alert) const {
    return state_.by_id_.find(State::hash_of_id(alert.id),
                              [&](std::uint32_t at) { return state_.alerts_[at].id == alert.id; });
  }

  static Lease& lease_for(AlertStatus& status, std::uint16_t source) {
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

  /// When something is due for this alert: its first lease end, or that it may be forgotten.
  static Instant due_of(const Alert& alert) {
    if (alert.status.state == AlertState::resolved) return alert.status.ended_at + kForgetAfter;
    Instant first = alert.status.lease.ends;
    for (const Lease& lease : alert.status.more_leases) first = std::min(first, lease.ends);
    return first;
  }

  /// The heap is lazy: an entry may come up early and is then set again, never late. So a refresh
  /// that moves a lease forward costs nothing here.
  void rearm(Alert& alert) {
    const Instant due = due_of(alert);
    if (due >= alert.armed) return;
    alert.armed = due;
    state_.leases_.push(Deadline{due, DeadlineKind::lease, alert.id.value});
  }

  template <class Change>
  void change_incident(IncidentId id, Change change) {
    const auto found = state_.incidents.find(id);
    CHECK(found != state_.incidents.end());
    Incident& incident = found->second;
    disarm(incident);
    const bool held_before = holds_trouble(incident);
    change(incident);
    ++incident.version;
    arm(incident);
    if (held_before != holds_trouble(incident)) retime_pages(id);
  }

  static std::optional<Instant> escalation_time(const Incident& incident) {
    if (incident.state != IncidentState::triggered) return std::nullopt;
    return incident.escalation.next_at;
  }

  void arm(const Incident& incident) {
    if (incident.due) {
      state_.timers_.insert({*incident.due, DeadlineKind::incident, incident.id.value});
    }
    if (const auto at = escalation_time(incident)) {
      state_.timers_.insert({*at, DeadlineKind::escalation, incident.id.value});
    }
  }

  void disarm(const Incident& incident) {
    if (incident.due) {
      state_.timers_.erase({*incident.due, DeadlineKind::incident, incident.id.value});
    }
    if (const auto at = escalation_time(incident)) {
      state_.timers_.erase({*at, DeadlineKind::escalation, incident.id.value});
    }
  }

  /// Pages about trouble leave only while somebody still has to answer (I5).
  static bool holds_trouble(const Incident& incident) {
    return incident.state != IncidentState::triggered;
  }

  std::optional<Instant> time_of(const Page& page) const {
    if (page.in_flight) return std::nullopt;
    if (announces_trouble(page.event)) {
      const Incident* incident = state_.find(page.incident);
      if (incident == nullptr || holds_trouble(*incident)) return std::nullopt;
    }
    return page.next_attempt;
  }

  void retime_pages(IncidentId incident) {
    for (const PageId id : state_.pages_of(incident)) {
      const Page& page = state_.pages.at(id);
      state_.page_times_.erase({page.next_attempt, id});
      if (const auto at = time_of(page)) state_.page_times_.emplace(*at, id);
    }
  }

  template <class Change>
  void change_page(PageId id, Change change) {
    const auto found = state_.pages.find(id);
    CHECK(found != state_.pages.end());
    Page& page = found->second;
    state_.page_times_.erase({page.next_attempt, id});
    change(page);
    if (const auto at = time_of(page)) state_.page_times_.emplace(*at, id);
  }

  void drop_page(PageId id) {
    const auto found = state_.pages.find(id);
    CHECK(found != state_.pages.end());
    state_.page_times_.erase({found->second.next_attempt, id});
    state_.pages_of_.erase({found->second.incident, id});
    state_.pages.erase(found);
  }

  void reached(const Page& page) {
    const auto found = state_.incidents.find(page.incident);
    if (found == state_.incidents.end()) return;
    EscalationStatus& escalation = found->second.escalation;
    if (page.cycle == found->second.cycle && page.step == escalation.step &&
        page.round == escalation.round && announces_trouble(page.event)) {
      escalation.reached = true;
    }
  }

  Deadline sweep_deadline() const { return {state_.sweep.due, DeadlineKind::sweep, 0}; }

  State& state_;
};

void evolve(State& state, const Change& change) { std::visit(Evolution(state), change); }

Restoration::Restoration() : state_(std::make_unique<State>()) {}
Restoration::~Restoration() = default;

void Restoration::sources(std::vector<std::string> names) { state_->sources = std::move(names); }

void Restoration::incident(Incident incident) { Evolution(*state_).insert(std::move(incident)); }

void Restoration::alert(AlertId id, const Key& key, Labels labels, AlertStatus status,
                        std::uint64_t display_hash) {
  const IncidentId incident = status.incident;
  Evolution evolution(*state_);
  evolution.insert(id, key, labels, status, display_hash);
  if (incident) evolution.member(incident, id);
}

void Restoration::page(Page page) { Evolution(*state_).insert(page); }

void Restoration::counters(const Counters& counters, std::uint64_t rules_hash, const Sweep& sweep) {
  state_->counters = counters;
  state_->rules_hash = rules_hash;
  Evolution(*state_).set_sweep({sweep.kind, sweep.next, Instant{}});
}

std::unique_ptr<State> Restoration::finish() { return std::move(state_); }

}  // namespace tocsin::triage
