#include <algorithm>
#include <string>

#include "tocsin/view/view.h"
#include "view/append.h"
#include "view/json_object.h"

namespace tocsin::view {
namespace {

using store::AlertRow;
using triage::AlertStatus;
using triage::EndedBy;

/// "" while it fires.
std::string_view ended_by(EndedBy by) {
  switch (by) {
    case EndedBy::nothing:
      return "";
    case EndedBy::resolve:
      return "resolve";
    case EndedBy::lease:
      return "lease";
    case EndedBy::person:  // Somebody said so: for readers a resolve.
      return "resolve";
  }
  return "";
}

/// While it fires: when the last of its leases ends, which may be never. Afterwards: the end by the
/// sender's clock, like starts_at, if the sender named one; else when we learned of it.
Instant shown_end(const AlertStatus& status) {
  if (status.state == triage::AlertState::firing) {
    Instant end = status.lease.ends;
    for (const triage::Lease& lease : status.more_leases) end = std::max(end, lease.ends);
    return end;
  }
  const bool told = status.ended_by == EndedBy::resolve && status.sender_end > status.starts_at;
  return told ? status.sender_end : status.ended_at;
}

void append_identity(const AlertRow& alert, JsonObject& object) {
  JsonObject identity(object.name("identity"));
  if (alert.identity_by == IdentityBy::labels) {
    // Its value is the label set itself, which stands in `labels` unless rules changed that.
    identity.text("by", "labels");
    if (const rules::EffectsRef& effects = alert.status.effects;
        effects && !effects->labels.view().empty()) {
      identity.labels("value", alert.labels);
    } else {
      identity.null("value");
    }
  } else {
    identity.text("by", "sender_key");
    identity.text("value", alert.identity_value);
  }
  identity.close();
}

/// Why it counts for nothing while it fires: `[{"by":"hold","id":rule,"at":place,"until":…}]`.
void append_suppressed(const AlertStatus& status, std::string& out) {
  out += '[';
  const bool held = status.held_until != Instant{};
  if (status.state == triage::AlertState::firing && status.effects && (status.dropped || held)) {
    const rules::DecidedBy& by = held ? status.effects->hold_by : status.effects->drop_by;
    JsonObject reason(out);
    reason.text("by", held ? "hold" : "drop");
    reason.text("id", by.rule);
    reason.text("at", by.at);
    if (held) reason.time("until", status.held_until);
    reason.close();
  }
  out += ']';
}

}  // namespace

void append_alert(const AlertRow& alert, std::string& out) {
  const AlertStatus& status = alert.status;
  const bool firing = status.state == triage::AlertState::firing;
  JsonObject object(out);
  object.text("id", std::to_string(alert.id.value));
  object.text("fingerprint", alert.fingerprint);
  object.text_or_null("source", alert.source);
  append_identity(alert, object);
  object.text("state", to_string(status.state));
  object.text_or_null("ended_by", firing ? "" : ended_by(status.ended_by));
  object.labels("labels", labels_shown(alert));
  object.labels("annotations", annotations_shown(alert));
  object.time("starts_at", status.starts_at);
  object.time("ends_at", shown_end(status));
  object.time("received_at", status.received_at);
  object.text_or_null("generator_url", alert.generator_url);
  object.text_or_null("incident",
                      status.incident ? "INC-" + std::to_string(status.incident.value) : "");
  append_suppressed(status, object.name("suppressed"));
  object.close();
}

Labels labels_shown(const AlertRow& alert) {
  const rules::EffectsRef& effects = alert.status.effects;
  return effects ? rules::set_over(alert.labels, effects->labels) : alert.labels;
}

Labels annotations_shown(const AlertRow& alert) {
  const rules::EffectsRef& effects = alert.status.effects;
  return effects ? rules::set_over(alert.annotations, effects->annotations) : alert.annotations;
}

std::string alert_json(const AlertRow& alert) {
  std::string out;
  append_alert(alert, out);
  return out;
}

std::string alerts_json(const std::vector<AlertRow>& alerts, std::string_view next) {
  std::string out;
  out.reserve(64 + alerts.size() * 512);
  JsonObject object(out);
  append_array(alerts, object.name("alerts"),
               [&](const AlertRow& alert) { append_alert(alert, out); });
  object.text_or_null("next", next);
  object.close();
  return out;
}

std::string_view to_string(triage::AlertState state) {
  switch (state) {
    case triage::AlertState::firing:
      return "firing";
    case triage::AlertState::resolved:
      return "resolved";
  }
  return "unknown";
}

}  // namespace tocsin::view
