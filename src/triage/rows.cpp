#include "tocsin/triage/rows.h"

#include <algorithm>
#include <utility>

#include "tocsin/base/check.h"
#include "tocsin/base/overloaded.h"
#include "triage/timeline.h"

namespace tocsin::triage {

/// Notes one change. An overload per kind, so that a new kind does not compile without its rows.
class RowCollector::Noting {
 public:
  Noting(RowCollector& to, Instant wall) : to_(to), wall_(wall) {}

  void operator()(const SourceNamed&) { to_.sources_ = true; }
  void operator()(const AlertOpened& c) {
    if (!to_.first_new_) to_.first_new_ = c.id;
    Rows& rows = to_.rows_;
    AlertOpened own = c;
    own.identity_value = rows.texts.copy(c.identity_value);
    own.labels = LabelsView(rows.texts.copy(c.labels.block()));
    own.annotations = LabelsView(rows.texts.copy(c.annotations.block()));
    own.generator_url = rows.texts.copy(c.generator_url);
    rows.new_alerts.push_back({std::move(own), c.status, {}});
  }
  void operator()(const AlertFired& c) {
    to_.touched_.insert(c.id);
    if (c.new_display) to_.rows_.displays.push_back({c.id, c.annotations, c.generator_url, {}});
    to_.rows_.alert_events.push_back(
        {.alert = c.id,
         .at = wall_,
         .kind = c.continued ? "continued" : "fired",
         .source = c.source,
         .starts_at = c.status.starts_at,
         .ends_at = {},
         .annotations = c.new_display ? c.annotations.block() : std::string(),
         .generator_url = c.new_display ? c.generator_url : std::string(),
         .rules_hash = c.status.rules_hash,
         .labels = {},
         .effects = c.status.effects});
  }
  void operator()(const AlertRelabelled& c) {
    to_.touched_.insert(c.id);
    to_.rows_.displays.push_back({c.id, c.annotations, c.generator_url, c.labels});
    to_.rows_.alert_events.push_back({.alert = c.id,
                                      .at = wall_,
                                      .kind = "relabelled",
                                      .source = c.source,
                                      .starts_at = {},
                                      .ends_at = {},
                                      .annotations = c.annotations.block(),
                                      .generator_url = c.generator_url,
                                      .rules_hash = c.rules_hash,
                                      .labels = c.labels.block(),
                                      .effects = c.effects});
  }
  void operator()(const AlertEnded& c) {
    to_.touched_.insert(c.id);
    AlertEvent event{.alert = c.id,
                     .at = wall_,
                     .kind = std::string(kind_of(c.by)),
                     .source = c.source,
                     .starts_at = {},
                     .ends_at = {},
                     .annotations = {},
                     .generator_url = {},
                     .labels = {},
                     .effects = {}};
    if (c.sender_end != Instant{}) event.ends_at = c.sender_end;
    to_.rows_.alert_events.push_back(std::move(event));
  }
  void operator()(const AlertForgotten& c) { to_.forgotten_[c.id] = c.status; }
  void operator()(const AlertSeverityRaised& c) { to_.touched_.insert(c.id); }
  void operator()(const AlertReleased& c) {
    to_.touched_.insert(c.id);
    to_.rows_.alert_events.push_back({.alert = c.id,
                                      .at = wall_,
                                      .kind = "released",
                                      .source = c.source,
                                      .starts_at = {},
                                      .ends_at = {},
                                      .annotations = {},
                                      .generator_url = {},
                                      .rules_hash = 0,
                                      .labels = {},
                                      .effects = {}});
  }
  void operator()(const AlertReapplied& c) {
    to_.touched_.insert(c.id);
    if (c.left) to_.incidents_.insert(c.left);
  }
  void operator()(const DisplayTaken& c) {
    to_.rows_.displays.push_back({c.id, c.annotations, c.generator_url, {}});
  }
  void operator()(const IncidentOpened& c) {
    to_.incidents_.insert(c.incident->id);
    to_.join(c.alert, c.incident->id, c.by_new_alert);
  }
  void operator()(const AlertJoined& c) {
    to_.join(c.alert, c.incident, c.new_alert);
    if (c.new_alert) return to_.joined_by_new_.push_back(c.incident);
    Counts& counts = to_.counts_[c.incident];
    if (c.new_member) counts.joined.push_back(c.alert);
    if (!c.new_member) ++counts.again;
  }
  void operator()(const AlertLeftFiring& c) {
    if (c.by == EndedBy::lease) {
      ++to_.counts_[c.incident].expired;
    } else {
      ++to_.counts_[c.incident].cleared;
    }
  }
  void operator()(const SeverityRaised& c) { to_.incidents_.insert(c.incident); }
  void operator()(const IncidentAcknowledged& c) { to_.incidents_.insert(c.incident); }
  void operator()(const IncidentUnacknowledged& c) { to_.incidents_.insert(c.incident); }
  void operator()(const IncidentRecovering& c) { to_.incidents_.insert(c.incident); }
  void operator()(const IncidentRelapsed& c) { to_.incidents_.insert(c.incident); }
  void operator()(const IncidentResolved& c) { to_.incidents_.insert(c.incident); }
  void operator()(const IncidentReopened& c) { to_.incidents_.insert(c.incident); }
  void operator()(const IncidentClosed& c) { to_.closed_.push_back(*c.incident); }
  void operator()(const NoteAdded& c) { to_.incidents_.insert(c.incident); }
  void operator()(const EscalationStepped& c) { to_.incidents_.insert(c.incident); }
  void operator()(const EscalationExhausted& c) { to_.incidents_.insert(c.incident); }
  void operator()(const ChannelTold& c) { to_.incidents_.insert(c.incident); }
  void operator()(const PageQueued& c) { to_.pages_.insert(c.page.id); }
  void operator()(const PageFailed& c) {
    to_.pages_.insert(c.page);
    to_.incidents_.insert(c.incident);  // Its step may count as reached.
  }
  void operator()(const PageDelivered& c) {
    to_.incidents_.insert(c.page.incident);
    to_.ended_pages_[c.page.id] = c.page;
  }
  void operator()(const PageWithdrawn& c) { to_.ended_pages_[c.page.id] = c.page; }
  void operator()(const PageAbandoned& c) { to_.ended_pages_[c.page.id] = c.page; }
  void operator()(const LeaseRenewed& c) {
    if (c.new_source) to_.touched_.insert(c.id);
  }
  void operator()(const LeaseRearmed&) {}
  void operator()(const SenderEndSeen&) {}
  void operator()(const LeaseDropped&) {}
  void operator()(const ReportCounted&) {}
  void operator()(const PageHandedOut&) {}
  void operator()(const AnswerRemembered& c) { to_.rows_.past_answers.push_back(c); }
  void operator()(const AnswerForgotten& c) {
    // It may have been remembered in this very batch.
    std::erase_if(to_.rows_.past_answers, [&](const auto& past) { return past.key == c.key; });
    to_.rows_.forgotten_answers.push_back(c.key);
  }
  void operator()(const DaemonRestarted&) {}
  void operator()(const PolicyReplaced&) {}
  void operator()(const SweepAdvanced&) {}
  void operator()(const ClockStepNoted&) {}
  void operator()(const SpaceNoted&) {}

 private:
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

  RowCollector& to_;
  Instant wall_;
};

void RowCollector::take(const Change& change, std::string_view actor, Instant wall) {
  if (auto told = timeline_entry(change, wall, actor)) {
    if (const auto* opened = std::get_if<IncidentOpened>(&change)) told->alerts = {opened->alert};
    rows_.timeline.push_back(std::move(*told));
  }
  std::visit(Noting(*this, wall), change);
}

bool RowCollector::is_new(AlertId id) const { return first_new_ && id >= first_new_; }

Rows::NewAlert& RowCollector::new_alert(AlertId id) {
  Rows::NewAlert& found = rows_.new_alerts.at(id.value - first_new_.value);
  CHECK(found.opened.id == id);
  return found;
}

/// A new alert joins at once and nearly always stays as it is: no need to look at it again.
void RowCollector::join(AlertId id, IncidentId incident, bool new_alert) {
  if (!new_alert) {
    touched_.insert(id);
    return;
  }
  Rows::NewAlert& row = this->new_alert(id);
  row.status.incident = incident;
  row.joined = incident;
}

Rows RowCollector::finish(const State& state, Instant wall) {
  if (sources_) rows_.sources = state.sources;
  for (const AlertId id : touched_) {
    if (forgotten_.contains(id)) continue;
    const Alert* alert = state.find(id);
    CHECK(alert != nullptr);
    if (is_new(id)) {
      new_alert(id).status = alert->status;
    } else {
      rows_.alerts.push_back({id, alert->status, false});
    }
  }
  for (auto& [id, status] : forgotten_) rows_.alerts.push_back({id, std::move(status), true});
  for (const IncidentId id : incidents_) {
    if (const Incident* incident = state.find(id)) rows_.incidents.push_back(*incident);
  }
  for (const auto& [id, n] : counts_) joined_by_new_.push_back(id);
  std::ranges::sort(joined_by_new_);
  const auto repeated = std::ranges::unique(joined_by_new_);
  joined_by_new_.erase(repeated.begin(), repeated.end());
  for (const IncidentId id : joined_by_new_) {
    const Incident* incident = incidents_.contains(id) ? nullptr : state.find(id);
    if (incident == nullptr) continue;
    rows_.incident_counts.push_back({.id = id,
                                     .firing = incident->firing,
                                     .resolved = incident->resolved,
                                     .started_at = incident->started_at,
                                     .last_joined = incident->last_joined,
                                     .version = incident->version,
                                     .only_new_alerts = !counts_.contains(id)});
  }
  for (Incident& incident : closed_) rows_.incidents.push_back(std::move(incident));
  for (const PageId id : pages_) {
    if (const Page* page = state.find(id)) rows_.pages.push_back(*page);
  }
  for (auto& [id, page] : ended_pages_) rows_.pages.push_back(std::move(page));
  add_counts(wall);
  RowCollector next;
  // A storm goes on as it was; batches of it differ by less than half.
  next.rows_.new_alerts.reserve(std::max(rows_.new_alerts.size(), rows_.new_alerts.capacity() / 2));
  return std::exchange(*this, std::move(next)).rows_;
}

void RowCollector::add_counts(Instant wall) {
  for (auto& [incident, n] : counts_) {
    const auto tell = [&](std::uint64_t count, std::string_view kind, std::string_view text) {
      if (count == 0) return;
      std::string detail = "+" + std::to_string(count) + (count == 1 ? " alert" : " alerts");
      rows_.timeline.push_back({.incident = incident,
                                .at = wall,
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

bool Rows::empty() const {
  return sources.empty() && new_alerts.empty() && alerts.empty() && displays.empty() &&
         alert_events.empty() && incidents.empty() && incident_counts.empty() && pages.empty() &&
         past_answers.empty() && forgotten_answers.empty() && timeline.empty();
}

}  // namespace tocsin::triage
