#pragma once

#include <expected>
#include <map>
#include <string>

#include "store/sqlite.h"
#include "tocsin/store/store.h"

namespace tocsin::store {

/// Incidents whose rows did not count all of their alerts, with the newest of these: see
/// incident_chain.
using LateChains = std::map<IncidentId, AlertId>;

/// Rows → State, inside a transaction that the caller began. `path` is for errors. The epoch is
/// the stored one. Reads what is live, not the history.
std::expected<Loaded, StoreError> load_rows(sqlite3*, const std::string& path, LateChains& late);

}  // namespace tocsin::store
