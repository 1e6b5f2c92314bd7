// Queries for readers: filters, order, cursors and limits.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "store/store_world.h"

namespace tocsin::store {
namespace {

using triage::AlertState;
using triage::IncidentState;

template <class Rows>
std::string ids(const Rows& rows) {
  if (!rows) return rows.error().problem;
  std::string out;
  for (const auto& row : *rows) out += (out.empty() ? "" : " ") + std::to_string(row.id.value);
  return out;
}

class Reading : public ::testing::Test {
 protected:
  Reading() : store_(open_store(bare(folder_))), loaded_(load(*store_)) {
    batch_ = batch_after(loaded_);
  }
  void commit() {
    ASSERT_EQ(store_->commit(batch_), Committed::committed);
    batch_.rows = {};
    ++batch_.seq;
  }
  /// An alert of `source` (0 or 1) in `incident`.
  void add_alert(std::uint64_t id, std::uint16_t source, std::uint64_t incident) {
    auto alert = new_alert(id);
    alert.opened.source = source;
    alert.status.incident = IncidentId{incident};
    batch_.rows.new_alerts.push_back(std::move(alert));
    joins(id, incident);
  }
  /// The timeline is what says which alerts an incident has.
  void joins(std::uint64_t id, std::uint64_t incident) {
    if (incident == 0) return;
    triage::TimelineEntry entry;
    entry.incident = IncidentId{incident};
    entry.kind = "alerts_joined";
    entry.alerts = {AlertId{id}};
    batch_.rows.timeline.push_back(std::move(entry));
  }
  void update(std::uint64_t id, AlertState state, std::uint64_t incident, bool forgotten = false) {
    triage::AlertStatus status;
    status.state = state;
    status.incident = IncidentId{incident};
    batch_.rows.alerts.push_back({AlertId{id}, status, forgotten});
    joins(id, incident);
  }
  void add_incident(std::uint64_t id, IncidentState state, Severity severity,
                    const std::string& service, const std::string& team) {
    triage::Incident incident = odd_incident(id);
    incident.state = state;
    incident.severity = severity;
    incident.service = service;
    incident.team = team;
    incident.detected_at = at(static_cast<std::int64_t>(id) * 100);
    batch_.rows.incidents.push_back(std::move(incident));
  }

  TempFolder folder_;
  std::unique_ptr<Store> store_;
  Loaded loaded_;
  Batch batch_;
  std::unique_ptr<Reader> reader_ = open_reader(bare(folder_));
};

TEST_F(Reading, AlertsAreFilteredNewestFirst) {
  batch_.rows.sources = {"prometheus", "grafana"};
  for (std::uint64_t id = 1; id <= 6; ++id) {
    add_alert(id, static_cast<std::uint16_t>(id % 2), id <= 3 ? 1 : 2);
  }
  commit();
  update(2, AlertState::resolved, 1);
  update(3, AlertState::firing, 2);
  update(5, AlertState::resolved, 2, true);
  commit();
  struct Case {
    const char* name;
    AlertQuery query;
    const char* ids;
  };
  const Case cases[] = {
      {"all", {}, "6 5 4 3 2 1"},
      {"firing", {.state = AlertState::firing}, "6 4 3 1"},
      {"resolved", {.state = AlertState::resolved}, "5 2"},
      {"of a source", {.source = "grafana"}, "5 3 1"},
      {"of no source", {.source = "nagios"}, ""},
      {"source is no pattern", {.source = "%"}, ""},
      {"firing of a source", {.state = AlertState::firing, .source = "prometheus"}, "6 4"},
      {"below a cursor", {.before = 4}, "3 2 1"},
      {"firing below a cursor", {.state = AlertState::firing, .before = 4}, "3 1"},
      {"below the first", {.before = 1}, ""},
      {"below everything", {.before = 0xFFFFFFFFFFFFFFFF}, "6 5 4 3 2 1"},
      {"limited", {.limit = 2}, "6 5"},
      {"firing, limited", {.state = AlertState::firing, .limit = 3}, "6 4 3"},
      {"at least one", {.limit = 0}, "6"},
      {"of an incident", {.incident = IncidentId{1}}, "2 1"},
      {"of an incident joined later", {.incident = IncidentId{2}}, "6 5 4 3"},
      {"of an incident, limited", {.before = 6, .limit = 2, .incident = IncidentId{2}}, "5 4"},
      {"of an incident, firing", {.state = AlertState::firing, .incident = IncidentId{2}}, "6 4 3"},
      {"of an incident, of a source", {.source = "grafana", .incident = IncidentId{2}}, "5 3"},
      {"of no incident", {.incident = IncidentId{3}}, ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(ids(reader_->alerts(c.query)), c.ids);
  }
}

TEST_F(Reading, AnAlertShowsWhatItIsNow) {
  batch_.rows.sources = {"prometheus", "grafana"};
  auto alert = new_alert(1, Labels{{"alertname", "Odd"}, {"env", "prod"}});
  alert.opened.identity_by = IdentityBy::sender_key;
  alert.opened.identity_value = "key-1";
  alert.opened.source = 1;
  alert.opened.annotations = kept(Labels{{"summary", "s"}});
  alert.opened.generator_url = "http://example.net/g";
  batch_.rows.new_alerts.push_back(alert);
  commit();
  batch_.rows.alerts.push_back({AlertId{1}, odd_status(), false});
  commit();
  const auto rows = reader_->alerts({});
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1U);
  const AlertRow& row = rows->front();
  EXPECT_EQ(row.key, alert.opened.key);
  EXPECT_EQ(row.fingerprint, fingerprint(alert.opened.labels));
  EXPECT_EQ(row.source, "grafana");
  EXPECT_EQ(row.identity_by, IdentityBy::sender_key);
  EXPECT_EQ(row.identity_value, "key-1");
  EXPECT_EQ(row.labels.view(), alert.opened.labels);
  EXPECT_EQ(row.annotations.view(), alert.opened.annotations);
  EXPECT_EQ(row.generator_url, "http://example.net/g");
  EXPECT_EQ(show(row.status), show(odd_status()));
}

TEST_F(Reading, FiringAlertsAreFoundBehindYearsOfHistory) {
  constexpr std::uint64_t kAlerts = 5'000;
  for (std::uint64_t id = 1; id <= kAlerts; ++id) add_alert(id, 0, 0);
  commit();
  for (std::uint64_t id = 1; id <= kAlerts; ++id) {
    if (id != 1'024 && id != 1'025) update(id, AlertState::resolved, 0, true);
  }
  commit();
  EXPECT_EQ(ids(reader_->alerts({.state = AlertState::firing})), "1025 1024");
  EXPECT_EQ(ids(reader_->alerts({.state = AlertState::firing, .before = 1'025})), "1024");
}

TEST_F(Reading, NoAnswerIsLongerThanAThousandRows) {
  for (std::uint64_t id = 1; id <= 1'500; ++id) add_alert(id, 0, 1);
  commit();
  EXPECT_EQ(reader_->alerts({.limit = 1'000'000})->size(), 1'000U);
  EXPECT_EQ(reader_->alerts({.limit = 1'000'000, .incident = IncidentId{1}})->size(), 1'000U);
}

TEST_F(Reading, PagingByCursorShowsEachIncidentOnceWhileMoreArrive) {  // R10
  for (std::uint64_t id = 1; id <= 9; ++id) {
    add_incident(id, IncidentState::triggered, Severity::sev3, "s", "t");
  }
  commit();
  std::string seen;
  std::uint64_t before = 0;
  for (std::uint64_t next = 10;; ++next) {
    const auto page = reader_->incidents({.before = before, .limit = 4});
    ASSERT_TRUE(page);
    if (page->empty()) break;
    seen += ids(page) + " ";
    before = page->back().id.value;
    add_incident(next, IncidentState::triggered, Severity::sev3, "s", "t");
    commit();
  }
  EXPECT_EQ(seen, "9 8 7 6 5 4 3 2 1 ");
}

TEST_F(Reading, IncidentsAreFilteredNewestFirst) {
  add_incident(1, IncidentState::closed, Severity::sev1, "checkout", "payments");
  add_incident(2, IncidentState::triggered, Severity::sev2, "checkout", "payments");
  add_incident(3, IncidentState::acknowledged, Severity::sev3, "search", "web");
  add_incident(4, IncidentState::resolved, Severity::sev3, "", "");
  add_incident(5, IncidentState::triggered, Severity::sev4, "o'brien", "web");
  commit();
  struct Case {
    const char* name;
    IncidentQuery query;
    const char* ids;
  };
  const Case cases[] = {
      {"all", {}, "5 4 3 2 1"},
      {"open",
       {.states = {IncidentState::triggered, IncidentState::acknowledged,
                   IncidentState::recovering}},
       "5 3 2"},
      {"closed", {.states = {IncidentState::closed}}, "1"},
      {"closed or resolved", {.states = {IncidentState::closed, IncidentState::resolved}}, "4 1"},
      {"severities", {.severities = {Severity::sev1, Severity::sev4}}, "5 1"},
      {"service", {.services = {"checkout"}}, "2 1"},
      {"no service", {.services = {""}}, "4"},
      {"services", {.services = {"search", "o'brien"}}, "5 3"},
      {"SQL is a name", {.services = {"' OR 1=1 --"}}, ""},
      {"team", {.teams = {"web"}}, "5 3"},
      {"since", {.since = at(300)}, "5 4 3"},
      {"before and limit", {.before = 5, .limit = 2}, "4 3"},
      {"everything at once",
       {.states = {IncidentState::triggered},
        .severities = {Severity::sev2},
        .services = {"checkout"},
        .teams = {"payments"},
        .since = at(200),
        .before = 3,
        .limit = 1},
       "2"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(ids(reader_->incidents(c.query)), c.ids);
  }
}

TEST_F(Reading, AFilterOfThousandsOfNamesIsRefusedWithItsCure) {
  const auto answer = reader_->incidents({.services = std::vector<std::string>(5'000, "s")});
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().cure.find("narrower"), std::string::npos);
}

/// A table that never ends stands for one that is very long.
TEST_F(Reading, AQueryThatTakesTooLongIsEnded) {
  commit();
  reader_.reset();
  sql(folder_.file("tocsin.db"),
      "DROP TABLE source; CREATE VIEW source AS WITH RECURSIVE n(id) AS "
      "(SELECT 1 UNION ALL SELECT id+1 FROM n) SELECT id,CAST(id AS TEXT) AS name FROM n");
  reader_ = open_reader(bare(folder_));
  const auto late = reader_->alerts({.source = "another name"});
  ASSERT_FALSE(late);
  EXPECT_EQ(to_string(late.error().kind), "io");
  EXPECT_NE(late.error().problem.find("too long"), std::string::npos) << late.error().problem;
  EXPECT_TRUE(reader_->incidents({})) << "the next question is answered";
}

TEST_F(Reading, AnIncidentThatIsNotThereIsNoError) {
  const auto answer = reader_->incident(IncidentId{42});
  ASSERT_TRUE(answer);
  EXPECT_FALSE(*answer);
}

TEST_F(Reading, AReaderThatWasRefusedWorksAgain) {
  add_alert(1, 0, 0);
  commit();
  EXPECT_FALSE(reader_->incidents({.teams = std::vector<std::string>(201, "t")}));
  EXPECT_EQ(ids(reader_->alerts({})), "1");
}

TEST_F(Reading, ADamagedRowIsAnErrorAndNotAnAnswer) {
  add_alert(1, 0, 0);
  commit();
  reader_.reset();
  sql(folder_.file("tocsin.db"), "UPDATE alert SET labels='oops'");
  const auto answer = open_reader(bare(folder_))->alerts({});
  ASSERT_FALSE(answer);
  EXPECT_EQ(to_string(answer.error().kind), "damaged");
}

TEST_F(Reading, TheHistoryOfAnAlertCanBeReadWithTheShell) {
  batch_.rows.sources = {"prometheus"};
  add_alert(1, 0, 7);
  commit();
  update(1, AlertState::resolved, 7);
  batch_.rows.alert_events.push_back({.alert = AlertId{1},
                                      .at = at(50),
                                      .kind = "resolved",
                                      .starts_at = {},
                                      .ends_at = at(49),
                                      .annotations = Labels{{"summary", "gone"}}.block(),
                                      .generator_url = {}});
  commit();
  const std::string file = folder_.file("tocsin.db");
  EXPECT_EQ(sql(file, "SELECT group_concat(time||' '||kind||' '||source,', ') FROM alert_history"),
            "1970-01-01T00:00:01.000Z opened prometheus, "
            "1970-01-01T00:00:50.000Z resolved prometheus");
  EXPECT_EQ(sql(file, "SELECT annotations FROM alert_history WHERE kind='resolved'"),
            R"({"summary":"gone"})");
  EXPECT_EQ(sql(file, "SELECT state||' '||incident||' '||source FROM alert_now"),
            "resolved INC-7 prometheus");
}

}  // namespace
}  // namespace tocsin::store
