#pragma once

#include <expected>
#include <string>

#include "store/sqlite.h"
#include "tocsin/store/store.h"

namespace tocsin::store {

/// Rows → State, inside a transaction that the caller began. `path` is for errors. The epoch is
/// the stored one. Reads what is live, not the history.
std::expected<Loaded, StoreError> load_rows(sqlite3*, const std::string& path);

}  // namespace tocsin::store
