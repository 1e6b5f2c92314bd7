#pragma once

#include <array>
#include <cstdint>

/// The tables of tocsin.db. Their comments are part of the file: `.schema` shows them.
namespace tocsin::store {

/// PRAGMA application_id of our files: "tocs".
inline constexpr std::int64_t kApplicationId = 0x746F6373;
/// Of the tables below. Grows with every change to them.
inline constexpr std::int64_t kSchema = 3;
/// The oldest schema whose programs may open a file with these tables.
inline constexpr std::int64_t kMinReader = 1;
inline constexpr std::int64_t kPageSize = 16384;
/// Of meta.secret.
inline constexpr int kSecretBytes = 32;
/// Alert ids that share a row of alert_span.
inline constexpr std::uint64_t kSpan = 1024;

/// What makes each schema of the one before it; the first makes the tables. A file of an older
/// schema is brought up when it is opened for writing.
extern const std::array<const char*, kSchema> kSchemaSteps;

}  // namespace tocsin::store
