#pragma once

#include <optional>
#include <vector>

#include "store/sqlite.h"
#include "tocsin/store/store.h"

/// The table rejected_body: the newest kRejectedMax bodies, at most kRejectedBytesMax in all.
namespace tocsin::store {

inline constexpr std::uint64_t kRejectedMax = 1'000;
inline constexpr std::uint64_t kRejectedBytesMax = 64ULL << 20;

/// Adds these and deletes what is too much then, inside a transaction that the caller began.
[[nodiscard]] int write_rejected(sqlite3*, const std::vector<RejectedBody>&);

/// The columns of a row as get_rejected reads them; with the body or, for lists, without.
extern const char* const kRejectedColumns;
extern const char* const kRejectedColumnsInFull;
RejectedBody get_rejected(Row&);

}  // namespace tocsin::store
