#include <algorithm>

#include "delivery/mail.h"
#include "delivery/mime.h"
#include "tocsin/view/view.h"

namespace tocsin::delivery {
namespace {

constexpr std::size_t kAlertsShown = 20;
constexpr std::size_t kLineMax = 300;  ///< Code points of one text from outside.
constexpr std::size_t kUrlMax = 2'000;

/// "2026-12-04 03:00:00 UTC"
std::string shown(Instant at) {
  std::string text = format_rfc3339(at);
  text.resize(std::min<std::size_t>(text.size(), 19));
  if (text.size() > 10) text[10] = ' ';
  return text + " UTC";
}

void append_line(std::string& out, std::string_view what, std::string_view value) {
  if (value.empty()) return;
  out.append(what).append(": ").append(value).append("\n");
}

void append_labels(std::string& out, LabelsView labels) {
  std::string text;
  for (const Label label : labels) {
    if (label.name == "alertname") continue;
    if (!text.empty()) text += ", ";
    text.append(label.name).append("=").append(label.value);
    if (text.size() > 4 * kLineMax) break;
  }
  if (!text.empty()) out += "  " + clean_line(text, kLineMax) + "\n";
}

void append_alert(std::string& out, const store::AlertRow& alert) {
  const bool firing = alert.status.state == triage::AlertState::firing;
  const std::string_view name = alert.labels.view().get("alertname");
  out += firing ? "* firing since " + shown(alert.status.starts_at)
                : "* resolved " + shown(alert.status.ended_at);
  out += ": " + clean_line(name.empty() ? "an alert without a name" : name, kLineMax) + "\n";
  const LabelsView annotations = alert.annotations.view();
  for (const std::string_view key : {"summary", "description"}) {
    const std::string_view text = annotations.get(key);
    if (!text.empty()) out += "  " + clean_line(text, kLineMax) + "\n";
  }
  append_labels(out, alert.labels.view());
}

/// Firing ones first; of each the newest first, as they come.
void append_alerts(std::string& out, const Message& message) {
  std::vector<const store::AlertRow*> rows;
  rows.reserve(message.alerts.size());
  for (const store::AlertRow& alert : message.alerts) rows.push_back(&alert);
  std::ranges::stable_partition(rows, [](const store::AlertRow* alert) {
    return alert->status.state == triage::AlertState::firing;
  });
  const std::size_t shown_rows = std::min(rows.size(), kAlertsShown);
  for (std::size_t i = 0; i < shown_rows; ++i) append_alert(out, *rows[i]);
  const std::size_t all =
      std::max(rows.size(), std::size_t{message.incident.firing} + message.incident.resolved);
  if (all > shown_rows) {
    out += "* and " + std::to_string(all - shown_rows) + " more\n";
  }
  if (all > 0) out += "\n";
}

void append_what_to_do(std::string& out, const Message& message, std::string_view external_url) {
  const triage::Incident& incident = message.incident;
  append_line(out, "Runbook", clean_line(incident.runbook, kUrlMax));
  if (!incident.id) return;
  const std::string id = "INC-" + std::to_string(incident.id.value);
  const std::string url = std::string(external_url) + "/v1/incidents/" + id;
  append_line(out, "Incident", url);
  if (!triage::announces_trouble(message.page.event)) return;
  append_line(out, "Acknowledge", "tocsin incident ack " + id);
  append_line(out, "or", "curl -X POST " + url + "/ack");
}

}  // namespace

std::string mail_body(const Message& message, std::string_view external_url) {
  const triage::Incident& incident = message.incident;
  const triage::Page& page = message.page;
  std::string out(to_string(incident.severity));
  out += ": " + clean_line(incident.title, kLineMax) + "\n\n";
  std::string_view event = triage::to_string(page.event);
  event.remove_prefix(event.find('.') + 1);
  append_line(out, "Now", event);
  append_line(out, "Ended", view::ending(page.event, message.alerts));
  append_line(out, "Service", clean_line(incident.service, kLineMax));
  append_line(out, "Team", clean_line(incident.team, kLineMax));
  append_line(out, "Since", shown(incident.started_at));
  if (incident.firing + incident.resolved > 0) {
    append_line(out, "Alerts",
                std::to_string(incident.firing) + " firing, " + std::to_string(incident.resolved) +
                    " resolved");
  }
  out += "\n";
  append_alerts(out, message);
  append_what_to_do(out, message, external_url);
  append_line(out, "\nYou get this because of", clean_line(page.reason, 4 * kLineMax));
  if (page.possible_duplicate) {
    out += "An earlier attempt may have reached you already; this is the same page.\n";
  }
  return out;
}

}  // namespace tocsin::delivery
