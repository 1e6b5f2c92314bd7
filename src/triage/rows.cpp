#include <map>
#include <set>
#include <utility>

#include "tocsin/base/check.h"
#include "tocsin/base/overloaded.h"
#include "triage/timeline.h"

namespace tocsin::triage {

namespace {
/// Walks the changes once and notes what they touched; values are read from State at the end.
class Collector {
 public:
  Collector(const State& state, Now now) : state_(state), now_(now) {}

  void take(Change& change, std::string_view actor) {
    if (auto told = timeline_entry(change, now_.wall, actor)) {
      if (const auto* opened = std::get_if<IncidentOpened>(&change)) told->alerts = {opened->alert};
      rows_.timeline.push_back(std::move(*told));
    }
    std::visit([&](auto& fact) { note(fact); }, change);
  }

  Rows finish() {
    if (sources_) rows_.sources = state_.sources;
    for (Rows::NewAlert& fresh : rows_.new_alerts) {
      const Alert* alert = state_.find(fresh.opened.id);
      CHECK(alert != nullptr);
      fresh.status = alert->status;
    }
    for (const AlertId id : alerts_) {
      if (forgotten_.contains(id)) continue;
      const Alert* alert = state_.find(id);
      CHECK(alert != nullptr);
      rows_.alerts.push_back({id, alert->status, false});
    }
    for (auto& [id, status] : forgotten_) rows_.alerts.push_back({id, status, true});
    for (const IncidentId id : incidents_) {
      if (const Incident* incident = state_.find(id)) rows_.incidents.push_back(*incident);
    }
    for (const auto& [id, n] : counts_) {
      const Incident* incident = incidents_.contains(id) ? nullptr : state_.find(id);
      if (incident == nullptr) continue;
      rows_.incident_counts.push_back({.id = id,
                                       .firing = incident->firing,
                                       .resolved = incident->resolved,
                                       .started_at = incident->started_at,
                                       .last_joined = incident->last_joined,
                                       .version = incident->version});
    }
    for (Incident& incident : closed_) rows_.incidents.push_back(std::move(incident));
    for (const PageId id : pages_) {
      if (const Page* page = state_.find(id)) rows_.pages.push_back(*page);
    }
    for (auto& [id, page] : ended_pages_) rows_.pages.push_back(std::move(page));
    add_counts();
    return std::move(rows_);
  }

 private:
  void note(const SourceNamed&) { sources_ = true; }
  void note(AlertOpened& c) {
    if (!first_new_) first_new_ = c.id;
    rows_.new_alerts.push_back({std::move(c), {}});
    // The change keeps what telemetry reads; texts and label sets have moved.
    const AlertOpened& moved = rows_.new_alerts.back().opened;
    c.id = moved.id;
    c.source = moved.source;
    c.status.severity = moved.status.severity;
    c.status.occurrence = moved.status.occurrence;
  }
  void note(AlertFired& c) {
    touch(c.id);
    if (c.new_display) rows_.displays.push_back({c.id, c.annotations, c.generator_url});
    rows_.alert_events.push_back(
        {.alert = c.id,
         .at = now_.wall,
         .kind = c.continued ? "continued" : "fired",
         .source = c.source,
         .starts_at = c.status.starts_at,
         .ends_at = {},
         .annotations = c.new_display ? c.annotations.block() : std::string(),
         .generator_url = c.new_display ? c.generator_url : std::string(),
         .rules_hash = c.status.rules_hash});
  }
  void note(const AlertEnded& c) {
    touch(c.id);
    AlertEvent event{.alert = c.id,
                     .at = now_.wall,
                     .kind = std::string(kind_of(c.by)),
                     .source = c.source,
                     .starts_at = {},
                     .ends_at = {},
                     .annotations = {},
                     .generator_url = {}};
    if (c.sender_end != Instant{}) event.ends_at = c.sender_end;
    rows_.alert_events.push_back(std::move(event));
  }
  void note(const AlertForgotten& c) { forgotten_[c.id] = c.status; }
  void note(const AlertSeverityRaised& c) { touch(c.id); }
  void note(const DisplayTaken& c) {
    rows_.displays.push_back({c.id, c.annotations, c.generator_url});
  }
  void note(const IncidentOpened& c) {
    incidents_.insert(c.incident.id);
    touch(c.alert);
  }
  void note(const AlertJoined& c) {
    touch(c.alert);
    if (c.new_member) counts_[c.incident].joined.push_back(c.alert);
    if (!c.new_member) ++counts_[c.incident].again;
  }
  void note(const AlertLeftFiring& c) {
    if (c.by == EndedBy::lease) {
      ++counts_[c.incident].expired;
    } else {
      ++counts_[c.incident].cleared;
    }
  }
  void note(const SeverityRaised& c) { incidents_.insert(c.incident); }
  void note(const IncidentAcknowledged& c) { incidents_.insert(c.incident); }
  void note(const IncidentUnacknowledged& c) { incidents_.insert(c.incident); }
  void note(const IncidentRecovering& c) { incidents_.insert(c.incident); }
  void note(const IncidentRelapsed& c) { incidents_.insert(c.incident); }
  void note(const IncidentResolved& c) { incidents_.insert(c.incident); }
  void note(const IncidentReopened& c) { incidents_.insert(c.incident); }
  void note(const IncidentClosed& c) { closed_.push_back(c.incident); }
  void note(const NoteAdded& c) { incidents_.insert(c.incident); }
  void note(const EscalationStepped& c) { incidents_.insert(c.incident); }
  void note(const EscalationExhausted& c) { incidents_.insert(c.incident); }
  void note(const ChannelTold& c) { incidents_.insert(c.incident); }
  void note(const PageQueued& c) { pages_.insert(c.page.id); }
  void note(const PageFailed& c) {
    pages_.insert(c.page);
    incidents_.insert(c.incident);  // Its step may count as reached.
  }
  void note(const PageDelivered& c) {
    incidents_.insert(c.page.incident);
    ended_pages_[c.page.id] = c.page;
  }
  void note(const PageWithdrawn& c) { ended_pages_[c.page.id] = c.page; }
  void note(const PageAbandoned& c) { ended_pages_[c.page.id] = c.page; }
  void note(const LeaseRenewed& c) {
    if (c.new_source) touch(c.id);
  }
  void note(const LeaseRearmed&) {}
  void note(const SenderEndSeen&) {}
  void note(const LeaseDropped&) {}
  void note(const ReportCounted&) {}
  void note(const PageHandedOut&) {}
  void note(const DaemonRestarted&) {}
  void note(const PolicyReplaced&) {}
  void note(const SweepAdvanced&) {}
  void note(const ClockStepNoted&) {}
  void note(const SpaceNoted&) {}

  static std::string_view kind_of(EndedBy by) {
    switch (by) {
      case EndedBy::lease:
        return "lease";
      case EndedBy::person:
        return "person";
      case EndedBy::resolve:
      case EndedBy::nothing:
        return "resolved";
    }
    return "";
  }

  /// Ids only grow, so every alert opened in this batch lies at or above the first one.
  bool is_new(AlertId id) const { return first_new_ && id >= first_new_; }
  /// A new alert's row is written whole anyway.
  void touch(AlertId id) {
    if (!is_new(id)) alerts_.insert(id);
  }

  struct Counts {
    std::vector<AlertId> joined;
    std::uint64_t again = 0, cleared = 0, expired = 0;
  };
  void add_counts() {
    for (auto& [incident, n] : counts_) {
      const auto tell = [&](std::uint64_t count, std::string_view kind, std::string_view text) {
        if (count == 0) return;
        std::string detail = "+" + std::to_string(count) + (count == 1 ? " alert" : " alerts");
        rows_.timeline.push_back({.incident = incident,
                                  .at = now_.wall,
                                  .actor = {},
                                  .kind = std::string(kind),
                                  .detail = detail.append(text)});
      };
      tell(n.joined.size(), "alerts_joined", "");
      if (!n.joined.empty()) rows_.timeline.back().alerts = std::move(n.joined);
      tell(n.again, "alerts_joined", ", again");
      tell(n.cleared, "alerts_cleared", " cleared");
      tell(n.expired, "alerts_expired", " no longer reported");
    }
  }

  const State& state_;
  Now now_;
  Rows rows_;
  bool sources_ = false;
  AlertId first_new_;
  std::set<AlertId> alerts_;
  std::map<AlertId, AlertStatus> forgotten_;
  std::set<IncidentId> incidents_;
  std::vector<Incident> closed_;
  std::set<PageId> pages_;
  std::map<PageId, Page> ended_pages_;
  std::map<IncidentId, Counts> counts_;
};
}  // namespace

bool Rows::empty() const {
  return sources.empty() && new_alerts.empty() && alerts.empty() && displays.empty() &&
         alert_events.empty() && incidents.empty() && incident_counts.empty() && pages.empty() &&
         timeline.empty();
}

Rows rows_of(const State& state, Changes& changes, const std::vector<ActorRun>& actors, Now now) {
  Collector collector(state, now);
  std::size_t run = 0;
  for (std::size_t index = 0; index < changes.size(); ++index) {
    while (run + 1 < actors.size() && actors[run + 1].first <= index) ++run;
    collector.take(changes[index],
                   run < actors.size() ? std::string_view(actors[run].actor) : std::string_view());
  }
  return collector.finish();
}

}  // namespace tocsin::triage
