#pragma once

#include <cstdint>

/// The tables of tocsin.db. Their comments are part of the file: `.schema` shows them.
namespace tocsin::store {

/// PRAGMA application_id of our files: "tocs".
inline constexpr std::int64_t kApplicationId = 0x746F6373;
/// Of the tables below. Grows with every change to them.
inline constexpr std::int64_t kSchema = 1;
/// The oldest schema whose programs may open a file with these tables.
inline constexpr std::int64_t kMinReader = 1;
inline constexpr std::int64_t kPageSize = 16384;
/// Of meta.secret.
inline constexpr int kSecretBytes = 32;
/// Alert ids that share a row of alert_span.
inline constexpr std::uint64_t kSpan = 1024;

extern const char* const kSchemaSql;

}  // namespace tocsin::store
