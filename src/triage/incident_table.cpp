#include "tocsin/triage/incident_table.h"

#include <utility>

#include "tocsin/base/check.h"

namespace tocsin::triage {

namespace {
const std::vector<AlertId> kNoAlerts;
}  // namespace

std::uint32_t IncidentTable::place_of(IncidentId id) const {
  return by_id_.find(hash_of(id), [&](std::uint32_t at) { return places_[at].id == id; });
}

std::uint32_t IncidentTable::newest_place_of(const Key& correlation_key) const {
  const auto newest = by_key_.find(correlation_key);
  return newest == by_key_.end() ? kNone : newest->second;
}

const Incident* IncidentTable::find(IncidentId id) const {
  const std::uint32_t at = place_of(id);
  return at == kNone ? nullptr : places_[at].incident;
}

Incident* IncidentTable::find(IncidentId id) {
  const std::uint32_t at = place_of(id);
  return at == kNone ? nullptr : places_[at].incident;
}

const Incident* IncidentTable::newest_of(const Key& correlation_key) const {
  const std::uint32_t at = newest_place_of(correlation_key);
  return at == kNone ? nullptr : places_[at].incident;
}

const std::vector<AlertId>& IncidentTable::alerts_of(IncidentId id) const {
  const std::uint32_t at = place_of(id);
  return at == kNone ? kNoAlerts : places_[at].alerts;
}

Incident& IncidentTable::insert(Incident incident) {
  const IncidentId id = incident.id;
  const auto [placed, is_new] = incidents_.emplace(id, std::move(incident));
  CHECK(is_new);
  std::uint32_t at = places_.size();
  if (free_.empty()) {
    places_.emplace_back();
  } else {
    at = free_.back();
    free_.pop_back();
  }
  const auto [newest, first_of_key] = by_key_.try_emplace(placed->second.key, at);
  const std::uint32_t older = first_of_key ? kNone : std::exchange(newest->second, at);
  places_[at] = {.id = id, .incident = &placed->second, .older = older, .alerts = {}};
  by_id_.insert(hash_of(id), at);
  return placed->second;
}

void IncidentTable::add_alert(IncidentId id, AlertId alert) {
  const std::uint32_t at = place_of(id);
  CHECK(at != kNone);
  places_[at].alerts.push_back(alert);
}

void IncidentTable::erase(IncidentId id) {
  const std::uint32_t at = place_of(id);
  CHECK(at != kNone);
  const std::uint32_t older = places_[at].older;
  const auto newest = by_key_.find(places_[at].incident->key);
  std::uint32_t newer = newest->second;
  if (newer == at && older == kNone) {
    by_key_.erase(newest);
  } else if (newer == at) {
    newest->second = older;
  } else {
    while (places_[newer].older != at) newer = places_[newer].older;
    places_[newer].older = older;
  }
  by_id_.erase(hash_of(id), at);
  places_[at] = {};
  free_.push_back(at);
  incidents_.erase(id);
}

}  // namespace tocsin::triage
