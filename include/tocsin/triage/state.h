#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tocsin/alert/identity.h"
#include "tocsin/alert/labels.h"
#include "tocsin/alert/severity.h"
#include "tocsin/base/id.h"
#include "tocsin/base/time.h"
#include "tocsin/rules/effects.h"
#include "tocsin/triage/compact_labels.h"
#include "tocsin/triage/incident_table.h"
#include "tocsin/triage/slab.h"
#include "tocsin/triage/slot_index.h"

namespace tocsin::triage {

/// The instant that never comes: a lease of kind `never`.
inline constexpr Instant kNever = Instant::max();

enum class AlertState : std::uint8_t { firing, resolved };
enum class EndedBy : std::uint8_t { nothing, resolve, lease, person };

/// How long one source vouches for a firing alert.
struct Lease {
  std::uint16_t source = 0;  ///< Index into State::sources.
  Instant ends = kNever;     ///< On the timeline.
  Duration length{};         ///< At its last renewal; what a restart grants again.
  Instant renewed{};         ///< Timeline instant of the last renewal.
  friend bool operator==(const Lease&, const Lease&) = default;
};
inline constexpr std::size_t kLeasesMax = 4;

/// What changes about an alert; the rest of its row never does. One value in memory, in a batch
/// and in a row. Members marked volatile are not part of the durable digest.
struct AlertStatus {
  AlertState state = AlertState::firing;
  EndedBy ended_by = EndedBy::nothing;
  Severity severity = Severity::sev3;  ///< The worst this occurrence had.
  bool clock_skew : 1 = false;         ///< The sender's clock was found wrong (volatile).
  bool dropped : 1 = false;            ///< By a rule: it opens no incident.
  std::uint32_t occurrence = 1;        ///< Counts firing→resolved cycles from 1; 0 = never fired.
  IncidentId incident;                 ///< The last one it joined.
  Instant starts_at{};                 ///< The sender's, else receipt.
  Instant received_at{};               ///< First receipt of this occurrence, timeline.
  Instant ended_at{};                  ///< Receipt of its end; epoch while it never ended.
  Instant sender_end{};            ///< End of the last *resolved* occurrence by the sender's clock.
  Instant last_ends_at{};          ///< The sender's `endsAt` at its last arrival (volatile).
  Lease lease;                     ///< ends and renewed are volatile.
  std::vector<Lease> more_leases;  ///< Of further sources, at most kLeasesMax - 1.
  std::uint64_t rules_hash = 0;    ///< The rule set that triaged this occurrence.
  rules::EffectsRef effects;       ///< What triage rules decided about it; null: nothing.
  Instant held_until{};            ///< By a rule: it opens nothing before; epoch = it is not held.
};

/// An alert in memory: firing, or resolved not long ago.
struct Alert {
  AlertId id;
  Key key;
  CompactLabels labels;  ///< As sent; see State::labels_of().
  AlertStatus status;
  std::uint64_t display_hash = 0;  ///< Of annotations and link as last taken over (volatile).
  Instant display_taken{};         ///< Volatile.
  Instant armed{};                 ///< When its entry in the deadlines comes up; derived.
};

enum class Event : std::uint8_t {
  triggered,
  escalated,
  acknowledged,
  updated,
  recovering,
  reopened,
  resolved
};
std::string_view to_string(Event);  ///< "incident.triggered", …

enum class PageState : std::uint8_t {
  owed,       ///< To be attempted at `next_attempt`.
  delivered,  ///< The destination confirmed.
  withdrawn,  ///< No longer needed before anybody was told.
  abandoned,  ///< Given up after kPageLife.
};

/// One ledger entry: a message owed to one contact.
struct Page {
  PageId id;
  IncidentId incident;
  std::string key;  ///< Idempotency key, the same for all attempts: see page_key().
  Event event = Event::triggered;
  std::string channel;
  std::string reason;  ///< "escalation payments, step 1"
  std::uint32_t cycle = 1;
  std::uint32_t step = 0;
  std::uint32_t round = 0;
  PageState state = PageState::owed;
  Instant created{};
  Instant next_attempt{};
  std::uint32_t attempts = 0;       ///< Finished attempts.
  bool in_flight = false;           ///< Handed to delivery, outcome not back yet (volatile).
  bool possible_duplicate = false;  ///< An earlier attempt's outcome is unknown.
  std::string last_problem;         ///< "5xx: 503 Service Unavailable"
};
/// A page about trouble announces; the others follow it up.
bool announces_trouble(Event);

/// What an action under an Idempotency-Key was answered, for when it comes again.
struct PastAnswer {
  std::uint64_t content = 0;  ///< Of the request.
  std::uint8_t fate = 0;      ///< A Fate; step.h knows them.
  IncidentId incident;
  Instant at{};
  friend bool operator==(const PastAnswer&, const PastAnswer&) = default;
};

/// Ids and counts that are committed with every batch and never reused.
struct Counters {
  std::uint64_t last_alert = 0;
  std::uint64_t last_incident = 0;
  std::uint64_t last_page = 0;
  std::uint64_t opened_occurrences = 0;  ///< Alerts that began to fire, ever.
  std::uint64_t late_firings = 0;
  std::uint64_t unknown_resolves = 0;
  friend bool operator==(const Counters&, const Counters&) = default;
};

/// The kinds of things that become due, in the order in which equal instants are taken.
enum class DeadlineKind : std::uint8_t {
  lease,       ///< An alert's lease ends, or a resolved alert may be forgotten.
  incident,    ///< Recovery is over, ack_timeout, close_after.
  escalation,  ///< The next step.
  sweep,       ///< A sweep goes on.
};
struct Deadline {
  Instant at;
  DeadlineKind kind;
  std::uint64_t id;
  friend auto operator<=>(const Deadline&, const Deadline&) = default;
};
/// A deadline of kind lease, of which there is one for each alert.
struct LeaseDeadline {
  Instant at;
  AlertId alert;
  operator Deadline() const {  // NOLINT: it is one.
    return {at, DeadlineKind::lease, alert.value};
  }
  friend auto operator<=>(const LeaseDeadline&, const LeaseDeadline&) = default;
};

/// A large work cut into steps: which it is and how far it got. Durable.
struct Sweep {
  enum class Kind : std::uint8_t {
    none,
    reevaluate_severity,  ///< Firing alerts whose severity rises by other rules.
    reapply,              ///< Firing alerts are decided anew.
  };
  Kind kind = Kind::none;
  std::uint64_t next = 0;  ///< Slot to go on with.
  Instant due{};           ///< When the next part runs (volatile).
  friend bool operator==(const Sweep&, const Sweep&) = default;
};

/// Everything the core knows. Written by evolve() only.
class State {
 public:
  // Durable.
  std::vector<std::string> sources;        ///< Names by index; only grows.
  IncidentTable incidents;                 ///< Not closed.
  std::map<PageId, Page> pages;            ///< Owed.
  std::map<Key, PastAnswer> past_answers;  ///< By Idempotency-Key.
  Counters counters;
  std::uint64_t rules_hash = 0;  ///< Of the policy in force.
  Sweep sweep;
  // Volatile.
  /// Annotations of the alerts that are held, for the rules that ask for them when their time is
  /// over.
  std::map<AlertId, Labels> held_annotations;
  Instant restarted{};               ///< Leases renewed before it are granted again.
  bool low_space = false;            ///< New alerts are refused.
  std::uint64_t display_tokens = 0;  ///< Display updates left in this second.
  Instant display_second{};

  /// Begins to load what slot_of(key) will look at.
  void prefetch(const Key& key) const { by_key_.prefetch(key.low); }
  /// After that: begins to load the alert, if it is known.
  void prefetch_alert(const Key&) const;
  /// Slots: addresses stay put; a free slot has id 0.
  std::optional<std::uint32_t> slot_of(const Key&) const;
  const Alert* find(const Key&) const;
  const Alert* find(AlertId) const;
  const Alert& at(std::uint32_t slot) const { return alerts_[slot]; }
  /// Made anew by each call; refreshes do not need it.
  Labels labels_of(const Alert& alert) const { return vocabulary_.expand(alert.labels); }
  std::uint32_t slots() const { return alerts_.size(); }
  std::uint32_t alert_count() const { return alert_count_; }
  std::uint32_t firing_count() const { return firing_count_; }
  /// Of the alerts in memory that do not fire, the one that ended first, or null.
  const Alert* oldest_resolved() const;
  const Incident* find(IncidentId id) const { return incidents.find(id); }
  const Page* find(PageId) const;
  /// The first thing due for Tick, in (instant, kind, id) order.
  std::optional<Deadline> first_deadline() const;
  const std::set<std::pair<Instant, PageId>>& page_times() const { return page_times_; }
  /// The past answer that was given first, or null.
  const std::pair<Instant, Key>* oldest_past_answer() const;
  /// Owed pages of an incident, oldest first.
  std::vector<PageId> pages_of(IncidentId) const;
  std::optional<std::uint16_t> source_index(std::string_view name) const;

  /// Spreads ids, which are sequential, over the index, but keeps eight neighbours, which are
  /// likely to be looked up together, in one cache line.
  static std::uint64_t hash_of_id(AlertId id) {
    return ((id.value >> 3) * 0x9E3779B97F4A7C15ULL >> 32 << 3) | (id.value & 7);
  }

 private:
  friend class Evolution;  // evolve.cpp: the only writer.
  friend class Restoration;
  Slab<Alert> alerts_;
  Vocabulary vocabulary_;
  std::vector<std::uint32_t> free_slots_;
  std::uint32_t newest_ = 0;  // the slot that was filled last
  SlotIndex by_key_;
  SlotIndex by_id_;
  std::set<Deadline> timers_;                         // incident, escalation, sweep: exact
  std::set<std::pair<Instant, PageId>> page_times_;   // pages that may be attempted
  std::set<std::pair<IncidentId, PageId>> pages_of_;  // owed pages by incident
  using Leases = std::priority_queue<LeaseDeadline, std::vector<LeaseDeadline>, std::greater<>>;
  Leases leases_;                                   // see Alert::armed
  std::set<std::pair<Instant, AlertId>> resolved_;  // alerts that do not fire, by their end
  std::set<std::pair<Instant, Key>> past_answers_;  // by time
  std::uint32_t alert_count_ = 0;
  std::uint32_t firing_count_ = 0;
};

/// A hash of the durable part in a fixed order. Equal states have equal digests; used by tests,
/// the simulator and `backup`. Linear; not for the hot path.
std::uint64_t durable_digest(const State&);

}  // namespace tocsin::triage
