#include "store/load.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "store/row_codec.h"
#include "store/schema.h"
#include "tocsin/triage/restore.h"

namespace tocsin::store {
namespace {

using triage::Restoration;

/// No id of a row, nor the last one given, is larger: the next ones must fit a column.
constexpr std::uint64_t kIdMax = std::uint64_t{1} << 62;
/// Beyond it the sum of a damaged table is not believed.
constexpr std::uint64_t kAlertsExpectedMax = 50'000'000;

class Loading {
 public:
  Loading(sqlite3* db, const std::string& path) : db_(db), path_(path) {}

  bool sources() {
    std::vector<std::string> names;
    const bool read = each("source", "SELECT id,name FROM source ORDER BY id", [&](Row& row) {
      if (row.number() != names.size()) row.refuse();
      names.push_back(row.string());
    });
    if (read) to_.sources(std::move(names));
    return read;
  }

  bool incidents() {
    return each("incident",
                std::string("SELECT ") + kIncidentColumns +
                    " FROM incident_now WHERE state<>'closed' ORDER BY id",
                [&](Row& row) {
                  triage::Incident incident = get_incident(row);
                  last_incident_ = known_id(row, incident.id.value);
                  if (row.ok()) to_.incident(std::move(incident));
                });
  }

  bool chains() {
    return each("incident_chain",
                "SELECT c.id,c.last_alert FROM incident AS i JOIN incident_chain AS c ON c.id=i.id "
                "WHERE i.state<>'closed'",
                [&](Row& row) {
                  const std::uint64_t incident = row.number();
                  counted_.emplace(incident, AlertId{row.number()});
                });
  }

  /// How many are to come, so that no table is grown on the way. A damaged count is believed for as
  /// many as a span can hold.
  bool expected() {
    return each(
        "alert_span",
        "SELECT coalesce(sum(min(max(live,0)," + std::to_string(kSpan) + ")),0) FROM alert_span",
        [&](Row& row) {
          const std::uint64_t count = row.number();
          if (row.ok() && count <= kAlertsExpectedMax) to_.expect_alerts(count);
        });
  }

  /// Spans without a live alert are passed over, so that a start costs what is live.
  bool alerts() {
    const std::string sql =
        "SELECT a.id,a.key,coalesce(d.labels,a.labels),d.id IS NULL,a.display_hash,a.incident,s.id "
        "IS NOT NULL," +
        status_columns("a.") + "," + status_columns("s.") +
        ",iif(coalesce(s.held_until,a.held_until)>0,coalesce(d.annotations,a.annotations),NULL)" +
        " FROM alert_span AS p CROSS JOIN alert AS a ON a.id BETWEEN p.first AND p.first+" +
        std::to_string(kSpan - 1) +
        " LEFT JOIN alert_state AS s ON s.id=a.id LEFT JOIN alert_display AS d ON d.id=a.id"
        " WHERE p.live>0 AND coalesce(s.forgotten,0)=0 ORDER BY p.first,a.id";
    return each("alert", sql, [&](Row& row) { alert(row); });
  }

  bool pages() {
    return each("page",
                std::string("SELECT ") + kPageColumns + " FROM page WHERE state='owed' ORDER BY id",
                [&](Row& row) {
                  triage::Page page = get_page(row);
                  last_page_ = known_id(row, page.id.value);
                  if (row.ok()) to_.page(std::move(page));
                });
  }

  bool past_answers() {
    return each("past_answer", "SELECT at,key,content,fate,incident FROM past_answer",
                [&](Row& row) {
                  triage::PastAnswer answer;
                  answer.at = row.instant();
                  const Key key = row.key();
                  answer.content = row.number();
                  answer.fate = static_cast<std::uint8_t>(row.enumeration(triage::Fate::refused));
                  answer.incident = IncidentId{row.number()};
                  if (row.ok()) to_.past_answer(key, answer);
                });
  }

  bool meta(Loaded& loaded) {
    bool found = false;
    const bool read =
        each("meta",
             "SELECT epoch,seq,last_timeline,last_alert,last_incident,last_page,opened_occurrences,"
             "late_firings,unknown_resolves,rules_hash,sweep_kind,sweep_next,sweep_due FROM meta",
             [&](Row& row) {
               found = true;
               loaded.epoch = row.number();
               loaded.seq = row.number();
               loaded.last_timeline = row.instant();
               counters(row);
             });
    if (read && !found) error_ = damaged("table meta is empty");
    return read && found;
  }

  std::unique_ptr<triage::State> finish() { return to_.finish(); }
  LateChains late() { return std::move(late_); }
  StoreError error() { return std::move(error_); }

 private:
  static std::uint64_t known_id(Row& row, std::uint64_t id) {
    if (id == 0 || id > kIdMax) row.refuse();
    return id;
  }
  /// The last id that was given. Rows are read by ascending ids: `newest` is never below one.
  static std::uint64_t last_given(Row& row, std::uint64_t newest) {
    const std::uint64_t last = row.number();
    if (last > kIdMax) row.refuse();
    return std::max(last, newest);
  }

  void alert(Row& row) {
    const AlertId id{row.number()};
    last_alert_ = known_id(row, id.value);
    const Key key = row.key();
    const Labels labels = get_labels(row);
    const bool first_display = row.flag();
    const std::uint64_t display_hash = row.number();
    const IncidentId joined{row.number()};
    const bool changed = row.flag();
    if (changed) row.skip(kStatusColumns);
    triage::AlertStatus status = get_status(row, decisions_);
    if (!changed) row.skip(kStatusColumns);
    const bool held = status.held_until != Instant{};
    const std::string_view annotations_text = row.text();
    Labels annotations;
    if (held && !annotations_text.empty() && !labels_from_json(annotations_text, annotations)) {
      row.refuse();
    }
    if (to_.knows(key)) row.refuse();
    if (!row.ok()) return;
    // The hash of what was taken over later is volatile: 0 makes the next refresh take it again.
    to_.alert(id, key, labels, std::move(status), first_display ? display_hash : 0);
    if (held) to_.held_annotations(id, std::move(annotations));
    const auto counted = joined ? counted_.find(joined.value) : counted_.end();
    if (counted == counted_.end() || id <= counted->second) return;
    // What joined since the incident's own rows were written only fired and joined.
    to_.count(id, joined);
    counted->second = id;
    late_.insert_or_assign(joined, id);
  }

  void counters(Row& row) {
    triage::Counters counters;
    counters.last_alert = last_given(row, last_alert_);
    counters.last_incident = last_given(row, last_incident_);
    counters.last_page = last_given(row, last_page_);
    counters.opened_occurrences = row.number();
    counters.late_firings = row.number();
    counters.unknown_resolves = row.number();
    const std::uint64_t rules_hash = row.number();
    triage::Sweep sweep;
    sweep.kind = row.enumeration(triage::Sweep::Kind::reapply);
    sweep.next = row.number();
    sweep.due = row.instant();
    if (row.ok()) to_.counters(counters, rules_hash, sweep);
  }

  /// Calls `take` with each row; a row that is not ok() afterwards ends it with an error that names
  /// the table and the row, whose first column is its id.
  template <class Take>
  bool each(const char* table, const std::string& sql, Take take) {
    Statement statement;
    int code = statement.prepare(db_, sql);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
      code = statement.step();
      if (code != SQLITE_ROW) break;
      Row row = statement.row();
      take(row);
      if (row.ok()) continue;
      error_ = damaged(std::string("table ") + table + ", row " +
                       std::to_string(statement.row().integer()) + ": a value that cannot be");
      return false;
    }
    if (code == SQLITE_DONE) return true;
    error_ = error_of(db_, code, "cannot read table " + std::string(table) + " of " + path_);
    return false;
  }

  StoreError damaged(const std::string& where) const {
    return {StoreError::Kind::damaged, path_ + " is damaged: " + where, kDamagedCure};
  }

  sqlite3* db_;
  const std::string& path_;
  Restoration to_;
  std::unordered_map<std::uint64_t, AlertId> counted_;  ///< Up to which alert each open one is.
  LateChains late_;
  DecisionsRead decisions_;
  std::uint64_t last_alert_ = 0, last_incident_ = 0, last_page_ = 0;  ///< Of the rows read.
  StoreError error_;
};

}  // namespace

std::expected<Loaded, StoreError> load_rows(sqlite3* db, const std::string& path,
                                            LateChains& late) {
  Loading loading(db, path);
  Loaded loaded;
  if (!loading.sources() || !loading.incidents() || !loading.chains() || !loading.expected() ||
      !loading.alerts() || !loading.pages() || !loading.past_answers() || !loading.meta(loaded)) {
    return std::unexpected(loading.error());
  }
  loaded.state = loading.finish();
  late = loading.late();
  return loaded;
}

}  // namespace tocsin::store
