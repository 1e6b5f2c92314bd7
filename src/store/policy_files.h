#pragma once

#include <cstdint>
#include <vector>

#include "store/sqlite.h"
#include "tocsin/triage/policy.h"

/// The rules files of policies that were in force, each text once. For use inside a transaction
/// that the caller began.
namespace tocsin::store {

/// Older policies that are kept for looking back.
inline constexpr int kPoliciesMax = 50;

[[nodiscard]] int write_policy(sqlite3*, std::uint64_t rules_hash,
                               const std::vector<triage::PolicyFile>&, Instant wall);
[[nodiscard]] int read_last_policy(sqlite3*, std::vector<triage::PolicyFile>& out);
/// Those of the last policy with this hash; none if there is no such policy any more.
[[nodiscard]] int read_policy(sqlite3*, std::uint64_t rules_hash,
                              std::vector<triage::PolicyFile>& out);

}  // namespace tocsin::store
