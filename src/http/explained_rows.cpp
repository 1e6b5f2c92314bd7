#include "http/explained_rows.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "http/action.h"
#include "http/endpoints.h"
#include "http/limits.h"

namespace tocsin::http {
namespace {

/// Alerts that share a fingerprint and are named to choose from.
constexpr std::size_t kChoicesMax = 20;

template <class T>
using Read = std::expected<T, Response>;
using Rows = std::vector<store::AlertRow>;

/// The first alerts of an incident, the one that opened it first.
std::expected<Rows, store::StoreError> first_alerts(store::Reader& reader, IncidentId incident) {
  store::AlertQuery wanted;
  wanted.incident = incident;
  wanted.limit = kListLimitMax;
  Rows rows;
  for (std::size_t looked_at = 0; looked_at < kScanMax;) {
    auto page = reader.alerts(wanted);
    if (!page) return std::unexpected(page.error());
    looked_at += page->size();
    const bool is_last = page->size() < wanted.limit;
    if (!page->empty()) wanted.before = page->back().id.value;
    if (!page->empty()) rows = *std::move(page);
    if (is_last) break;
  }
  std::ranges::reverse(rows);
  return rows;
}

/// Alerts with this fingerprint among the newest that are looked at, those that fire first.
std::expected<Rows, store::StoreError> with_fingerprint(store::Reader& reader,
                                                        std::string_view wanted) {
  Rows found;
  for (const auto state :
       {std::optional(triage::AlertState::firing), std::optional<triage::AlertState>()}) {
    store::AlertQuery query;
    query.state = state;
    query.limit = kListLimitMax;
    for (std::size_t looked_at = 0; looked_at < kScanMax;) {
      auto page = reader.alerts(query);
      if (!page) return std::unexpected(page.error());
      looked_at += page->size();
      for (store::AlertRow& row : *page) {
        query.before = row.id.value;
        if (row.fingerprint == wanted && found.size() < kChoicesMax)
          found.push_back(std::move(row));
      }
      if (page->size() < query.limit) break;
    }
    if (!found.empty()) break;
  }
  return found;
}

Response choices(const Rows& rows) {
  std::string detail = std::to_string(rows.size()) +
                       " alerts have this fingerprint, with keys of their senders; ask for one of "
                       "them by its id:";
  for (const store::AlertRow& row : rows) {
    detail += " alert=" + std::to_string(row.id.value) + " (source " + row.source + ", key \"" +
              row.identity_value.substr(0, 100) + "\");";
  }
  detail.pop_back();
  return error_response(Dialect::native, 409, detail);
}

Read<ExplainedRows> read_incident(Site& site, store::Reader& reader, std::string_view word) {
  const auto id = parse_incident_id(word);
  if (!id) return refused(404, "incidents are named like INC-42; see /v1/incidents");
  const auto incident = reader.incident(*id);
  if (!incident) return std::unexpected(store_trouble(site, Dialect::native, &incident.error()));
  if (!*incident) {
    return refused(404, "there is no incident INC-" + std::to_string(id->value) +
                            "; see /v1/incidents?state=all");
  }
  auto rows = first_alerts(reader, *id);
  if (!rows) return std::unexpected(store_trouble(site, Dialect::native, &rows.error()));
  const std::size_t members = std::size_t{(*incident)->firing} + (*incident)->resolved;
  const std::size_t alerts = std::max(rows->size(), members);
  return ExplainedRows{*std::move(rows), alerts};
}

Read<Rows> read_fingerprint(Site& site, store::Reader& reader, std::string_view word) {
  auto rows = with_fingerprint(reader, word);
  if (!rows) return std::unexpected(store_trouble(site, Dialect::native, &rows.error()));
  if (rows->empty()) {
    return refused(404, "no alert with this fingerprint is among the newest " +
                            std::to_string(kScanMax) +
                            "; find its id with /v1/alerts?q=… and ask for alert=ID");
  }
  if (rows->size() > 1) return std::unexpected(choices(*rows));
  return *std::move(rows);
}

Read<Rows> read_alert(Site& site, store::Reader& reader, std::string_view word) {
  std::uint64_t id = 0;
  const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), id);
  const bool good =
      failed == std::errc() && end == word.data() + word.size() && id > 0 && id < UINT64_MAX;
  Rows rows;
  if (good) {
    store::AlertQuery wanted;
    wanted.before = id + 1;
    wanted.limit = 1;
    auto found = reader.alerts(wanted);
    if (!found) return std::unexpected(store_trouble(site, Dialect::native, &found.error()));
    if (!found->empty() && found->front().id.value == id) rows = *std::move(found);
  }
  if (rows.empty()) return refused(404, "there is no such alert; ids stand in /v1/alerts");
  return rows;
}

}  // namespace

Read<ExplainedRows> find_explained(Site& site, store::Reader& reader, const Query& query) {
  if (query.has("incident")) return read_incident(site, reader, query.get("incident"));
  const bool by_fingerprint = query.has("fingerprint");
  if (!by_fingerprint && !query.has("alert")) {
    return refused(
        400, "say what to explain: incident=INC-42, fingerprint=… or alert=ID; or POST alerts");
  }
  auto rows = by_fingerprint ? read_fingerprint(site, reader, query.get("fingerprint"))
                             : read_alert(site, reader, query.get("alert"));
  if (!rows) return std::unexpected(std::move(rows.error()));
  return ExplainedRows{*std::move(rows), 1};
}

}  // namespace tocsin::http
