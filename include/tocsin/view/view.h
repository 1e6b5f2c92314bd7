#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/store/store.h"
#include "tocsin/triage/rows.h"

/// Incidents, alerts and pages as the JSON of PRODUCT.md section 4: one spelling for the API,
/// outgoing webhooks and the CLI's fixtures. Pure; UTF-8 text out, invalid bytes become U+FFFD.
namespace tocsin::view {

/// Instants of the core's timeline as the wall clock shows them: `offset` is wall minus timeline.
/// Senders' own times stay. No incident shows a start after its detection.
void to_wall_clock(triage::Incident&, Duration offset);
void to_wall_clock(store::AlertRow&, Duration offset);
/// What rows do not know of a firing alert: until when it is vouched for.
void set_lease(store::AlertRow&, Instant ends);

/// `external_url` without a trailing slash; it makes "url".
std::string incident_json(const triage::Incident&, std::string_view external_url);
/// The same with `alerts` in full (the counts move to `alert_counts`) and `timeline`, both newest
/// first. "alerts_omitted" counts the alerts that are not shown; "timeline_truncated" is true if the
/// timeline is at its limit and may go on.
std::string incident_json(const triage::Incident&, const std::vector<store::AlertRow>&,
                          const std::vector<triage::TimelineEntry>&, std::string_view external_url);
std::string alert_json(const store::AlertRow&);
/// {"incidents":[…],"next":cursor|null} and {"alerts":[…],"next":…}.
std::string incidents_json(const std::vector<triage::Incident>&, std::string_view next,
                           std::string_view external_url);
std::string alerts_json(const std::vector<store::AlertRow>&, std::string_view next);
/// The body of the `webhook` channel, at most about kPageBytesMax long. `alerts` may be cut; then
/// "alerts_omitted" counts the rest.
std::string page_json(const triage::Page&, const triage::Incident&,
                      const std::vector<store::AlertRow>& alerts, std::string_view external_url);

/// The same as Alertmanager's webhook, version 4: groupKey is the incident's id, receiver the channel,
/// groupLabels what it was correlated by; resolved only with incident.resolved.
/// Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
std::string alertmanager_json(const triage::Page&, const triage::Incident&,
                              const std::vector<store::AlertRow>& alerts,
                              std::string_view external_url);

inline constexpr std::size_t kPageBytesMax = 1U << 20;
inline constexpr std::size_t kTimelineMax = 1'000;

/// How the trouble of a page about an end went away, for people: "no longer reported" if the lease
/// of one of the alerts ran out, "closed by a person", or "recovered". "" for every other event.
std::string_view ending(triage::Event, const std::vector<store::AlertRow>& alerts);

/// RFC 9457 problem details: {"type":"about:blank","title","status","detail",…}.
std::string problem_json(int status, std::string_view title, std::string_view detail);

std::string_view to_string(triage::IncidentState);  ///< "triggered" …
std::string_view to_string(triage::AlertState);

}  // namespace tocsin::view
