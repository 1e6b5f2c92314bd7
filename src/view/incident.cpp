#include <string>

#include "tocsin/view/view.h"
#include "view/append.h"
#include "view/json_object.h"

namespace tocsin::view {
namespace {

using triage::Incident;
using triage::TimelineEntry;

std::string shown_id(IncidentId id) { return "INC-" + std::to_string(id.value); }

void append_severity_reason(const Incident& incident, JsonObject& object) {
  JsonObject reason(object.name("severity_reason"));
  reason.text_or_null("criterion", incident.severity_criterion);
  reason.text_or_null("at", incident.severity_at);
  reason.close();
}

void append_key(const Incident& incident, JsonObject& object) {
  if (incident.key_rule.empty()) return object.null("key");
  JsonObject key(object.name("key"));
  key.text("rule", incident.key_rule);
  for (const Label label : incident.key_labels.view()) {
    // A label called `rule` must not hide the rule's name: JSON has each name once.
    key.text(label.name == "rule" ? "labels.rule" : label.name, label.value);
  }
  key.close();
}

void append_counts(const Incident& incident, std::string_view name, JsonObject& object) {
  JsonObject counts(object.name(name));
  counts.number("firing", incident.firing);
  counts.number("resolved", incident.resolved);
  counts.number("suppressed", 0U);
  counts.close();
}

void append_escalation(const triage::EscalationStatus& status, JsonObject& object) {
  JsonObject escalation(object.name("escalation"));
  escalation.text_or_null("name", status.name);
  escalation.number("step", status.step);
  escalation.number("round", status.round);
  escalation.time("next_at", status.next_at);
  escalation.null("paused");
  escalation.close();
}

void append_timeline_entry(const TimelineEntry& entry, std::string& out) {
  JsonObject object(out);
  object.time("at", entry.at);
  object.text("actor", entry.actor.empty() ? "tocsin" : entry.actor);
  object.text("kind", entry.kind);
  object.text("detail", entry.detail);
  object.close();
}

void append_until_alerts(const Incident& incident, JsonObject& object) {
  object.text("id", shown_id(incident.id));
  object.text("state", to_string(incident.state));
  object.text("severity", to_string(incident.severity));
  append_severity_reason(incident, object);
  object.text("title", incident.title);
  object.text_or_null("service", incident.service);
  object.text_or_null("team", incident.team);
  append_key(incident, object);
  object.time("started_at", incident.started_at);
  object.time("detected_at", incident.detected_at);
  object.time("triaged_at", incident.triaged_at);
  object.time("acknowledged_at", incident.acknowledged_at);
  object.null("mitigated_at");
  object.time("recovering_at", incident.recovering_at);
  object.time("resolved_at", incident.resolved_at);
  object.null("reviewed_at");
  object.time("closed_at", incident.closed_at);
  object.number("cycle", incident.cycle);
}

void append_after_alerts(const Incident& incident, std::string_view external_url,
                         JsonObject& object) {
  object.null("assignee");
  object.name("roles") += "{}";
  object.null("parent");
  append_escalation(incident.escalation, object);
  object.text_or_null("runbook", incident.runbook);
  object.boolean("drill", false);
  object.number("version", incident.version);
  object.text("url", std::string(external_url) + "/v1/incidents/" + shown_id(incident.id));
}

}  // namespace

void append_incident(const Incident& incident, std::string_view external_url, std::string& out) {
  JsonObject object(out);
  append_until_alerts(incident, object);
  append_counts(incident, "alerts", object);
  append_after_alerts(incident, external_url, object);
  object.close();
}

std::string incident_json(const Incident& incident, std::string_view external_url) {
  std::string out;
  out.reserve(1024);
  append_incident(incident, external_url, out);
  return out;
}

std::string incident_json(const Incident& incident, const std::vector<store::AlertRow>& alerts,
                          const std::vector<TimelineEntry>& timeline,
                          std::string_view external_url) {
  std::string out;
  JsonObject object(out);
  append_until_alerts(incident, object);
  append_array(alerts, object.name("alerts"),
               [&](const store::AlertRow& alert) { append_alert(alert, out); });
  append_after_alerts(incident, external_url, object);
  append_counts(incident, "alert_counts", object);
  const std::size_t counted = std::size_t{incident.firing} + incident.resolved;
  object.number("alerts_omitted", counted > alerts.size() ? counted - alerts.size() : 0);
  object.boolean("timeline_truncated", timeline.size() >= kTimelineMax);
  append_array(timeline, object.name("timeline"),
               [&](const TimelineEntry& entry) { append_timeline_entry(entry, out); });
  object.close();
  return out;
}

std::string incidents_json(const std::vector<Incident>& incidents, std::string_view next,
                           std::string_view external_url) {
  std::string out;
  JsonObject object(out);
  append_array(incidents, object.name("incidents"),
               [&](const Incident& incident) { append_incident(incident, external_url, out); });
  object.text_or_null("next", next);
  object.close();
  return out;
}

std::string_view to_string(triage::IncidentState state) {
  switch (state) {
    case triage::IncidentState::triggered:
      return "triggered";
    case triage::IncidentState::acknowledged:
      return "acknowledged";
    case triage::IncidentState::recovering:
      return "recovering";
    case triage::IncidentState::resolved:
      return "resolved";
    case triage::IncidentState::closed:
      return "closed";
  }
  return "unknown";
}

}  // namespace tocsin::view
