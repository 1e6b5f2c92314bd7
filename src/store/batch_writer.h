#pragma once

#include <cstdint>
#include <memory>
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
  Statement upsert_span_;
  std::vector<SpanChange> spans_;
  // Texts made while binding; reused from row to row.
  std::string labels_;
  std::string annotations_;
  std::string leases_;
  IncidentTexts incident_texts_;
};

}  // namespace tocsin::store
