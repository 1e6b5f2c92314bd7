#include <algorithm>
#include <chrono>

#include "http/action.h"
#include "http/endpoints.h"
#include "http/list_query.h"
#include "http/subject_row.h"
#include "tocsin/view/view.h"

namespace tocsin::http {
namespace {

constexpr std::size_t kTimelineMax = 1'000;

Instant wall_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

/// Goes on with pages of `wanted` until `limit` rows pass, none are left or enough were looked at.
struct Scan {
  std::vector<store::AlertRow> rows;
  std::string next;
};
std::expected<Scan, store::StoreError> scan(store::Reader& reader, store::AlertQuery wanted,
                                            const triage::Policy& policy,
                                            const std::vector<rules::Matcher>& matchers) {
  Scan found;
  const std::size_t limit = wanted.limit;
  if (!matchers.empty()) wanted.limit = kListLimitMax;
  for (std::size_t looked_at = 0;;) {
    auto page = reader.alerts(wanted);
    if (!page) return std::unexpected(page.error());
    for (store::AlertRow& row : *page) {
      wanted.before = row.id.value;
      if (!matchers.empty() && !all_hold(matchers, policy, row)) continue;
      found.rows.push_back(std::move(row));
      if (found.rows.size() < limit) continue;
      found.next = std::to_string(wanted.before);
      return found;
    }
    looked_at += page->size();
    if (page->size() < wanted.limit) return found;
    if (looked_at >= kScanMax) {
      found.next = std::to_string(wanted.before);
      return found;
    }
  }
}

}  // namespace

Response list_incidents(Site& site, store::Reader* reader, const Request& request) {
  const auto query = Query::parse(request.query);
  if (!query) return error_response(Dialect::native, 400, query.error());
  auto wanted = read_incident_query(*query, wall_now());
  if (!wanted) return std::move(wanted.error());
  if (reader == nullptr) return store_trouble(site, Dialect::native, nullptr);
  const auto incidents = reader->incidents(*wanted);
  if (!incidents) return store_trouble(site, Dialect::native, &incidents.error());
  std::string next;
  if (incidents->size() == wanted->limit) next = std::to_string(incidents->back().id.value);
  return json_response(view::incidents_json(*incidents, next, site.options.settings.external_url));
}

Response show_incident(Site& site, store::Reader* reader, const Request& request) {
  const auto id = parse_incident_id(request.id);
  if (!id) {
    return error_response(Dialect::native, 404,
                          "incidents are named like INC-42; see /v1/incidents");
  }
  if (reader == nullptr) return store_trouble(site, Dialect::native, nullptr);
  const auto incident = reader->incident(*id);
  if (!incident) return store_trouble(site, Dialect::native, &incident.error());
  if (!*incident) {
    return error_response(
        Dialect::native, 404,
        "there is no incident INC-" + std::to_string(id->value) + "; see /v1/incidents");
  }
  store::AlertQuery of_incident;
  of_incident.incident = *id;
  of_incident.limit = kListLimitMax;
  const auto alerts = reader->alerts(of_incident);
  if (!alerts) return store_trouble(site, Dialect::native, &alerts.error());
  const auto timeline = reader->timeline(*id, kTimelineMax);
  if (!timeline) return store_trouble(site, Dialect::native, &timeline.error());
  Response response = json_response(
      view::incident_json(**incident, *alerts, *timeline, site.options.settings.external_url));
  response.headers = "ETag: \"" + std::to_string((*incident)->version) + "\"\r\n";
  return response;
}

Response list_alerts(Site& site, store::Reader* reader, const Request& request) {
  const auto query = Query::parse(request.query);
  if (!query) return error_response(Dialect::native, 400, query.error());
  auto wanted = read_alert_query(*query);
  if (!wanted) return std::move(wanted.error());
  const auto matchers = rules::parse_selector(query->get("q"), rules::Grammar::extended);
  if (!matchers) {
    return error_response(Dialect::native, 400,
                          "parameter q, byte " + std::to_string(matchers.error().offset) + ": " +
                              matchers.error().problem + "; " + matchers.error().cure);
  }
  if (reader == nullptr) return store_trouble(site, Dialect::native, nullptr);
  const auto policy = site.options.doors.policy();
  const auto found = scan(*reader, *wanted, *policy, *matchers);
  if (!found) return store_trouble(site, Dialect::native, &found.error());
  return json_response(view::alerts_json(found->rows, found->next));
}

}  // namespace tocsin::http
