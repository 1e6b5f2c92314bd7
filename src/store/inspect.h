#pragma once

#include <expected>
#include <string>

#include "tocsin/store/store.h"

namespace tocsin::store {

enum class Found : std::uint8_t {
  nothing,  ///< No file, an empty one, or one whose creation was interrupted.
  ours,
};

/// Looks at a database file without writing a byte, neither to it nor beside it. A file that is
/// not SQLite's, is another program's, or needs a newer Tocsin is an error.
std::expected<Found, StoreError> inspect(const std::string& path, const std::string& vfs);

/// The error for a file that only a newer program may open.
StoreError newer_error(const std::string& path, std::int64_t min_reader);

}  // namespace tocsin::store
