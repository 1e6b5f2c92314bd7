#include "triage/correlation/correlation.h"

#include <algorithm>

#include "tocsin/triage/explain.h"
#include "triage/escalation/escalation.h"
#include "triage/incident/incident.h"
#include "triage/limits.h"
#include "triage/suppression/suppression.h"

namespace tocsin::triage::correlation {

namespace {
struct Group {
  const rules::CorrelationRule* rule = nullptr;  ///< Null: an incident of its own.
  Key key;
};

/// The values the group stands for, empty ones left out.
Labels by_labels(const Group& group, const rules::Subject& subject) {
  std::vector<Label> by;
  if (group.rule == nullptr) return Labels(std::move(by));
  for (const std::string& name : group.rule->by) by.push_back({name, subject.value_of(name)});
  return Labels(std::move(by));
}

/// One of the daemon's own alarms.
bool is_own(const Core& core) { return core.context.source == "tocsin"; }

Group group_of(const Core& core, const Alert& alert, const rules::Verdict& verdict,
               const rules::Subject& subject) {
  // Tocsin's own alarms stand for themselves.
  if (verdict.correlation < 0 || is_own(core)) return {.rule = nullptr, .key = alert.key};
  const rules::CorrelationRule& rule =
      core.policy.rules.correlation[static_cast<std::size_t>(verdict.correlation)];
  return {&rule, rules::correlation_key(rule, subject)};
}

bool may_join(const Core& core, const Incident& incident, const Group& group) {
  switch (incident.state) {
    case IncidentState::triggered:
    case IncidentState::acknowledged:
    case IncidentState::recovering:
      break;
    case IncidentState::resolved:
    case IncidentState::closed:
      return false;
  }
  if (group.rule == nullptr) return true;  // Its own incident, and it is still open.
  const Instant now = core.now.timeline;
  return now - incident.detected_at <= group.rule->max_age &&
         now - incident.last_joined < group.rule->window;
}

void join(const Core& core, const Incident& incident, const Alert& alert, bool new_alert,
          const rules::Verdict& verdict, Changes& out) {
  // Reopening first: a rise in severity then finds the path it has to leave.
  if (incident.state == IncidentState::resolved) {
    out.emplace_back(incident::reopened(core, incident, "", ""));
  }
  out.emplace_back(AlertJoined{.incident = incident.id,
                               .alert = alert.id,
                               .at = core.now.timeline,
                               .starts_at = alert.status.starts_at,
                               .new_member = alert.status.incident != incident.id,
                               .new_alert = new_alert,
                               .verdict = verdict});
}

std::string title_of(const rules::Subject& subject, LabelsView labels) {
  std::string title(labels.get("alertname"));
  if (title.empty() && !labels.empty()) {
    const Label first = *labels.begin();
    title.append(first.name).append("=").append(first.value);
  }
  if (const auto service = subject.value_of("service"); !service.empty()) {
    title.append(" on ").append(service);
  }
  if (title.size() > kTitleBytes) {
    std::size_t end = kTitleBytes;
    while (end > 0 && (static_cast<unsigned char>(title[end]) & 0xC0U) == 0x80U) --end;
    title.resize(end);
  }
  return title;
}

void open(const Core& core, const Alert& alert, LabelsView labels, bool new_alert,
          const rules::Verdict& verdict, const rules::Subject& subject, const Group& group,
          Changes& out) {
  const rules::Service* service =
      verdict.service < 0 ? nullptr
                          : &core.policy.rules.services[static_cast<std::size_t>(verdict.service)];
  rules::SeverityReason reason = rules::severity_reason(core.policy.rules, verdict);
  if (is_own(core)) reason = {"tocsin", ""};  // Not the rules say so.
  Incident incident;
  incident.id = IncidentId{core.state.counters.last_incident + 1};
  incident.severity = alert.status.severity;
  incident.severity_criterion = reason.criterion;
  incident.severity_at = reason.at;
  incident.title = title_of(subject, labels);
  incident.service = subject.value_of("service");
  incident.team = subject.value_of("team");
  if (service != nullptr) incident.runbook = service->runbook;
  if (const rules::EffectsRef& effects = alert.status.effects) {
    if (!effects->runbook.empty()) incident.runbook = effects->runbook;
    incident.rule_escalation = effects->escalation;
  }
  if (group.rule != nullptr) {
    incident.key_rule = group.rule->name;
    incident.window = group.rule->window;
    incident.max_age = group.rule->max_age;
  }
  incident.key_labels = by_labels(group, subject);
  incident.key = group.key;
  incident.started_at = std::min(alert.status.starts_at, core.now.wall);
  incident.detected_at = core.now.timeline;
  incident.triaged_at = core.now.timeline;
  incident.last_joined = core.now.timeline;
  incident.firing = 1;
  incident.escalation.name = escalation::path_for(core, incident).name;
  out.emplace_back(
      IncidentOpened{std::make_shared<const Incident>(std::move(incident)), alert.id, new_alert});
}

void find_or_open(const Core& core, const Alert& alert, LabelsView labels, bool new_alert,
                  LabelsView annotations, const rules::Verdict& verdict, Changes& out) {
  if (suppression::withholds(alert.status)) return;
  const rules::Subject subject =
      rules::subject_of(core.policy.rules, verdict, labels, annotations, core.context.source);
  const Group group = group_of(core, alert, verdict, subject);
  if (const auto joined = would_join(core, group.key, group.rule)) {
    return join(core, *core.state.find(*joined), alert, new_alert, verdict, out);
  }
  open(core, alert, labels, new_alert, verdict, subject, group, out);
}
}  // namespace

void on_opened(const Core& core, const Alert& alert, LabelsView labels, LabelsView annotations,
               const rules::Verdict& verdict, Changes& out) {
  find_or_open(core, alert, labels, true, annotations, verdict, out);
}

void on_fired(const Core& core, const Alert& alert, LabelsView annotations,
              const rules::Verdict& verdict, Changes& out) {
  find_or_open(core, alert, core.state.labels_of(alert), false, annotations, verdict, out);
}

void on_continued(const Core& core, const Alert& alert, LabelsView annotations,
                  const rules::Verdict& verdict, Changes& out) {
  const Incident* own = core.state.find(alert.status.incident);
  const bool open_still = own != nullptr && own->state != IncidentState::resolved;
  if (own != nullptr && (open_still || incident::may_reopen(core, *own))) {
    return join(core, *own, alert, false, verdict, out);
  }
  on_fired(core, alert, annotations, verdict, out);
}

void on_left(const Core& core, const Alert& alert, const rules::Verdict& verdict, Changes& out) {
  find_or_open(core, alert, core.state.labels_of(alert), false, {}, verdict, out);
}

std::optional<IncidentId> would_join(const Core& core, const Key& key,
                                     const rules::CorrelationRule* rule) {
  const Incident* newest = core.state.incidents.newest_of(key);
  if (newest == nullptr) return std::nullopt;
  const bool joins = may_join(core, *newest, {rule, key}) || incident::may_reopen(core, *newest);
  return joins ? std::optional(newest->id) : std::nullopt;
}

bool stays(const Core& core, const Alert& alert, const rules::Verdict& verdict) {
  const Incident* incident = core.state.find(alert.status.incident);
  const bool wanted =
      verdict.severity != Severity::none && !(verdict.effects && verdict.effects->drop);
  if (incident == nullptr || !wanted) return incident == nullptr;
  const Labels labels = core.state.labels_of(alert);
  const rules::Subject subject =
      rules::subject_of(core.policy.rules, verdict, labels, {}, core.context.source);
  return group_of(core, alert, verdict, subject).key == incident->key;
}

}  // namespace tocsin::triage::correlation

namespace tocsin::triage {

std::optional<IncidentId> would_join(const State& state, const Policy& policy,
                                     const GroupAsked& group, Instant now) {
  const Context nobody;
  rules::CorrelationRule rule;
  if (group.terms) {
    rule.window = group.terms->window;
    rule.max_age = group.terms->max_age;
  }
  return correlation::would_join({state, policy, nobody, {now, now}}, group.key,
                                 group.terms ? &rule : nullptr);
}

}  // namespace tocsin::triage
