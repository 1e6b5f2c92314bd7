#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "tocsin/base/check.h"
#include "tocsin/triage/triage.h"

namespace tocsin::triage {

/// The only writer of State. One function per change; each keeps the derived indexes true.
class Evolution {
 public:
  explicit Evolution(State& state) : state_(state) {}
  void operator()(const SourceNamed& change) { state_.sources.push_back(change.name); }
  void operator()(const AlertOpened& change);
  void operator()(const AlertFired& change);
  void operator()(const AlertEnded& change);
  void operator()(const LeaseRenewed& change);
  void operator()(const LeaseRearmed& change);
  void operator()(const SenderEndSeen& change);
  void operator()(const LeaseDropped& change);
  void operator()(const DisplayTaken& change);
  void operator()(const AlertForgotten& change);
  void operator()(const ReportCounted& change);
  void operator()(const AlertSeverityRaised& change);
  void operator()(const AlertReleased& change);
  void operator()(const AlertReapplied& change);
  void operator()(const AlertRelabelled& change);
  void operator()(const IncidentOpened& change);
  void operator()(const AlertJoined& change);
  void operator()(const AlertLeftFiring& change);
  void operator()(const SeverityRaised& change);
  void operator()(const IncidentAcknowledged& change);
  void operator()(const IncidentUnacknowledged& change);
  void operator()(const IncidentRecovering& change);
  void operator()(const IncidentRelapsed& change);
  void operator()(const IncidentResolved& change);
  void operator()(const IncidentReopened& change);
  void operator()(const IncidentClosed& change);
  void operator()(const NoteAdded& change);
  void operator()(const EscalationStepped& change);
  void operator()(const EscalationExhausted& change);
  void operator()(const PageQueued& change);
  void operator()(const PageHandedOut& change);
  void operator()(const PageDelivered& change);
  void operator()(const PageFailed& change);
  void operator()(const PageWithdrawn& change) { drop_page(change.page.id); }
  void operator()(const PageAbandoned& change) { drop_page(change.page.id); }
  void operator()(const ChannelTold& change);
  void operator()(const AnswerRemembered& change) { insert(change.key, change.answer); }
  void operator()(const AnswerForgotten& change);
  void operator()(const DaemonRestarted& change) { state_.restarted = change.at; }
  void operator()(const PolicyReplaced& change);
  void operator()(const SweepAdvanced& change) { set_sweep(change.sweep); }
  void operator()(const ClockStepNoted&) {}
  void operator()(const SpaceNoted& change) { state_.low_space = change.low; }

  // Shared with Restoration.
  void insert(AlertId id, const Key& key, LabelsView labels, AlertStatus status,
              std::uint64_t display_hash);
  void insert(Page page);
  void insert(Incident incident);
  void insert(const Key& key, const PastAnswer& answer);
  void count_joined(const AlertJoined& change);
  void set_sweep(const Sweep& sweep);

 private:
  Alert& alert_of(AlertId id);
  std::uint32_t slot_of(const Alert& alert) const;
  static Lease& lease_for(AlertStatus& status, std::uint16_t source);
  /// When something is due for this alert: its first lease end, or that it may be forgotten.
  static Instant due_of(const Alert& alert);
  /// The heap is lazy: an entry may come up early and is then set again, never late. So a refresh
  /// that moves a lease forward costs nothing here.
  void rearm(Alert& alert);
  void remember_if_held(const Alert& alert, const Labels& annotations);
  template <class Change>
  void change_incident(IncidentId id, Change change) {
    Incident* const found = state_.incidents.find(id);
    CHECK(found != nullptr);
    Incident& incident = *found;
    const bool held_before = holds_trouble(incident);
    const std::optional<Instant> due = incident.due;
    const std::optional<Instant> step = escalation_time(incident);
    change(incident);
    ++incident.version;
    // Most changes in a storm move no timer.
    if (due != incident.due) retime(DeadlineKind::incident, id, due, incident.due);
    if (step != escalation_time(incident)) {
      retime(DeadlineKind::escalation, id, step, escalation_time(incident));
    }
    if (held_before != holds_trouble(incident)) retime_pages(id);
  }
  static std::optional<Instant> escalation_time(const Incident& incident);
  void retime(DeadlineKind, IncidentId, std::optional<Instant> from, std::optional<Instant> to);
  void arm(const Incident& incident);
  void disarm(const Incident& incident);
  /// Pages about trouble leave only while somebody still has to answer (I5).
  static bool holds_trouble(const Incident& incident);
  std::optional<Instant> time_of(const Page& page) const;
  void retime_pages(IncidentId incident);
  template <class Change>
  void change_page(PageId id, Change change) {
    const auto found = state_.pages.find(id);
    CHECK(found != state_.pages.end());
    Page& page = found->second;
    state_.page_times_.erase({page.next_attempt, id});
    change(page);
    if (const auto at = time_of(page)) state_.page_times_.emplace(*at, id);
  }
  void drop_page(PageId id);
  void reached(const Page& page);
  Deadline sweep_deadline() const { return {state_.sweep.due, DeadlineKind::sweep, 0}; }

  State& state_;
};

}  // namespace tocsin::triage
