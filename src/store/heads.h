#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tocsin/triage/rows.h"

namespace tocsin::store {

/// Committed incidents whose incident_chain rows are behind: what the writer will write later and
/// readers must know now. Shared by the writer and the readers of one process; any thread.
///
/// A reader looks here before its transaction begins. What it finds is then in its snapshot, and
/// what it does not find any more is in the rows of its snapshot.
class Heads {
 public:
  struct Head {
    std::uint64_t last_alert = 0;
    triage::Rows::IncidentCounts counts;
  };
  using All = std::unordered_map<std::uint64_t, Head>;
  /// By incident; nothing: its rows say it all.
  using Changes = std::vector<std::pair<std::uint64_t, std::optional<Head>>>;

  void publish(const Changes&);
  std::optional<Head> of(IncidentId) const;
  All all() const;

 private:
  mutable std::mutex mutex_;
  All heads_;
};

}  // namespace tocsin::store
