#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>

#include "store/connection.h"
#include "store/row_codec.h"
#include "store/schema.h"

namespace tocsin::store {
namespace {

constexpr auto kTransactionMax = std::chrono::milliseconds(250);
constexpr std::size_t kRowsMax = 1'000;
/// Instructions of SQLite's machine between two looks at the clock.
constexpr int kInstructionsBetweenLooks = 2'000;
/// Names in one filter; more is no question a person asks.
constexpr std::size_t kNamesMax = 200;

using triage::AlertState;
using triage::Incident;
using triage::IncidentState;

class SqliteReader final : public Reader {
 public:
  SqliteReader(Connection db, std::string path) : db_(std::move(db)), path_(std::move(path)) {
    sqlite3_progress_handler(db_.get(), kInstructionsBetweenLooks, &SqliteReader::is_late, this);
  }

  std::expected<std::vector<Incident>, StoreError> incidents(const IncidentQuery& query) override {
    return transaction<std::vector<Incident>>(
        [&](std::vector<Incident>& out) { return find_incidents(query, out); });
  }

  std::expected<std::optional<Incident>, StoreError> incident(IncidentId id) override {
    return transaction<std::optional<Incident>>([&](std::optional<Incident>& out) {
      const std::string sql =
          std::string("SELECT ") + kIncidentColumns + " FROM incident_now WHERE id=?";
      return read(
          sql, [&](Statement& to) { to.number(id.value); },
          [&](Row& row) { out = get_incident(row); });
    });
  }

  std::expected<std::vector<triage::TimelineEntry>, StoreError> timeline(
      IncidentId id, std::size_t limit) override {
    using Entries = std::vector<triage::TimelineEntry>;
    return transaction<Entries>([&](Entries& out) {
      return read(
          "WITH RECURSIVE chain(previous,at,actor,kind,detail) AS (SELECT "
          "t.previous,t.at,t.actor,t.kind,t.detail FROM incident_chain AS c JOIN timeline AS t ON "
          "t.id=c.last WHERE c.id=? UNION ALL SELECT t.previous,t.at,t.actor,t.kind,t.detail FROM "
          "chain JOIN timeline AS t ON t.id=chain.previous) "
          "SELECT at,actor,kind,detail FROM chain LIMIT ?",
          [&](Statement& to) { to.number(id.value).number(std::min(limit, kRowsMax)); },
          [&](Row& row) {
            triage::TimelineEntry& entry = out.emplace_back();
            entry.incident = id;
            entry.at = row.instant();
            entry.actor = row.string();
            entry.kind = row.string();
            entry.detail = row.string();
          });
    });
  }

  std::expected<std::vector<AlertRow>, StoreError> alerts(const AlertQuery& query) override {
    return transaction<std::vector<AlertRow>>(
        [&](std::vector<AlertRow>& out) { return find_alerts(query, out); });
  }

  std::expected<std::vector<triage::Page>, StoreError> pages(IncidentId id) override {
    using Pages = std::vector<triage::Page>;
    return transaction<Pages>([&](Pages& out) {
      const std::string sql = std::string("SELECT ") + kPageColumns +
                              " FROM page WHERE incident=? ORDER BY id DESC LIMIT ?";
      return read(
          sql, [&](Statement& to) { to.number(id.value).number(kRowsMax); },
          [&](Row& row) { out.push_back(get_page(row)); });
    });
  }

 private:
  /// One read transaction around `work`, which fills its argument and returns a result code.
  template <class Result, class Work>
  std::expected<Result, StoreError> transaction(Work work) {
    deadline_ = std::chrono::steady_clock::now() + kTransactionMax;
    int code = execute(db_.get(), "BEGIN");
    if (code == SQLITE_OK && wal_file_bytes(db_.get()) >= kWalBytesMax) code = SQLITE_BUSY;
    Result result;
    if (code == SQLITE_OK) code = work(result);
    std::expected<Result, StoreError> answer = std::move(result);
    if (code != SQLITE_OK) answer = std::unexpected(explain(code));
    // The end of a transaction is never late.
    deadline_ = std::chrono::steady_clock::time_point::max();
    if (sqlite3_get_autocommit(db_.get()) == 0) {
      const int ended = execute(db_.get(), "ROLLBACK");  // Nothing was written.
      if (code == SQLITE_OK && ended != SQLITE_OK) answer = std::unexpected(explain(ended));
    }
    return answer;
  }

  StoreError explain(int code) const {
    if ((code & 0xFF) == SQLITE_BUSY) {
      return {StoreError::Kind::io, "the store is busy: its log must be written back first",
              "try again in a second"};
    }
    return error_of(db_.get(), code, "cannot read " + path_);
  }

  static int is_late(void* reader) {
    return std::chrono::steady_clock::now() >= static_cast<SqliteReader*>(reader)->deadline_;
  }

  /// Runs one query: `bind` its parameters, `take` each row.
  template <class Bind, class Take>
  int read(const std::string& sql, Bind bind, Take take) {
    Statement statement;
    int code = statement.prepare(db_.get(), sql);
    if (code != SQLITE_OK) return code;
    bind(statement);
    while ((code = statement.step()) == SQLITE_ROW) {
      Row row = statement.row();
      take(row);
      if (!row.ok()) return SQLITE_CORRUPT;
    }
    return code == SQLITE_DONE ? SQLITE_OK : code;
  }

  int find_incidents(const IncidentQuery& query, std::vector<Incident>& out);
  int find_alerts(const AlertQuery& query, std::vector<AlertRow>& out);
  int find_alert_ids(const AlertQuery& query, std::vector<std::uint64_t>& out);
  int find_source(const std::string& name, std::optional<std::int64_t>& out);

  Connection db_;
  std::string path_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
};

/// Ids below it; 0 means from the newest. SQLite's integers are signed.
std::int64_t below(std::uint64_t before) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  return before == 0 || before > kMax ? static_cast<std::int64_t>(kMax)
                                      : static_cast<std::int64_t>(before);
}

std::size_t rows_for(std::size_t limit) { return std::clamp<std::size_t>(limit, 1, kRowsMax); }

/// Conditions with one parameter for each value; the values are bound, never spelled out.
class Filter {
 public:
  void one_of(const char* column, std::size_t values) {
    if (values == 0) return;
    text_.append(" AND ").append(column).append(" IN (?");
    for (std::size_t i = 1; i < values; ++i) text_ += ",?";
    text_ += ')';
  }
  void add(const char* condition) { text_.append(" AND ").append(condition); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

int SqliteReader::find_incidents(const IncidentQuery& query, std::vector<Incident>& out) {
  if (query.services.size() > kNamesMax || query.teams.size() > kNamesMax) return SQLITE_TOOBIG;
  Filter filter;
  filter.one_of("state", query.states.size());
  filter.one_of("severity", query.severities.size());
  filter.one_of("service", query.services.size());
  filter.one_of("team", query.teams.size());
  if (query.since) filter.add("detected_at>=?");
  // Says the same again where it holds, so that the index of open incidents can be used.
  const bool open = !query.states.empty() &&
                    std::ranges::find(query.states, IncidentState::closed) == query.states.end();
  if (open) filter.add("state<>'closed'");
  const std::string sql = std::string("SELECT ") + kIncidentColumns + " FROM incident_now WHERE id<?" +
                          filter.text() + " ORDER BY id DESC LIMIT ?";
  const auto bind = [&](Statement& to) {
    to.integer(below(query.before));
    for (const IncidentState state : query.states) to.text(name_of(state));
    for (const Severity severity : query.severities) to.text(to_string(severity));
    for (const std::string& service : query.services) to.text(service);
    for (const std::string& team : query.teams) to.text(team);
    if (query.since) to.instant(*query.since);
    to.number(rows_for(query.limit));
  };
  return read(sql, bind, [&](Row& row) { out.push_back(get_incident(row)); });
}

int SqliteReader::find_source(const std::string& name, std::optional<std::int64_t>& out) {
  return read(
      "SELECT id FROM source WHERE name=? LIMIT 1", [&](Statement& to) { to.text(name); },
      [&](Row& row) { out = row.integer(); });
}

/// Newest first. Firing alerts are never forgotten, so whole spans of history are passed over;
/// those of an incident are named by its timeline.
int SqliteReader::find_alert_ids(const AlertQuery& query, std::vector<std::uint64_t>& out) {
  std::optional<std::int64_t> source;
  if (!query.source.empty()) {
    const int code = find_source(query.source, source);
    if (code != SQLITE_OK || !source) return code;
  }
  // ?1 ids below it, ?2 state or NULL, ?3 source or NULL, ?4 incident, ?5 limit
  const std::string filter =
      " AND (?2 IS NULL OR coalesce(s.state,a.state)=?2) AND (?3 IS NULL OR a.source=?3)";
  const std::string all =
      " LEFT JOIN alert_state AS s ON s.id=a.id WHERE a.id<?1 AND ?4=0" + filter;
  const std::string limit = " LIMIT ?5";
  std::string sql;
  if (query.incident) {
    sql =
        "WITH RECURSIVE chain(previous,alerts) AS (SELECT t.previous,t.alerts FROM incident_chain "
        "AS c JOIN timeline AS t ON t.id=c.last WHERE c.id=?4 UNION ALL SELECT "
        "t.previous,t.alerts FROM chain JOIN timeline AS t ON t.id=chain.previous), "
        "member(id) AS (SELECT DISTINCT j.value FROM chain, json_each(chain.alerts) AS j WHERE "
        "chain.alerts IS NOT NULL AND j.value<?1) "
        "SELECT a.id FROM member CROSS JOIN alert AS a ON a.id=member.id LEFT JOIN alert_state AS "
        "s ON s.id=a.id WHERE coalesce(s.incident,a.incident)=?4" +
        filter + " ORDER BY a.id DESC" + limit;
  } else if (query.state == AlertState::firing) {
    sql =
        "SELECT a.id FROM alert_span AS p CROSS JOIN alert AS a ON a.id BETWEEN p.first AND "
        "p.first+" +
        std::to_string(kSpan - 1) + all +
        " AND p.live>0 AND p.first<?1 ORDER BY p.first DESC,a.id DESC" + limit;
  } else {
    sql = "SELECT a.id FROM alert AS a" + all + " ORDER BY a.id DESC" + limit;
  }
  const auto bind = [&](Statement& to) {
    to.integer(below(query.before));
    query.state ? to.enumeration(*query.state) : to.null();
    source ? to.integer(*source) : to.null();
    to.number(query.incident.value).number(rows_for(query.limit));
  };
  return read(sql, bind, [&](Row& row) { out.push_back(row.number()); });
}

/// A, d and s are the alert, its display and its state.
AlertRow get_alert(Row& row) {
  AlertRow alert;
  alert.id = AlertId{row.number()};
  alert.key = row.key();
  alert.identity_by = row.enumeration(IdentityBy::sender_key);
  alert.identity_value = row.string();
  alert.source = row.string();
  alert.labels = get_labels(row);
  if (row.is_null()) {
    row.skip();
  } else {
    alert.annotations = get_labels(row);
  }
  alert.generator_url = row.string();
  const bool changed = row.flag();
  if (changed) row.skip(kStatusColumns);
  alert.status = get_status(row);
  alert.fingerprint = fingerprint(alert.labels);
  return alert;
}

int SqliteReader::find_alerts(const AlertQuery& query, std::vector<AlertRow>& out) {
  std::vector<std::uint64_t> ids;
  int code = find_alert_ids(query, ids);
  if (code != SQLITE_OK) return code;
  Statement select;
  code = select.prepare(
      db_.get(),
      "SELECT a.id,a.key,a.identity_by,a.identity_value,source.name,a.labels,"
      "coalesce(d.annotations,a.annotations),coalesce(d.generator_url,a.generator_url),"
      "s.id IS NOT NULL," +
          status_columns("a.") + "," + status_columns("s.") +
          " FROM alert AS a LEFT JOIN alert_state AS s ON s.id=a.id LEFT JOIN alert_display AS d "
          "ON "
          "d.id=a.id LEFT JOIN source ON source.id=a.source WHERE a.id=?");
  for (const std::uint64_t id : ids) {
    if (code != SQLITE_OK) return code;
    code = select.number(id).step();
    if (code != SQLITE_ROW) return code == SQLITE_DONE ? SQLITE_CORRUPT : code;
    Row row = select.row();
    out.push_back(get_alert(row));
    select.reset();
    code = row.ok() ? SQLITE_OK : SQLITE_CORRUPT;
  }
  return code;
}

}  // namespace

std::expected<std::unique_ptr<Reader>, StoreError> open_sqlite_reader(const StoreOptions& options) {
  std::string path = database_path(options.folder);
  auto db = open_read_only(path, options.vfs);
  if (!db) return std::unexpected(db.error());
  return std::make_unique<SqliteReader>(std::move(*db), std::move(path));
}

}  // namespace tocsin::store
