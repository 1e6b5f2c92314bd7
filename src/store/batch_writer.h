#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "store/row_codec.h"
#include "store/sqlite.h"
#include "tocsin/store/store.h"

namespace tocsin::store {

/// Writes a batch's rows inside a transaction that the caller began. Statements are prepared once.
class BatchWriter {
 public:
  [[nodiscard]] int prepare(sqlite3*);
  /// SQLITE_OK, or why the transaction must be rolled back.
  [[nodiscard]] int write(const triage::Rows&);
  /// What the last write() wrote is not there: forget what it taught.
  void rolled_back();

 private:
  int write_sources(const std::vector<std::string>&);
  int write_alert(const triage::Rows::NewAlert&);
  int write_state(AlertId, const triage::AlertStatus&);
  int write_update(const triage::Rows::AlertUpdate&);
  int write_display(const triage::Rows::AlertDisplay&);
  int write_event(const triage::AlertEvent&);
  int write_incident(const triage::Incident&);
  int write_page(const triage::Page&);
  int write_timeline(const triage::TimelineEntry&);
  int write_spans();
  struct Chain {
    std::uint64_t last = 0;  ///< Newest timeline entry of the incident, 0 none.
    bool changed = false;
    const triage::Rows::IncidentCounts* counts = nullptr;  ///< To write with it, in this batch.
  };
  void touch(std::uint64_t incident, Chain&);
  int write_counts(const triage::Rows::IncidentCounts&);
  int last_entry(std::uint64_t incident, Chain*& chain);
  int write_chains();
  void count(AlertId, std::int64_t change);

  struct SpanChange {
    std::uint64_t first = 0;
    std::int64_t live = 0;
  };

  sqlite3* db_ = nullptr;
  Statement insert_source_;
  Statement insert_alert_;
  Statement upsert_state_;
  Statement forget_;
  Statement upsert_display_;
  Statement insert_event_;
  Statement upsert_incident_;
  Statement upsert_page_;
  Statement insert_timeline_;
  Statement select_chain_;
  Statement upsert_chain_;
  Statement replace_counts_;
  Statement upsert_span_;
  std::vector<SpanChange> spans_;
  std::unordered_map<std::uint64_t, Chain> chains_;
  std::vector<std::uint64_t> changed_chains_;
  // Texts made while binding; reused from row to row.
  std::string labels_;
  std::string annotations_;
  std::string leases_;
  std::string members_;
  IncidentTexts incident_texts_;
};

}  // namespace tocsin::store
