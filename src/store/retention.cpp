#include "store/retention.h"

#include <string>
#include <vector>

namespace tocsin::store {
namespace {

constexpr Duration kBetweenPasses{10 * 60 * 1000};

}  // namespace

int Retention::prepare(sqlite3* db) {
  db_ = db;
  const std::string rows = std::to_string(kRows);
  struct Prepared {
    Statement& statement;
    std::string sql;
  };
  const Prepared all[] = {
      // Ids ascend with time: what the first rows do not hold is not old enough.
      {delete_events_,
       "DELETE FROM alert_event WHERE id IN (SELECT id FROM (SELECT id,at FROM "
       "alert_event ORDER BY id LIMIT " +
           rows + ") WHERE at<?)"},
      {next_alerts_,
       "SELECT a.id,a.received_at<?1,coalesce(s.forgotten,0)=1 AND "
       "max(s.received_at,s.ended_at)<?1 AND NOT EXISTS (SELECT 1 FROM incident AS i WHERE "
       "i.id=a.incident AND i.state<>'closed') FROM alert AS a LEFT JOIN alert_state AS s "
       "ON s.id=a.id WHERE a.id>?2 ORDER BY a.id LIMIT " +
           rows},
      {delete_alert_, "DELETE FROM alert WHERE id=?"},
      {delete_state_, "DELETE FROM alert_state WHERE id=?"},
      {delete_display_, "DELETE FROM alert_display WHERE id=?"},
      {delete_spans_, "DELETE FROM alert_span WHERE live=0"},
      {oldest_incident_,
       "SELECT id FROM incident WHERE closed_at<? AND state='closed' AND NOT "
       "EXISTS (SELECT 1 FROM page WHERE page.incident=incident.id AND "
       "page.state='owed') ORDER BY closed_at LIMIT 1"},
      {delete_timeline_, "DELETE FROM timeline WHERE id=?"},
      {chain_,
       "WITH RECURSIVE chain(id,previous) AS (SELECT t.id,t.previous FROM incident_chain AS c JOIN "
       "timeline AS t ON t.id=c.last WHERE c.id=? UNION ALL SELECT t.id,t.previous FROM chain JOIN "
       "timeline AS t ON t.id=chain.previous) SELECT id,previous FROM chain LIMIT " +
           rows},
      {shorten_chain_, "UPDATE incident_chain SET last=?2 WHERE id=?1"},
      {delete_chain_, "DELETE FROM incident_chain WHERE id=?"},
      {delete_pages_,
       "DELETE FROM page WHERE id IN (SELECT id FROM page WHERE incident=? LIMIT " + rows + ")"},
      {delete_incident_, "DELETE FROM incident WHERE id=?"},
  };
  for (const Prepared& one : all) {
    if (const int code = one.statement.prepare(db, one.sql); code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

void Retention::pause(Instant now) {
  next_pass_ = now + kBetweenPasses;
  last_alert_ = 0;
}

int Retention::step(Instant now, Duration keep_events, Duration keep_incidents, bool& more) {
  more = false;
  int code = delete_events(now - keep_events, more);
  // One kind at a time keeps a step short.
  if (code == SQLITE_OK && !more) code = delete_alerts(now - keep_events, more);
  if (code == SQLITE_OK && !more) code = delete_incident(now - keep_incidents, more);
  if (code == SQLITE_OK && !more) pause(now);
  return code;
}

int Retention::delete_events(Instant before, bool& more) {
  const int code = delete_events_.instant(before).run();
  more = code == SQLITE_OK && sqlite3_changes(db_) == kRows;
  return code;
}

int Retention::delete_alerts(Instant before, bool& more) {
  std::vector<std::uint64_t> gone;
  std::int64_t seen = 0;
  bool newer = false;
  next_alerts_.instant(before).number(last_alert_);
  int code = next_alerts_.step();
  for (; code == SQLITE_ROW && !newer; code = next_alerts_.step()) {
    Row row = next_alerts_.row();
    const std::uint64_t id = row.number();
    newer = !row.flag();
    if (newer) break;
    if (row.flag()) gone.push_back(id);
    last_alert_ = id;
    ++seen;
  }
  next_alerts_.reset();
  if (code != SQLITE_ROW && code != SQLITE_DONE) return code;
  for (const std::uint64_t id : gone) {
    if (code = delete_alert(id); code != SQLITE_OK) return code;
  }
  more = !newer && seen == kRows;
  return more ? SQLITE_OK : delete_spans_.run();
}

int Retention::delete_alert(std::uint64_t id) {
  int code = delete_alert_.number(id).run();
  if (code == SQLITE_OK) code = delete_state_.number(id).run();
  if (code == SQLITE_OK) code = delete_display_.number(id).run();
  return code;
}

int Retention::delete_incident(Instant before, bool& more) {
  int code = oldest_incident_.instant(before).step();
  if (code == SQLITE_DONE) return SQLITE_OK;
  if (code != SQLITE_ROW) return code;
  const std::uint64_t id = oldest_incident_.row().number();
  oldest_incident_.reset();
  more = true;
  bool rest = false;
  code = delete_timeline(id, rest);
  if (code == SQLITE_OK && !rest) code = delete_some(delete_pages_, id, rest);
  if (code == SQLITE_OK && !rest) code = delete_chain_.number(id).run();
  if (code == SQLITE_OK && !rest) code = delete_incident_.number(id).run();
  return code;
}

/// From the newest entry back: what is left is a whole chain at every moment.
int Retention::delete_timeline(std::uint64_t incident, bool& more) {
  std::vector<std::uint64_t> gone;
  std::uint64_t next = 0;
  int code = chain_.number(incident).step();
  for (; code == SQLITE_ROW; code = chain_.step()) {
    Row row = chain_.row();
    gone.push_back(row.number());
    next = row.number();
  }
  chain_.reset();
  if (code != SQLITE_DONE) return code;
  more = static_cast<std::int64_t>(gone.size()) == kRows;
  for (const std::uint64_t id : gone) {
    if (code = delete_timeline_.number(id).run(); code != SQLITE_OK) return code;
  }
  return shorten_chain_.number(incident).number(next).run();
}

int Retention::delete_some(Statement& statement, std::uint64_t incident, bool& more) {
  const int code = statement.number(incident).run();
  more = code == SQLITE_OK && sqlite3_changes(db_) == kRows;
  return code;
}

}  // namespace tocsin::store
