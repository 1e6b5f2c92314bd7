#pragma once

#include <optional>

#include "tocsin/alert/identity.h"
#include "tocsin/triage/change.h"
#include "tocsin/triage/policy.h"
#include "tocsin/triage/state.h"
#include "tocsin/triage/step.h"

/// The core: deterministic and without I/O. Same states, steps and times in, same changes out.
namespace tocsin::triage {

/// What a step leads to. Reused by the caller, so that a refresh allocates nothing.
struct Decision {
  Changes changes;
  StepAnswer answer;
  void clear() {
    changes.clear();
    answer = {};
  }
};

/// Who acts and on what terms; comes with the delivery.
struct Context {
  std::string_view source;
  std::string_view actor;
  std::optional<std::uint32_t> if_version;
};

/// Pure. Appends to `out`. A Tick decides the first due deadline only: call it while due(state,
/// now). REQUIRES: for a ReportAlert without labels the key is known (see knows_all).
void decide(const State&, const Policy&, const Step&, const Context&, Now, Decision& out);

/// The only writer. Total: a change once decided applies to the state it was decided on.
void evolve(State&, const Change&);

/// Pure. Appends what follows from a change that has just been evolved.
void react(const State&, const Policy&, const Change&, const Context&, Now, Changes& out);

/// True if every report without labels in the delivery has a known key.
bool knows_all(const State&, const Delivery&);

/// When the shell must send Tick at the latest; may be early, never late.
std::optional<Instant> next_deadline(const State&);
bool due(const State&, Now);

/// Pages to hand to delivery now: owed, due, not in flight; oldest first, at most `limit`.
std::vector<PageId> due_pages(const State&, Now, std::size_t limit);

/// True if an earlier attempt at the page may have arrived: its outcome was unknown, or the daemon
/// restarted since it was queued.
bool is_possible_duplicate(const State&, const Page&);

/// Depth to which reactions may nest.
inline constexpr int kReactionDepthMax = 8;
/// Changes one step may cause.
inline constexpr std::size_t kStepChangesMax = 2000;

// ---- What a batch writes ----

struct TimelineEntry {
  IncidentId incident;
  Instant at{};                 ///< Wall clock.
  std::string actor;            ///< "" = Tocsin itself.
  std::string kind;             ///< "opened", "alerts_joined", "acknowledged", "paged", …
  std::string detail;           ///< One line for people.
  std::vector<AlertId> alerts;  ///< Those that joined with it: how an incident finds its alerts.
};

/// An alert's later transition, for the history.
struct AlertEvent {
  AlertId alert;
  Instant at{};
  std::string kind;  ///< "fired", "continued", "resolved", "lease", "person"
  std::uint16_t source = 0;
  std::optional<Instant> starts_at, ends_at;
  std::string annotations;  ///< Canonical block; "" = unchanged.
  std::string generator_url;
  std::uint64_t rules_hash = 0;
};

/// The rows one batch writes: final values of what its changes touched, and history. Copied out of
/// State when the batch closes, so the commit thread shares nothing with the core.
struct Rows {
  struct NewAlert {
    AlertOpened opened;
    AlertStatus status;
  };
  struct AlertUpdate {
    AlertId id;
    AlertStatus status;
    bool forgotten = false;
  };
  /// What a joining or leaving alert changes: nothing else of the incident did in this batch.
  struct IncidentCounts {
    IncidentId id;
    std::uint32_t firing = 0;
    std::uint32_t resolved = 0;
    Instant started_at{};
    Instant last_joined{};
    std::uint32_t version = 0;
  };
  struct AlertDisplay {
    AlertId id;
    Labels annotations;
    std::string generator_url;
  };
  std::vector<std::string> sources;  ///< All names, if one was added.
  std::vector<NewAlert> new_alerts;
  std::vector<AlertUpdate> alerts;
  std::vector<AlertDisplay> displays;
  std::vector<AlertEvent> alert_events;
  std::vector<Incident> incidents;
  std::vector<IncidentCounts> incident_counts;
  std::vector<Page> pages;
  std::vector<TimelineEntry> timeline;  ///< One "+N alerts" entry per incident and batch.
  bool empty() const;
};

/// The rows of one batch's changes, with the values State has at the batch's end. Moves label sets
/// and texts of alerts out of `changes`; ids, severities and reasons stay for telemetry.
/// `actors[i]` is who caused changes[i]: a run-length list of (first change, actor).
struct ActorRun {
  std::size_t first = 0;
  std::string actor;
};
Rows rows_of(const State&, Changes&, const std::vector<ActorRun>& actors, Now);

}  // namespace tocsin::triage
