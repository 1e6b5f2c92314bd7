#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tocsin/alert/identity.h"
#include "tocsin/alert/labels.h"
#include "tocsin/alert/severity.h"
#include "tocsin/base/id.h"
#include "tocsin/base/time.h"
#include "tocsin/triage/slab.h"
#include "tocsin/triage/slot_index.h"

namespace tocsin::triage {

enum class IncidentState : std::uint8_t { triggered, acknowledged, recovering, resolved, closed };

/// Where an incident stands on its escalation path. step and round count from 1; 0 = not begun.
struct EscalationStatus {
  std::string name;
  std::uint32_t step = 0;
  std::uint32_t round = 0;
  /// When the next step is due; kept while recovering. Nothing: the path has ended or stopped.
  std::optional<Instant> next_at;
  bool exhausted = false;         ///< The last round ended and the fallback was paged.
  std::uint32_t first_round = 1;  ///< The round in which this run of the path began.
  bool reached = false;           ///< A page of the current step got through, or may have.
  friend bool operator==(const EscalationStatus&, const EscalationStatus&) = default;
};

/// Whom the incident told of trouble in this cycle, and so owes its end.
struct Told {
  std::string channel;
  friend auto operator<=>(const Told&, const Told&) = default;
};

struct Incident {
  IncidentId id;
  IncidentState state = IncidentState::triggered;
  IncidentState before_recovering = IncidentState::triggered;
  bool recovering_by_person = false;
  Severity severity = Severity::sev3;
  std::string severity_criterion;  ///< "default", a word of the map, or a criterion's name.
  std::string severity_at;         ///< "rules/severity.yaml:12"
  std::string title;
  std::string service;
  std::string team;
  std::string runbook;
  std::string key_rule;  ///< The correlation rule; "" = an incident of its own.
  Labels key_labels;     ///< Its `by` values, empty ones left out.
  Key key;               ///< Hash of the two; of the alert when key_rule is "".
  Instant started_at{};  ///< Earliest `starts_at` of its alerts, at most detected_at.
  Instant detected_at{};
  Instant triaged_at{};
  std::optional<Instant> acknowledged_at;
  std::optional<Instant> recovering_at;
  std::optional<Instant> resolved_at;
  std::optional<Instant> closed_at;
  std::string acknowledged_by;
  std::string rule_escalation;  ///< A triage rule chose it for one of the alerts; "" = none did.
  std::uint32_t cycle = 1;      ///< Grows with every reopening.
  std::uint32_t firing = 0;     ///< Its alerts that fire.
  std::uint32_t resolved = 0;   ///< Its alerts that do not.
  Duration window{};            ///< Of its correlation rule when it opened.
  Duration max_age{};
  Instant last_joined{};       ///< When an occurrence last joined, timeline.
  std::optional<Instant> due;  ///< End of recovery, of ack_timeout, or close_after; by state.
  EscalationStatus escalation;
  std::set<Told> told;        ///< Channels attempted with trouble in this cycle.
  std::uint32_t version = 0;  ///< Grows with every durable change; the ETag.
};

/// Incidents that are not closed, with what leads to them. A storm asks for one several times an
/// alert by its id, which is one look into a table of hashes. A pointer to an incident holds until
/// it is erased.
class IncidentTable {
 public:
  IncidentTable() = default;
  IncidentTable(IncidentTable&&) = default;
  IncidentTable& operator=(IncidentTable&&) = default;

  const std::map<IncidentId, Incident>& in_order() const { return incidents_; }
  std::size_t size() const { return incidents_.size(); }
  bool empty() const { return incidents_.empty(); }
  const Incident* find(IncidentId id) const;
  Incident* find(IncidentId id);
  /// The newest with this correlation key, or null.
  const Incident* newest_of(const Key& correlation_key) const;
  /// Alerts that joined it, in order, none if it is not here. One that has since joined another or
  /// was forgotten may still be listed, one that joined twice may be listed twice: compare
  /// status.incident.
  const std::vector<AlertId>& alerts_of(IncidentId id) const;

  /// REQUIRES: its id is not here. Ids of one key come in order.
  Incident& insert(Incident incident);
  /// REQUIRES: both of these: it is here.
  void add_alert(IncidentId id, AlertId alert);
  void erase(IncidentId id);

 private:
  static constexpr std::uint32_t kNone = SlotIndex::kEmpty;
  struct Place {
    IncidentId id;
    Incident* incident = nullptr;
    std::uint32_t older = kNone;  ///< The place of the one before it with the same key.
    std::vector<AlertId> alerts;
  };
  static std::uint64_t hash_of(IncidentId id) { return id.value * 0x9E3779B97F4A7C15ULL >> 32U; }
  std::uint32_t place_of(IncidentId id) const;
  std::uint32_t newest_place_of(const Key& correlation_key) const;

  std::map<IncidentId, Incident> incidents_;
  Slab<Place> places_;
  std::vector<std::uint32_t> free_;
  SlotIndex by_id_;
  /// The place of the newest of each key. A tree: senders choose what a correlation key hashes.
  std::map<Key, std::uint32_t> by_key_;
};

}  // namespace tocsin::triage
