#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "store/heads.h"
#include "store/plain_alerts.h"
#include "store/row_codec.h"
#include "store/sqlite.h"
#include "tocsin/store/store.h"

namespace tocsin::store {

/// Writes a batch's rows inside a transaction that the caller began. Statements are prepared once.
///
/// The incident_chain rows of incidents that only gained new alerts may be written late, since
/// these alerts' own rows say it all: in a storm that saves a row for nearly every alert.
class BatchWriter {
 public:
  /// Up to `at_once_max` such incidents of one batch are written with it.
  explicit BatchWriter(std::size_t at_once_max) : at_once_max_(at_once_max) {}
  [[nodiscard]] int prepare(sqlite3*);
  /// SQLITE_OK, or why the transaction must be rolled back.
  [[nodiscard]] int write(const triage::Rows&);
  /// Brings the chain of a loaded incident up to its newest alert.
  [[nodiscard]] int recount(const triage::Incident&, std::uint64_t last_alert);
  /// What the last write() wrote is durable. The incidents it touched, for readers.
  const Heads::Changes& committed();
  /// What the last write() wrote is not there: forget what it taught.
  void rolled_back();

 private:
  int write_sources(const std::vector<std::string>&);
  int write_answers(const triage::Rows&);
  int write_alert(const triage::Rows::NewAlert&);
  int write_state(AlertId, const triage::AlertStatus&);
  int write_update(const triage::Rows::AlertUpdate&);
  int write_display(const triage::Rows::AlertDisplay&);
  int write_event(const triage::AlertEvent&);
  int write_incident(const triage::Incident&);
  int write_page(const triage::Page&);
  int write_timeline(const triage::TimelineEntry&);
  int write_spans();
  /// An incident's row in incident_chain as it has to become.
  struct Chain {
    std::uint64_t last = 0;        ///< Newest timeline entry, 0 none.
    std::uint64_t last_alert = 0;  ///< Newest alert in whose row the incident is, 0 none.
    std::optional<triage::Rows::IncidentCounts> counts;  ///< Newer than what the disk has.
    bool late = false;                                   ///< The disk has an older row.
    bool touched = false;                                ///< By this batch.
    bool due = false;                                    ///< To be written with this batch.
  };
  [[nodiscard]] int touch(std::uint64_t incident, Chain*& chain);
  int count_incidents(const triage::Rows&);
  int write_chain(std::uint64_t incident, Chain&);
  int write_chains();
  void count(AlertId, std::int64_t change);

  struct SpanChange {
    std::uint64_t first = 0;
    std::int64_t live = 0;
  };

  sqlite3* db_ = nullptr;
  Statement insert_source_;
  Statement insert_alert_;
  PlainAlerts plain_alerts_;
  Statement upsert_state_;
  Statement forget_;
  Statement upsert_display_;
  Statement insert_event_;
  Statement upsert_incident_;
  Statement upsert_page_;
  Statement insert_timeline_;
  Statement insert_answer_;
  Statement delete_answer_;
  Statement select_chain_;
  Statement upsert_chain_;
  Statement replace_counts_;
  Statement recount_;
  Statement upsert_span_;
  std::vector<SpanChange> spans_;
  std::size_t at_once_max_;
  std::unordered_map<std::uint64_t, Chain> chains_;
  std::vector<std::pair<std::uint64_t, Chain>> before_;  ///< Touched, as they were committed.
  std::unordered_set<std::uint64_t> late_;               ///< As committed.
  Heads::Changes heads_;
  // Texts made while binding; reused from row to row.
  std::string labels_;
  std::string annotations_;
  StatusTexts status_texts_;
  std::string members_;
  IncidentTexts incident_texts_;
};

}  // namespace tocsin::store
