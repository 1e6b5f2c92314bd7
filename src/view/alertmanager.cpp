#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/view/view.h"
#include "view/append.h"
#include "view/json_object.h"

namespace tocsin::view {
namespace {

using store::AlertRow;

/// Go's zero time: while it fires an alert has no end.
constexpr std::string_view kNoEnd = "0001-01-01T00:00:00Z";

/// The labels (or annotations) that all alerts share, with the same value.
Labels common(const std::vector<Labels>& sets) {
  if (sets.empty()) return {};
  std::vector<Label> shared;
  for (const Label label : sets.front().view()) {
    const bool everywhere = std::ranges::all_of(
        sets, [&](const Labels& set) { return set.get(label.name) == label.value; });
    if (everywhere) shared.push_back(label);
  }
  return Labels(std::move(shared));
}

void append_alert(const AlertRow& alert, bool is_over, std::string& out) {
  const triage::AlertStatus& status = alert.status;
  const bool firing = !is_over && status.state == triage::AlertState::firing;
  JsonObject object(out);
  object.text("status", firing ? "firing" : "resolved");
  object.labels("labels", labels_shown(alert));
  object.labels("annotations", annotations_shown(alert));
  object.text("startsAt", format_rfc3339(status.starts_at));
  const bool told = status.ended_by == triage::EndedBy::resolve && status.sender_end != Instant{};
  const Instant end = told ? status.sender_end : std::max(status.ended_at, status.received_at);
  object.text("endsAt", firing ? std::string(kNoEnd) : format_rfc3339(end));
  object.text("generatorURL", alert.generator_url);
  object.text("fingerprint", alert.fingerprint);
  object.close();
}

/// Stands for an incident whose alerts cannot be read just now: receivers expect one at least.
AlertRow stand_in(const triage::Incident& incident) {
  AlertRow alert;
  std::vector<Label> labels = {{"alertname", incident.title}};
  if (!incident.service.empty()) labels.push_back({"service", incident.service});
  alert.labels = Labels(std::move(labels));
  alert.fingerprint = fingerprint(alert.labels);
  alert.status.starts_at = incident.started_at;
  alert.status.ended_at = incident.resolved_at.value_or(incident.detected_at);
  return alert;
}

}  // namespace

std::string alertmanager_json(const triage::Page& page, const triage::Incident& incident,
                              const std::vector<AlertRow>& alerts, std::string_view external_url) {
  const std::vector<AlertRow> own =
      alerts.empty() ? std::vector<AlertRow>{stand_in(incident)} : std::vector<AlertRow>();
  const std::vector<AlertRow>& rows = alerts.empty() ? own : alerts;
  std::vector<Labels> labels;
  std::vector<Labels> annotations;
  for (const AlertRow& row : rows) {
    labels.push_back(labels_shown(row));
    annotations.push_back(annotations_shown(row));
  }
  const bool is_over = page.event == triage::Event::resolved;
  std::string out;
  JsonObject object(out);
  object.text("version", "4");
  object.text("groupKey", "INC-" + std::to_string(incident.id.value));
  object.text("status", is_over ? "resolved" : "firing");
  object.text("receiver", page.channel);
  object.labels("groupLabels", incident.key_labels);
  object.labels("commonLabels", common(labels));
  object.labels("commonAnnotations", common(annotations));
  object.text("externalURL", external_url);
  const std::size_t shown = append_alerts_that_fit(
      rows, object.name("alerts"), [&](const AlertRow& row) { append_alert(row, is_over, out); });
  const std::size_t members = std::size_t{incident.firing} + incident.resolved;
  object.number("truncatedAlerts", std::max(members, rows.size()) - shown);
  object.close();
  return out;
}

}  // namespace tocsin::view
