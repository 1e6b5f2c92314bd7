#include <algorithm>

#include "triage/evolution.h"
#include "triage/limits.h"

namespace tocsin::triage {

void Evolution::operator()(const IncidentOpened& change) {
  const IncidentId id = change.incident->id;
  CHECK(id.value > state_.counters.last_incident);
  state_.counters.last_incident = id.value;
  insert(*change.incident);
  state_.incidents.add_alert(id, change.alert);
  alert_of(change.alert).status.incident = id;
}

void Evolution::operator()(const AlertJoined& change) {
  count_joined(change);
  Alert& alert = alert_of(change.alert);
  if (change.new_member) state_.incidents.add_alert(change.incident, change.alert);
  alert.status.incident = change.incident;
}

void Evolution::count_joined(const AlertJoined& change) {
  change_incident(change.incident, [&](Incident& incident) {
    if (!change.new_member) --incident.resolved;
    ++incident.firing;
    incident.last_joined = change.at;
    incident.started_at = std::min(incident.started_at, change.starts_at);
  });
}

void Evolution::operator()(const AlertLeftFiring& change) {
  change_incident(change.incident, [](Incident& incident) {
    --incident.firing;
    ++incident.resolved;
  });
}

void Evolution::operator()(const SeverityRaised& change) {
  change_incident(change.incident, [&](Incident& incident) {
    incident.severity = change.to;
    incident.severity_criterion = change.criterion;
    incident.severity_at = change.at;
    if (!change.escalation.empty()) incident.rule_escalation = change.escalation;
  });
}

void Evolution::operator()(const IncidentAcknowledged& change) {
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

void Evolution::operator()(const IncidentUnacknowledged& change) {
  change_incident(change.incident, [](Incident& incident) {
    incident.state = IncidentState::triggered;
    incident.acknowledged_at.reset();
    incident.acknowledged_by.clear();
    incident.due.reset();
  });
}

void Evolution::operator()(const IncidentRecovering& change) {
  change_incident(change.incident, [&](Incident& incident) {
    incident.before_recovering = incident.state;
    incident.state = IncidentState::recovering;
    incident.recovering_by_person = change.by_person;
    incident.recovering_at = change.at;
    incident.due = change.due;
  });
}

void Evolution::operator()(const IncidentRelapsed& change) {
  change_incident(change.incident, [&](Incident& incident) {
    incident.state = incident.before_recovering;
    incident.recovering_by_person = false;
    incident.recovering_at.reset();
    incident.due = change.due;
  });
}

void Evolution::operator()(const IncidentResolved& change) {
  change_incident(change.incident, [&](Incident& incident) {
    incident.state = IncidentState::resolved;
    incident.resolved_at = change.at;
    incident.due = change.due;
    incident.escalation.next_at.reset();
  });
}

void Evolution::operator()(const IncidentReopened& change) {
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

void Evolution::operator()(const IncidentClosed& change) {
  const IncidentId id = change.incident->id;
  const Incident* const found = state_.find(id);
  CHECK(found != nullptr);
  disarm(*found);
  state_.incidents.erase(id);
}

void Evolution::operator()(const NoteAdded& change) {
  change_incident(change.incident, [&](Incident& incident) {
    if (change.due) incident.due = change.due;
  });
}

void Evolution::operator()(const EscalationStepped& change) {
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

void Evolution::operator()(const EscalationExhausted& change) {
  change_incident(change.incident, [&](Incident& incident) {
    incident.escalation.exhausted = true;
    incident.escalation.step = 0;
    incident.escalation.next_at = change.next_at;
  });
}

void Evolution::operator()(const PageQueued& change) {
  CHECK(change.page.id.value > state_.counters.last_page);
  state_.counters.last_page = change.page.id.value;
  insert(change.page);
}

void Evolution::operator()(const PageHandedOut& change) {
  change_page(change.page, [](Page& page) { page.in_flight = true; });
}

void Evolution::operator()(const PageDelivered& change) {
  reached(change.page);
  drop_page(change.page.id);
}

void Evolution::operator()(const PageFailed& change) {
  if (change.outcome == Outcome::unknown) reached(*state_.find(change.page));
  change_page(change.page, [&](Page& page) {
    page.in_flight = false;
    ++page.attempts;
    page.next_attempt = change.next_attempt;
    page.last_problem = change.detail;
    if (change.outcome == Outcome::unknown) page.possible_duplicate = true;
  });
}

void Evolution::operator()(const ChannelTold& change) {
  change_incident(change.incident,
                  [&](Incident& incident) { incident.told.insert(Told{change.channel}); });
}

void Evolution::operator()(const AnswerForgotten& change) {
  const auto found = state_.past_answers.find(change.key);
  CHECK(found != state_.past_answers.end());
  state_.past_answers_.erase({found->second.at, change.key});
  state_.past_answers.erase(found);
}

void Evolution::insert(const Key& key, const PastAnswer& answer) {
  state_.past_answers.emplace(key, answer);
  state_.past_answers_.emplace(answer.at, key);
}

void Evolution::operator()(const PolicyReplaced& change) {
  state_.rules_hash = change.rules_hash;
  if (change.sweep != Sweep::Kind::none) set_sweep({change.sweep, 0, change.at});
}

void Evolution::insert(Page page) {
  const PageId id = page.id;
  state_.pages_of_.emplace(page.incident, id);
  const Page& placed = state_.pages.emplace(id, std::move(page)).first->second;
  if (const auto at = time_of(placed)) state_.page_times_.emplace(*at, placed.id);
}

void Evolution::insert(Incident incident) { arm(state_.incidents.insert(std::move(incident))); }

void Evolution::set_sweep(const Sweep& sweep) {
  if (state_.sweep.kind != Sweep::Kind::none) state_.timers_.erase(sweep_deadline());
  state_.sweep = sweep;
  if (sweep.kind != Sweep::Kind::none) state_.timers_.insert(sweep_deadline());
}

std::optional<Instant> Evolution::escalation_time(const Incident& incident) {
  if (incident.state != IncidentState::triggered) return std::nullopt;
  return incident.escalation.next_at;
}

void Evolution::retime(DeadlineKind kind, IncidentId id, std::optional<Instant> from,
                       std::optional<Instant> to) {
  if (from) state_.timers_.erase({*from, kind, id.value});
  if (to) state_.timers_.insert({*to, kind, id.value});
}

void Evolution::arm(const Incident& incident) {
  if (incident.due) {
    state_.timers_.insert({*incident.due, DeadlineKind::incident, incident.id.value});
  }
  if (const auto at = escalation_time(incident)) {
    state_.timers_.insert({*at, DeadlineKind::escalation, incident.id.value});
  }
}

void Evolution::disarm(const Incident& incident) {
  if (incident.due) {
    state_.timers_.erase({*incident.due, DeadlineKind::incident, incident.id.value});
  }
  if (const auto at = escalation_time(incident)) {
    state_.timers_.erase({*at, DeadlineKind::escalation, incident.id.value});
  }
}

bool Evolution::holds_trouble(const Incident& incident) {
  return incident.state != IncidentState::triggered;
}

std::optional<Instant> Evolution::time_of(const Page& page) const {
  if (page.in_flight) return std::nullopt;
  if (announces_trouble(page.event)) {
    const Incident* incident = state_.find(page.incident);
    if (incident == nullptr || holds_trouble(*incident)) return std::nullopt;
  }
  return page.next_attempt;
}

void Evolution::retime_pages(IncidentId incident) {
  for (const PageId id : state_.pages_of(incident)) {
    const Page& page = state_.pages.at(id);
    state_.page_times_.erase({page.next_attempt, id});
    if (const auto at = time_of(page)) state_.page_times_.emplace(*at, id);
  }
}

void Evolution::drop_page(PageId id) {
  const auto found = state_.pages.find(id);
  CHECK(found != state_.pages.end());
  state_.page_times_.erase({found->second.next_attempt, id});
  state_.pages_of_.erase({found->second.incident, id});
  state_.pages.erase(found);
}

void Evolution::reached(const Page& page) {
  Incident* const found = state_.incidents.find(page.incident);
  if (found == nullptr) return;
  EscalationStatus& escalation = found->escalation;
  if (page.cycle == found->cycle && page.step == escalation.step &&
      page.round == escalation.round && announces_trouble(page.event)) {
    escalation.reached = true;
  }
}

}  // namespace tocsin::triage
