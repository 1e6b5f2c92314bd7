#include <algorithm>
#include <chrono>

#include "http/action.h"
#include "http/endpoints.h"
#include "http/list_query.h"
#include "http/subject_row.h"
#include "tocsin/view/view.h"

namespace tocsin::http {
namespace {

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

/// True if one of the incident's alerts fulfils all of `matchers`; counts those it looks at.
std::expected<bool, store::StoreError> any_alert_holds(store::Reader& reader, IncidentId incident,
                                                       const triage::Policy& policy,
                                                       const std::vector<rules::Matcher>& matchers,
                                                       std::size_t& looked_at) {
  store::AlertQuery wanted;
  wanted.incident = incident;
  wanted.limit = kListLimitMax;
  for (;;) {
    const auto page = reader.alerts(wanted);
    if (!page) return std::unexpected(page.error());
    looked_at += page->size();
    for (const store::AlertRow& row : *page) {
      if (all_hold(matchers, policy, row)) return true;
    }
    if (page->size() < wanted.limit || looked_at >= kScanMax) return false;
    wanted.before = page->back().id.value;
  }
}

struct IncidentScan {
  std::vector<triage::Incident> rows;
  std::string next;
};
std::expected<IncidentScan, store::StoreError> scan(store::Reader& reader,
                                                    store::IncidentQuery wanted,
                                                    const triage::Policy& policy,
                                                    const std::vector<rules::Matcher>& matchers) {
  IncidentScan found;
  const std::size_t limit = wanted.limit;
  for (std::size_t looked_at = 0;;) {
    auto page = reader.incidents(wanted);
    if (!page) return std::unexpected(page.error());
    const bool is_last = page->size() < wanted.limit;
    for (triage::Incident& incident : *page) {
      wanted.before = incident.id.value;
      if (!matchers.empty()) {
        const auto holds = any_alert_holds(reader, incident.id, policy, matchers, ++looked_at);
        if (!holds) return std::unexpected(holds.error());
        if (*holds) found.rows.push_back(std::move(incident));
      } else {
        found.rows.push_back(std::move(incident));
      }
      if (found.rows.size() == limit || looked_at >= kScanMax) {
        found.next = std::to_string(wanted.before);
        return found;
      }
    }
    if (is_last) return found;
  }
}

std::expected<std::vector<rules::Matcher>, Response> read_matchers(const Query& query) {
  auto matchers = rules::parse_selector(query.get("q"), rules::Grammar::extended);
  if (matchers) return *std::move(matchers);
  return std::unexpected(
      error_response(Dialect::native, 400,
                     "parameter q, byte " + std::to_string(matchers.error().offset) + ": " +
                         matchers.error().problem + "; " + matchers.error().cure));
}

}  // namespace

Response list_incidents(Site& site, store::Reader* reader, const Request& request) {
  const auto query = Query::parse(request.query);
  if (!query) return error_response(Dialect::native, 400, query.error());
  auto wanted = read_incident_query(*query, wall_now());
  if (!wanted) return std::move(wanted.error());
  auto matchers = read_matchers(*query);
  if (!matchers) return std::move(matchers.error());
  if (reader == nullptr) return store_trouble(site, Dialect::native, nullptr);
  const auto policy = site.options.doors.policy();
  auto found = scan(*reader, *wanted, *policy, *matchers);
  if (!found) return store_trouble(site, Dialect::native, &found.error());
  for (triage::Incident& incident : found->rows) bring_up_to_date(site, incident);
  return json_response(view::incidents_json(found->rows, found->next, request.terms->external_url));
}

Response show_incident(Site& site, store::Reader* reader, const Request& request) {
  const auto id = parse_incident_id(request.id);
  if (!id) {
    return error_response(Dialect::native, 404,
                          "incidents are named like INC-42; see /v1/incidents");
  }
  if (reader == nullptr) return store_trouble(site, Dialect::native, nullptr);
  auto incident = reader->incident(*id);
  if (!incident) return store_trouble(site, Dialect::native, &incident.error());
  if (!*incident) {
    return error_response(
        Dialect::native, 404,
        "there is no incident INC-" + std::to_string(id->value) + "; see /v1/incidents");
  }
  store::AlertQuery of_incident;
  of_incident.incident = *id;
  of_incident.limit = kListLimitMax;
  auto alerts = reader->alerts(of_incident);
  if (!alerts) return store_trouble(site, Dialect::native, &alerts.error());
  const auto timeline = reader->timeline(*id, view::kTimelineMax);
  if (!timeline) return store_trouble(site, Dialect::native, &timeline.error());
  bring_up_to_date(site, **incident);
  bring_up_to_date(site, *alerts);
  Response response = json_response(
      view::incident_json(**incident, *alerts, *timeline, request.terms->external_url));
  response.headers = "ETag: \"" + std::to_string((*incident)->version) + "\"\r\n";
  return response;
}

Response list_alerts(Site& site, store::Reader* reader, const Request& request) {
  const auto query = Query::parse(request.query);
  if (!query) return error_response(Dialect::native, 400, query.error());
  auto wanted = read_alert_query(*query);
  if (!wanted) return std::move(wanted.error());
  auto matchers = read_matchers(*query);
  if (!matchers) return std::move(matchers.error());
  if (reader == nullptr) return store_trouble(site, Dialect::native, nullptr);
  const auto policy = site.options.doors.policy();
  auto found = scan(*reader, *wanted, *policy, *matchers);
  if (!found) return store_trouble(site, Dialect::native, &found.error());
  bring_up_to_date(site, found->rows);
  return json_response(view::alerts_json(found->rows, found->next));
}

}  // namespace tocsin::http
