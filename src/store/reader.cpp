#include "store/reader.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <ranges>
#include <set>
#include <utility>

#include "store/connection.h"
#include "store/policy_files.h"
#include "store/rejected_bodies.h"
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
/// Alerts of one incident that its timeline looks back at.
constexpr std::uint64_t kJoinedMax = 20'000;

using triage::AlertState;
using triage::Incident;
using triage::IncidentState;

void take_counts(const triage::Rows::IncidentCounts& counts, Incident& incident) {
  if (counts.version <= incident.version) return;
  incident.firing = counts.firing;
  incident.resolved = counts.resolved;
  incident.started_at = counts.started_at;
  incident.last_joined = counts.last_joined;
  incident.version = counts.version;
}

/// Ids below it; 0 means from the newest. SQLite's integers are signed.
std::int64_t below(std::uint64_t before) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  return before == 0 || before > kMax ? static_cast<std::int64_t>(kMax)
                                      : static_cast<std::int64_t>(before);
}

std::size_t rows_for(std::size_t limit) { return std::clamp<std::size_t>(limit, 1, kRowsMax); }

class SqliteReader final : public Reader {
 public:
  SqliteReader(Connection db, std::string path, std::shared_ptr<const Heads> heads)
      : db_(std::move(db)), path_(std::move(path)), heads_(std::move(heads)) {
    sqlite3_progress_handler(db_.get(), kInstructionsBetweenLooks, &SqliteReader::is_late, this);
  }

  std::expected<std::vector<Incident>, StoreError> incidents(const IncidentQuery& query) override {
    const Heads::All heads = heads_->all();
    auto found = transaction<std::vector<Incident>>(
        [&](std::vector<Incident>& out) { return find_incidents(query, out); });
    if (!found) return found;
    for (Incident& incident : *found) {
      const auto head = heads.find(incident.id.value);
      if (head != heads.end()) take_counts(head->second.counts, incident);
    }
    return found;
  }

  std::expected<std::optional<Incident>, StoreError> incident(IncidentId id) override {
    const std::optional<Heads::Head> head = heads_->of(id);
    auto found = transaction<std::optional<Incident>>(
        [&](std::optional<Incident>& out) {
          const std::string sql =
              std::string("SELECT ") + kIncidentColumns + " FROM incident_now WHERE id=?";
          return read(
              sql, [&](Statement& to) { to.number(id.value); },
              [&](Row& row) { out = get_incident(row); });
        },
        Reads::one_row);
    if (head && found && *found) take_counts(head->counts, **found);
    return found;
  }

  std::expected<std::vector<triage::TimelineEntry>, StoreError> timeline(
      IncidentId id, std::size_t limit) override {
    using Entries = std::vector<triage::TimelineEntry>;
    const std::uint64_t newest = newest_alert(id);
    return transaction<Entries>(
        [&](Entries& out) { return find_timeline(id, newest, std::min(limit, kRowsMax), out); });
  }

  std::expected<std::vector<AlertRow>, StoreError> alerts(const AlertQuery& query) override {
    const std::uint64_t newest = query.incident ? newest_alert(query.incident) : 0;
    return transaction<std::vector<AlertRow>>(
        [&](std::vector<AlertRow>& out) { return find_alerts(query, newest, out); });
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

  std::expected<std::vector<RejectedBody>, StoreError> rejected(std::uint64_t before,
                                                                std::size_t limit) override {
    using Bodies = std::vector<RejectedBody>;
    const std::string sql = std::string("SELECT ") + kRejectedColumns +
                            " FROM rejected_body WHERE id<? ORDER BY id DESC LIMIT ?";
    return transaction<Bodies>([&](Bodies& out) {
      return read(
          sql, [&](Statement& to) { to.integer(below(before)).number(rows_for(limit)); },
          [&](Row& row) { out.push_back(get_rejected(row)); });
    });
  }

  std::expected<std::optional<RejectedBody>, StoreError> rejected_body(std::uint64_t id) override {
    const std::string sql =
        std::string("SELECT ") + kRejectedColumnsInFull + " FROM rejected_body WHERE id=?";
    return transaction<std::optional<RejectedBody>>([&](std::optional<RejectedBody>& out) {
      return read(
          sql, [&](Statement& to) { to.integer(below(id)); },
          [&](Row& row) { out = get_rejected(row); });
    });
  }

  std::expected<std::vector<triage::PolicyFile>, StoreError> policy_files(
      std::uint64_t rules_hash) override {
    using Files = std::vector<triage::PolicyFile>;
    return transaction<Files>([&](Files& out) { return read_policy(db_.get(), rules_hash, out); });
  }

 private:
  /// What holds up a checkpoint is refused while the log is too long. One row does not: whoever has
  /// acted on an incident gets it as the answer, also while others read lists.
  enum class Reads : std::uint8_t { one_row, many };

  /// One read transaction around `work`, which fills its argument and returns a result code.
  template <class Result, class Work>
  std::expected<Result, StoreError> transaction(Work work, Reads reads = Reads::many) {
    deadline_ = std::chrono::steady_clock::now() + kTransactionMax;
    int code = execute(db_.get(), "BEGIN");
    const bool may_wait = reads == Reads::many;
    if (code == SQLITE_OK && may_wait && wal_file_bytes(db_.get()) >= kWalBytesMax) {
      code = SQLITE_BUSY;
    }
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

  /// The newest alert in whose row the incident is, as far as it is not in incident_chain yet.
  std::uint64_t newest_alert(IncidentId id) const {
    const std::optional<Heads::Head> head = heads_->of(id);
    return head ? head->last_alert : 0;
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
  int find_timeline(IncidentId id, std::uint64_t newest, std::size_t limit,
                    std::vector<triage::TimelineEntry>& out);
  int find_joined(IncidentId id, std::uint64_t newest, const std::set<std::uint64_t>& openers,
                  std::size_t limit, std::vector<triage::TimelineEntry>& out);
  int find_alerts(const AlertQuery& query, std::uint64_t newest, std::vector<AlertRow>& out);
  int find_alert_ids(const AlertQuery& query, std::uint64_t newest,
                     std::vector<std::uint64_t>& out);
  int find_source(const std::string& name, std::optional<std::int64_t>& out);

  Connection db_;
  std::string path_;
  std::shared_ptr<const Heads> heads_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
};

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
  const std::string sql = std::string("SELECT ") + kIncidentColumns +
                          " FROM incident_now WHERE id<?" + filter.text() +
                          " ORDER BY id DESC LIMIT ?";
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

/// Its own entries, and one for the new alerts that joined within a second: their rows say so.
int SqliteReader::find_timeline(IncidentId id, std::uint64_t newest, std::size_t limit,
                                std::vector<triage::TimelineEntry>& out) {
  std::set<std::uint64_t> openers;
  int code = read(
      "WITH RECURSIVE chain(previous,at,actor,kind,detail,alerts) AS (SELECT "
      "t.previous,t.at,t.actor,t.kind,t.detail,t.alerts FROM incident_chain AS c JOIN timeline AS "
      "t "
      "ON t.id=c.last WHERE c.id=? UNION ALL SELECT "
      "t.previous,t.at,t.actor,t.kind,t.detail,t.alerts "
      "FROM chain JOIN timeline AS t ON t.id=chain.previous) "
      "SELECT at,actor,kind,detail,alerts->>0 FROM chain LIMIT ?",
      [&](Statement& to) { to.number(id.value).number(limit); },
      [&](Row& row) {
        triage::TimelineEntry& entry = out.emplace_back();
        entry.incident = id;
        entry.at = row.instant();
        entry.actor = row.string();
        entry.kind = row.string();
        entry.detail = row.string();
        if (entry.kind == "opened") openers.insert(row.number());
      });
  if (code == SQLITE_OK) code = find_joined(id, newest, openers, limit, out);
  // Newest first; the sort is stable, so that what is of one instant stays in its order.
  std::ranges::stable_sort(out, std::ranges::greater(), &triage::TimelineEntry::at);
  if (out.size() > limit) out.resize(limit);
  return code;
}

int SqliteReader::find_joined(IncidentId id, std::uint64_t newest,
                              const std::set<std::uint64_t>& openers, std::size_t limit,
                              std::vector<triage::TimelineEntry>& out) {
  std::optional<std::chrono::sys_seconds> second;
  std::uint64_t count = 0;
  const auto tell = [&] {
    if (count == 0) return;
    out.back().detail = "+" + std::to_string(count) + (count == 1 ? " alert" : " alerts");
  };
  return read(
      "WITH RECURSIVE member(id,previous,at) AS (SELECT a.id,a.previous,a.received_at FROM alert "
      "AS "
      "a WHERE a.id=max(?2,ifnull((SELECT last_alert FROM incident_chain WHERE id=?1),0)) UNION "
      "ALL "
      "SELECT a.id,a.previous,a.received_at FROM member JOIN alert AS a ON a.id=member.previous) "
      "SELECT id,at FROM member LIMIT ?3",
      [&](Statement& to) { to.number(id.value).number(newest).number(kJoinedMax); },
      [&](Row& row) {
        const std::uint64_t alert = row.number();
        const Instant at = row.instant();
        if (openers.contains(alert) || out.size() > 2 * limit) return;
        const auto own = std::chrono::floor<std::chrono::seconds>(at);
        if (own != second) {
          count = 0;
          triage::TimelineEntry& entry = out.emplace_back();
          entry.incident = id;
          entry.at = at;
          entry.kind = "alerts_joined";
        }
        second = own;
        ++count;
        tell();
      });
}

int SqliteReader::find_source(const std::string& name, std::optional<std::int64_t>& out) {
  return read(
      "SELECT id FROM source WHERE name=? LIMIT 1", [&](Statement& to) { to.text(name); },
      [&](Row& row) { out = row.integer(); });
}

/// Newest first. Firing alerts are never forgotten, so whole spans of history are passed over.
/// Those of an incident are a chain through their rows, and those named by its timeline.
int SqliteReader::find_alert_ids(const AlertQuery& query, std::uint64_t newest,
                                 std::vector<std::uint64_t>& out) {
  std::optional<std::int64_t> source;
  if (!query.source.empty()) {
    const int code = find_source(query.source, source);
    if (code != SQLITE_OK || !source) return code;
  }
  // ?1 ids below it, ?2 state or NULL, ?3 source or NULL, ?4 incident, ?5 limit, ?6 its newest
  // alert
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
        "own(id,previous) AS (SELECT a.id,a.previous FROM alert AS a WHERE "
        "a.id=max(?6,ifnull((SELECT last_alert FROM incident_chain WHERE id=?4),0)) UNION ALL "
        "SELECT a.id,a.previous FROM own JOIN alert AS a ON a.id=own.previous), "
        "member(id) AS (SELECT j.value FROM chain, json_each(chain.alerts) AS j WHERE "
        "chain.alerts IS NOT NULL AND j.value<?1 UNION SELECT id FROM own WHERE id<?1) "
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
    if (query.incident) to.number(newest);
  };
  return read(sql, bind, [&](Row& row) { out.push_back(row.number()); });
}

/// A, d and s are the alert, its display and its state.
AlertRow get_alert(Row& row, DecisionsRead& decisions) {
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
  alert.status = get_status(row, decisions);
  alert.fingerprint = fingerprint(alert.labels);
  return alert;
}

int SqliteReader::find_alerts(const AlertQuery& query, std::uint64_t newest,
                              std::vector<AlertRow>& out) {
  std::vector<std::uint64_t> ids;
  int code = find_alert_ids(query, newest, ids);
  if (code != SQLITE_OK) return code;
  DecisionsRead decisions;
  Statement select;
  code = select.prepare(
      db_.get(),
      "SELECT a.id,a.key,a.identity_by,a.identity_value,source.name,coalesce(d.labels,a.labels),"
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
    out.push_back(get_alert(row, decisions));
    select.reset();
    code = row.ok() ? SQLITE_OK : SQLITE_CORRUPT;
  }
  return code;
}

}  // namespace

std::expected<std::unique_ptr<Reader>, StoreError> open_sqlite_reader(
    const StoreOptions& options, std::shared_ptr<const Heads> heads) {
  std::string path = database_path(options.folder);
  auto db = open_read_only(path, options.vfs);
  if (!db) return std::unexpected(db.error());
  return std::make_unique<SqliteReader>(std::move(*db), std::move(path), std::move(heads));
}

}  // namespace tocsin::store
