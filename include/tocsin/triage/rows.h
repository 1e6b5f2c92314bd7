#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/alert/arena.h"
#include "tocsin/triage/change.h"
#include "tocsin/triage/state.h"

/// What a batch writes.
namespace tocsin::triage {

struct TimelineEntry {
  IncidentId incident;
  Instant at{};        ///< Wall clock.
  std::string actor;   ///< "" = Tocsin itself.
  std::string kind;    ///< "opened", "alerts_joined", "acknowledged", "paged", …
  std::string detail;  ///< One line for people.
  /// Those that joined with it, but for new alerts: their own rows say what they joined.
  std::vector<AlertId> alerts;
};

/// An alert's later transition, for the history.
struct AlertEvent {
  AlertId alert;
  Instant at{};
  std::string
      kind;  ///< "fired", "continued", "released", "relabelled", "resolved", "lease", "person"
  std::uint16_t source = 0;
  std::optional<Instant> starts_at, ends_at;
  std::string annotations;  ///< Canonical block; "" = unchanged.
  std::string generator_url;
  std::uint64_t rules_hash = 0;
  std::string labels;         ///< Canonical block; "" = unchanged.
  rules::EffectsRef effects;  ///< What triage rules decided with it; null: nothing.
};

/// The rows one batch writes: final values of what its changes touched, and history. They hold
/// copies of all they need, so the commit thread shares nothing with the core.
struct Rows {
  Arena texts;  ///< What the views below point into.
  struct NewAlert {
    AlertOpened opened;
    AlertStatus status;
    IncidentId joined;  ///< What it opened or joined when it was new, if anything.
  };
  struct AlertUpdate {
    AlertId id;
    AlertStatus status;
    bool forgotten = false;
  };
  /// What a joining or leaving alert changes: nothing else of the incident did in this batch.
  /// Those that only new alerts joined can be counted again from the rows of these alerts.
  struct IncidentCounts {
    IncidentId id;
    std::uint32_t firing = 0;
    std::uint32_t resolved = 0;
    Instant started_at{};
    Instant last_joined{};
    std::uint32_t version = 0;
    bool only_new_alerts = false;
  };
  struct AlertDisplay {
    AlertId id;
    Labels annotations;
    std::string generator_url;
    Labels labels;  ///< Empty = unchanged.
  };
  std::vector<std::string> sources;  ///< All names, if one was added.
  std::vector<NewAlert> new_alerts;
  std::vector<AlertUpdate> alerts;
  std::vector<AlertDisplay> displays;
  std::vector<AlertEvent> alert_events;
  std::vector<Incident> incidents;
  std::vector<IncidentCounts> incident_counts;
  std::vector<Page> pages;
  std::vector<AnswerRemembered> past_answers;
  std::vector<Key> forgotten_answers;  ///< Before `past_answers` are written.
  /// One "+N alerts" entry per incident and batch, and none for new alerts that joined.
  std::vector<TimelineEntry> timeline;
  bool empty() const;
};

/// Collects the rows of a batch while it is decided: history as it happens, and what else was
/// touched, whose values finish() reads from State.
class RowCollector {
 public:
  /// REQUIRES: `change` has been evolved. `actor` caused it; "" = Tocsin itself.
  void take(const Change& change, std::string_view actor, Instant wall);
  /// The rows of all changes taken since the last call, with the values State has now.
  Rows finish(const State&, Instant wall);

 private:
  class Noting;
  struct Counts {
    std::vector<AlertId> joined;  ///< Known before.
    std::uint64_t again = 0, cleared = 0, expired = 0;
  };
  bool is_new(AlertId id) const;
  Rows::NewAlert& new_alert(AlertId id);
  void join(AlertId, IncidentId, bool new_alert);
  void add_counts(Instant wall);

  Rows rows_;
  bool sources_ = false;
  AlertId first_new_;          ///< Ids only grow: those opened in this batch begin here.
  std::set<AlertId> touched_;  ///< Alerts whose values differ from what rows_ has of them.
  std::map<AlertId, AlertStatus> forgotten_;
  std::set<IncidentId> incidents_;
  std::vector<Incident> closed_;
  std::set<PageId> pages_;
  std::map<PageId, Page> ended_pages_;
  std::map<IncidentId, Counts> counts_;
  std::vector<IncidentId> joined_by_new_;  ///< One for every new alert that joined.
};

}  // namespace tocsin::triage
