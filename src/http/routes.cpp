#include "http/routes.h"

#include <algorithm>
#include <array>

#include "http/endpoints.h"

namespace tocsin::http {
namespace {

constexpr auto kList = ReadPool::Kind::list;
constexpr auto kOperations = ReadPool::Kind::operations;

constexpr Route action(std::string_view pattern, std::string_view verb) {
  return {"POST",  pattern, false, Scope::respond, BodyLimit::action, "people", Work::action, kList,
          nullptr, nullptr, verb};
}
constexpr Route read(std::string_view pattern,
                     Response (*function)(Site&, store::Reader*, const Request&)) {
  return {"GET", pattern, false,    Scope::read, BodyLimit::none, "read", Work::read,
          kList, nullptr, function, {}};
}
constexpr Route now(std::string_view pattern, bool below_any_prefix, Scope scope,
                    Response (*function)(Site&, const Request&)) {
  return {"GET", pattern,  below_any_prefix, scope, BodyLimit::none, "none", Work::now,
          kList, function, nullptr,          {}};
}

constexpr Route reload(std::string_view method) {
  return {method,  "/-/reload", false, Scope::admin, BodyLimit::action, "none", Work::reload, kList,
          nullptr, nullptr,     {}};
}

constexpr Route intake(std::string_view method) {
  return {method,   "/ingest/{id}", false, Scope::ingest, BodyLimit::configured,
          "intake", Work::intake,   kList, nullptr,       nullptr,
          {}};
}

/// The route table. One row a route; a path may have several rows with different methods.
constexpr std::array kRoutes = {
    Route{"POST",
          "/api/v2/alerts",
          true,
          Scope::ingest,
          BodyLimit::configured,
          "intake",
          Work::intake,
          kList,
          nullptr,
          nullptr,
          {},
          "alertmanager-api"},
    Route{.method = "POST",
          .pattern = "/v2/enqueue",
          .scope = Scope::ingest,
          .body = BodyLimit::event,
          .lane = "intake",
          .work = Work::intake,
          .kind = "pagerduty",
          .key_in_body = true},
    intake("POST"),
    intake("PUT"),
    Route{"GET",
          "/api/v2/alerts",
          true,
          Scope::read,
          BodyLimit::none,
          "read",
          Work::read,
          kList,
          nullptr,
          alertmanager_alerts,
          {}},
    now("/api/v2/status", true, Scope::read, alertmanager_status),
    now("/api/v2/receivers", true, Scope::read, alertmanager_receivers),
    Route{"GET",
          "/metrics",
          true,
          Scope::read,
          BodyLimit::none,
          "read",
          Work::read,
          kOperations,
          nullptr,
          metrics_page,
          {}},
    now("/-/healthy", true, Scope::open, healthy),
    now("/-/ready", true, Scope::open, ready),
    reload("POST"),
    reload("PUT"),
    read("/v1/incidents", list_incidents),
    read("/v1/incidents/{id}", show_incident),
    action("/v1/incidents/{id}/ack", "ack"),
    action("/v1/incidents/{id}/unack", "unack"),
    action("/v1/incidents/{id}/resolve", "resolve"),
    action("/v1/incidents/{id}/reopen", "reopen"),
    action("/v1/incidents/{id}/note", "note"),
    read("/v1/alerts", list_alerts),
    read("/v1/rules", list_rules),
    read("/v1/explain", explain_stored),
    // A question, though a POST: nothing changes.
    Route{.method = "POST",
          .pattern = "/v1/explain",
          .scope = Scope::read,
          .body = BodyLimit::configured,
          .lane = "read",
          .work = Work::read,
          .read = explain_sent},
    read("/v1/rejected", list_rejected),
    // More than a list tells: what a sender wrote, of which masking may have missed something.
    Route{.method = "GET",
          .pattern = "/v1/rejected/{id}",
          .scope = Scope::respond,
          .lane = "read",
          .work = Work::read,
          .read = show_rejected},
    Route{.method = "POST",
          .pattern = "/v1/rejected/{id}/replay",
          .scope = Scope::respond,
          .body = BodyLimit::action,
          .lane = "intake",
          .work = Work::replay},
    now("/", false, Scope::open, index_page),
};

bool ends_with_route(std::string_view path, std::string_view pattern, bool below_any_prefix) {
  return path == pattern || (below_any_prefix && path.ends_with(pattern));
}

/// Fills prefix and id if the path is one of the pattern's.
bool path_matches(const Route& route, std::string_view path, Found& found) {
  const auto brace = route.pattern.find("{id}");
  if (brace == std::string_view::npos) {
    if (!ends_with_route(path, route.pattern, route.below_any_prefix)) return false;
    found.prefix = path.substr(0, path.size() - route.pattern.size());
    return true;
  }
  const std::string_view before = route.pattern.substr(0, brace);
  const std::string_view after = route.pattern.substr(brace + 4);
  if (path.size() <= before.size() + after.size()) return false;
  if (!path.starts_with(before) || !path.ends_with(after)) return false;
  const std::string_view id =
      path.substr(before.size(), path.size() - before.size() - after.size());
  if (id.find('/') != std::string_view::npos) return false;
  found.id = id;
  return true;
}

bool method_matches(const Route& route, std::string_view method) {
  return method == route.method || (method == "HEAD" && route.method == "GET");
}

bool lies_below(std::string_view path, std::string_view folder) {
  const auto at = path.find(folder);
  if (at == std::string_view::npos) return false;
  const std::size_t end = at + folder.size();
  return end == path.size() || path[end] == '/';
}

}  // namespace

std::uint64_t Route::body_max(const config::SizeLimits& limits) const {
  switch (body) {
    case BodyLimit::none:
      return 0;
    case BodyLimit::action:
      return kActionBodyMax;
    case BodyLimit::event:
      return std::min(kEventBodyMax, limits.body);
    case BodyLimit::configured:
      return limits.body;
  }
  return 0;
}

Found find_route(std::string_view method, std::string_view path) {
  Found found;
  for (const Route& route : kRoutes) {
    if (!path_matches(route, path, found)) continue;
    if (method_matches(route, method)) {
      found.route = &route;
      found.status = 200;
      return found;
    }
    found.status = 405;
    if (!found.allow.empty()) found.allow += ", ";
    found.allow += route.method == "GET" ? "GET, HEAD" : std::string(route.method);
  }
  if (found.status == 404 && lies_below(path, "/api/v1")) found.status = 410;
  return found;
}

Dialect dialect_of(std::string_view path) {
  if (path == "/v2/enqueue") return Dialect::pagerduty;
  const bool compatible = lies_below(path, "/api/v2") || lies_below(path, "/api/v1");
  return compatible ? Dialect::alertmanager : Dialect::native;
}

std::vector<RouteView> route_table() {
  const config::SizeLimits limits;
  std::vector<RouteView> views;
  views.reserve(kRoutes.size());
  for (const Route& route : kRoutes) {
    views.push_back({route.method, route.pattern, to_string(route.scope),
                     static_cast<std::size_t>(route.body_max(limits)), route.lane});
  }
  return views;
}

}  // namespace tocsin::http
