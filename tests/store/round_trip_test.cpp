// What a batch wrote comes back from load() and the reader, member by member.
#include <gtest/gtest.h>

#include "store/store_world.h"
#include "tocsin/triage/triage.h"

namespace tocsin::store {
namespace {

/// Commits `batch`, closes the store and loads it again.
class RoundTrip : public ::testing::Test {
 protected:
  RoundTrip() : store_(open_store(bare(folder_))), loaded_(load(*store_)) {}

  void commit_and_reopen(const Batch& batch) {
    ASSERT_EQ(store_->commit(batch), Committed::committed);
    store_.reset();
    store_ = open_store(bare(folder_));
    loaded_ = load(*store_);
  }
  const triage::State& state() const { return *loaded_.state; }

  TempFolder folder_;
  std::unique_ptr<Store> store_;
  Loaded loaded_;
};

TEST_F(RoundTrip, ANewStoreIsEmptyAndOwnedFromTheFirstEpoch) {
  EXPECT_EQ(loaded_.seq, 0U);
  EXPECT_EQ(loaded_.epoch, 1U);
  EXPECT_EQ(loaded_.last_timeline, Instant{});
  EXPECT_EQ(state().alert_count(), 0U);
  EXPECT_TRUE(state().incidents.empty());
}

TEST_F(RoundTrip, EveryMemberOfAnAlertComesBack) {
  Batch batch = batch_after(loaded_);
  batch.rows.new_alerts.push_back(new_alert(3));
  triage::Rows::NewAlert& alert = batch.rows.new_alerts.back();
  alert.opened.status = odd_status();
  alert.status = odd_status();
  commit_and_reopen(batch);
  const triage::Alert* loaded = state().find(AlertId{3});
  ASSERT_NE(loaded, nullptr);
  EXPECT_EQ(show(loaded->status), show(odd_status()));
  EXPECT_EQ(loaded->key, alert.opened.key);
  EXPECT_EQ(state().labels_of(*loaded).view(), alert.opened.labels);
  EXPECT_EQ(loaded->display_hash, alert.opened.display_hash);
}

TEST_F(RoundTrip, APlainAlertComesBackLikeAnyOther) {
  Batch batch = batch_after(loaded_);
  batch.rows.new_alerts.push_back(new_alert(1));
  triage::AlertStatus& status = batch.rows.new_alerts.back().status;
  status.severity = Severity::sev2;
  status.starts_at = at(-5);
  status.received_at = at(7);
  status.last_ends_at = at(300);
  status.lease = {0, at(307), std::chrono::minutes(5), at(7)};
  status.rules_hash = 0xFEDCBA9876543210;
  const std::string before = show(status);
  commit_and_reopen(batch);
  EXPECT_EQ(show(state().find(AlertId{1})->status), before);
}

TEST_F(RoundTrip, ALeaseThatNeverEndsComesBackAsSuch) {
  Batch batch = batch_after(loaded_);
  batch.rows.new_alerts.push_back(new_alert(1));
  batch.rows.new_alerts.back().status.lease.ends = triage::kNever;
  commit_and_reopen(batch);
  EXPECT_EQ(state().find(AlertId{1})->status.lease.ends, triage::kNever);
}

TEST_F(RoundTrip, AnIdThatARowHasIsNeverGivenAgain) {
  Batch batch = batch_after(loaded_);
  batch.rows.new_alerts.push_back(new_alert(7));
  batch.rows.incidents = {odd_incident(8)};
  batch.rows.pages = {odd_page(9, 8)};
  batch.counters = {};  // As of a damaged row.
  commit_and_reopen(batch);
  EXPECT_EQ(state().counters.last_alert, 7U);
  EXPECT_EQ(state().counters.last_incident, 8U);
  EXPECT_EQ(state().counters.last_page, 9U);
}

TEST_F(RoundTrip, AnAlertComesBackAsItsLastUpdateLeftIt) {
  Batch batch = batch_after(loaded_);
  batch.rows.new_alerts.push_back(new_alert(1));
  ASSERT_EQ(store_->commit(batch), Committed::committed);
  ++batch.seq;
  batch.rows = {};
  batch.rows.alerts.push_back({AlertId{1}, odd_status(), false});
  batch.rows.alerts.push_back({AlertId{1}, odd_status(), false});
  batch.rows.alerts.back().status.occurrence = 2;
  commit_and_reopen(batch);
  triage::AlertStatus expected = odd_status();
  expected.occurrence = 2;
  EXPECT_EQ(show(state().find(AlertId{1})->status), show(expected));
}

TEST_F(RoundTrip, LabelsThatChangedComeBackChangedAndTheHistoryHasBoth) {
  Batch batch = batch_after(loaded_);
  batch.rows.new_alerts.push_back(new_alert(1));
  ASSERT_EQ(store_->commit(batch), Committed::committed);
  const Labels labels{{"alertname", "Disk"}, {"severity", "critical"}};
  ++batch.seq;
  batch.rows = {};
  batch.rows.displays.push_back(
      {AlertId{1}, Labels{{"summary", "full"}}, "http://a.example/", labels});
  batch.rows.alert_events.push_back(
      {.alert = AlertId{1}, .at = at(5), .kind = "relabelled", .labels = labels.block()});
  ASSERT_EQ(store_->commit(batch), Committed::committed);
  ++batch.seq;
  batch.rows = {};
  batch.rows.displays.push_back({AlertId{1}, Labels{{"summary", "fuller"}}, "", {}});
  commit_and_reopen(batch);
  EXPECT_EQ(state().labels_of(*state().find(AlertId{1})), labels);
  const auto rows = open_reader(bare(folder_))->alerts({});
  ASSERT_TRUE(rows && rows->size() == 1);
  EXPECT_EQ(rows->front().labels, labels);
  EXPECT_EQ(rows->front().annotations.get("summary"), "fuller");
  EXPECT_EQ(sql(folder_.file("tocsin.db"), "SELECT labels FROM alert_now"),
            R"({"alertname":"Disk","severity":"critical"})");
  EXPECT_EQ(
      sql(folder_.file("tocsin.db"), "SELECT labels FROM alert_event WHERE kind='relabelled'"),
      R"({"alertname":"Disk","severity":"critical"})");
}

TEST_F(RoundTrip, AnAlertThatAlsoEndedInItsFirstBatchKeepsItsFirstEvent) {
  Batch batch = batch_after(loaded_);
  batch.rows.new_alerts.push_back(new_alert(1));
  batch.rows.new_alerts.back().status.state = triage::AlertState::resolved;
  batch.rows.new_alerts.back().status.ended_by = triage::EndedBy::resolve;
  commit_and_reopen(batch);
  EXPECT_EQ(state().find(AlertId{1})->status.state, triage::AlertState::resolved);
  EXPECT_EQ(sql(folder_.file("tocsin.db"), "SELECT state FROM alert"), "0");
  EXPECT_EQ(sql(folder_.file("tocsin.db"), "SELECT kind FROM alert_history"), "opened");
}

TEST_F(RoundTrip, AForgottenAlertIsNotLoadedAndStaysInTheHistory) {
  Batch batch = batch_after(loaded_);
  for (std::uint64_t id = 1; id <= 3; ++id) batch.rows.new_alerts.push_back(new_alert(id));
  ASSERT_EQ(store_->commit(batch), Committed::committed);
  ++batch.seq;
  batch.rows = {};
  for (int twice = 0; twice < 2; ++twice) {
    batch.rows.alerts.push_back({AlertId{2}, odd_status(), true});
  }
  commit_and_reopen(batch);
  EXPECT_NE(state().find(AlertId{1}), nullptr);
  EXPECT_EQ(state().find(AlertId{2}), nullptr);
  EXPECT_NE(state().find(AlertId{3}), nullptr);
  EXPECT_EQ(sql(folder_.file("tocsin.db"), "SELECT live FROM alert_span"), "2");
  EXPECT_EQ(sql(folder_.file("tocsin.db"), "SELECT count(*) FROM alert"), "3");
}

TEST_F(RoundTrip, SpansOfForgottenAlertsArePassedOver) {
  Batch batch = batch_after(loaded_);
  constexpr std::uint64_t kAlerts = 3 * 1'024 + 5;
  for (std::uint64_t id = 1; id <= kAlerts; ++id) batch.rows.new_alerts.push_back(new_alert(id));
  ASSERT_EQ(store_->commit(batch), Committed::committed);
  ++batch.seq;
  batch.rows = {};
  const auto stays = [](std::uint64_t id) { return id == 1 || id == 1'024 || id >= 3'000; };
  for (std::uint64_t id = 1; id <= kAlerts; ++id) {
    if (!stays(id)) batch.rows.alerts.push_back({AlertId{id}, odd_status(), true});
  }
  commit_and_reopen(batch);
  for (std::uint64_t id = 1; id <= kAlerts; ++id) {
    ASSERT_EQ(state().find(AlertId{id}) != nullptr, stays(id)) << id;
  }
  EXPECT_EQ(sql(folder_.file("tocsin.db"), "SELECT group_concat(live) FROM alert_span"),
            "2,0,73,5");
}

TEST_F(RoundTrip, EveryMemberOfAnIncidentComesBack) {
  Batch batch = batch_after(loaded_);
  triage::Incident bare_incident;
  bare_incident.id = IncidentId{2};
  batch.rows.incidents = {odd_incident(1), bare_incident};
  commit_and_reopen(batch);
  ASSERT_EQ(state().incidents.size(), 2U);
  EXPECT_EQ(show(*state().find(IncidentId{1})), show(odd_incident(1)));
  EXPECT_EQ(show(*state().find(IncidentId{2})), show(bare_incident));
}

TEST_F(RoundTrip, EveryStateAndSeverityOfAnIncidentComesBack) {
  using triage::IncidentState;
  Batch batch = batch_after(loaded_);
  const IncidentState states[] = {IncidentState::triggered, IncidentState::acknowledged,
                                  IncidentState::recovering, IncidentState::resolved};
  const Severity severities[] = {Severity::sev1, Severity::sev2, Severity::sev3, Severity::sev4};
  for (std::uint64_t i = 0; i < 4; ++i) {
    batch.rows.incidents.push_back(odd_incident(i + 1));
    batch.rows.incidents.back().state = states[i];
    batch.rows.incidents.back().severity = severities[i];
  }
  commit_and_reopen(batch);
  for (std::uint64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(show(*state().find(IncidentId{i + 1})), show(batch.rows.incidents[i]));
  }
}

TEST_F(RoundTrip, AClosedIncidentIsNotLoadedAndTheReaderStillFindsIt) {
  Batch batch = batch_after(loaded_);
  batch.rows.incidents = {odd_incident(1), odd_incident(2)};
  batch.rows.incidents[0].state = triage::IncidentState::closed;
  commit_and_reopen(batch);
  EXPECT_EQ(state().find(IncidentId{1}), nullptr);
  EXPECT_NE(state().find(IncidentId{2}), nullptr);
  const auto read = open_reader(bare(folder_))->incident(IncidentId{1});
  ASSERT_TRUE(read && *read);
  EXPECT_EQ(show(**read), show(batch.rows.incidents[0]));
}

TEST_F(RoundTrip, EveryMemberOfAnOwedPageComesBack) {
  Batch batch = batch_after(loaded_);
  batch.rows.incidents = {odd_incident(1)};
  batch.rows.pages = {odd_page(1, 1), odd_page(2, 1)};
  commit_and_reopen(batch);
  ASSERT_EQ(state().pages.size(), 2U);
  EXPECT_EQ(show(*state().find(PageId{1})), show(odd_page(1, 1)));
}

TEST_F(RoundTrip, PagesThatAreNoLongerOwedStayInTheLedgerOnly) {
  using triage::PageState;
  Batch batch = batch_after(loaded_);
  const PageState states[] = {PageState::owed, PageState::delivered, PageState::withdrawn,
                              PageState::abandoned};
  for (std::uint64_t i = 0; i < 4; ++i) {
    batch.rows.pages.push_back(odd_page(i + 1, 9));
    batch.rows.pages.back().state = states[i];
  }
  commit_and_reopen(batch);
  EXPECT_EQ(state().pages.size(), 1U);
  const auto pages = open_reader(bare(folder_))->pages(IncidentId{9});
  ASSERT_TRUE(pages);
  ASSERT_EQ(pages->size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(show((*pages)[3 - i]), show(batch.rows.pages[i]));
  }
}

TEST_F(RoundTrip, CountersSourcesAndTheRestOfTheStateComeBack) {
  Batch batch = batch_after(loaded_, 5'000);
  batch.counters = odd_counters();
  batch.rules_hash = 0xFFFFFFFFFFFFFFFE;
  batch.sweep = {triage::Sweep::Kind::reevaluate_severity, 4'711, at(9)};
  batch.rows.sources = {"prometheus", "", "grafana"};
  commit_and_reopen(batch);
  EXPECT_EQ(show(state().counters), show(odd_counters()));
  EXPECT_EQ(state().rules_hash, batch.rules_hash);
  EXPECT_EQ(state().sweep.kind, batch.sweep.kind);
  EXPECT_EQ(state().sweep.next, batch.sweep.next);
  EXPECT_EQ(state().sources, batch.rows.sources);
  EXPECT_EQ(loaded_.seq, 1U);
  EXPECT_EQ(loaded_.epoch, 2U);
  EXPECT_EQ(loaded_.last_timeline, at(5'000));
}

TEST_F(RoundTrip, HostileTextComesBackByteForByte) {
  struct Case {
    const char* name;
    std::string value;
  };
  const Case cases[] = {
      {"NUL", std::string("a\0b", 3)},
      {"only NUL", std::string(1, '\0')},
      {"control characters", "\x01\x1f\x7f\r\n\t\b"},
      {"line separators", "\u2028\u2029"},
      {"quotes and SQL", "'); DROP TABLE alert; --\"\\"},
      {"direction marks", "\u202Eabc\u2066"},
      {"beyond the basic plane", "\U0001F525\U0010FFFF"},
      {"braces", "{\"a\":[1]}"},
      {"long", std::string(40'000, 'x')},
  };
  Batch batch = batch_after(loaded_);
  std::uint64_t id = 0;
  for (const Case& c : cases) {
    const Labels hostile{{"alertname", c.value}, {c.value, "name"}};
    batch.rows.new_alerts.push_back(new_alert(++id, hostile));
    batch.rows.new_alerts.back().opened.annotations = kept(hostile);
    batch.rows.new_alerts.back().opened.generator_url = c.value;
    batch.rows.new_alerts.back().opened.identity_value = c.value;
  }
  commit_and_reopen(batch);
  const auto reader = open_reader(bare(folder_));
  const auto rows = reader->alerts({});
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), std::size(cases));
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Labels hostile{{"alertname", c.value}, {c.value, "name"}};
    const AlertRow& row = (*rows)[static_cast<std::size_t>(id - 1)];
    const triage::Alert* alert = state().find(row.id);
    --id;
    ASSERT_NE(alert, nullptr);
    EXPECT_EQ(state().labels_of(*alert), row.labels);
    EXPECT_EQ(row.annotations, row.labels);
  }
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    SCOPED_TRACE(cases[i].name);
    const AlertRow& row = (*rows)[std::size(cases) - 1 - i];
    EXPECT_EQ(row.labels.get("alertname"), cases[i].value);
    EXPECT_EQ(row.generator_url, cases[i].value);
    EXPECT_EQ(row.identity_value, cases[i].value);
  }
}

TEST_F(RoundTrip, ADisplayTakenOverLaterReplacesTheFirst) {
  Batch batch = batch_after(loaded_);
  batch.rows.new_alerts.push_back(new_alert(1));
  batch.rows.new_alerts.back().opened.annotations = kept(Labels{{"summary", "first"}});
  batch.rows.new_alerts.back().opened.generator_url = "http://example.net/1";
  ASSERT_EQ(store_->commit(batch), Committed::committed);
  ++batch.seq;
  batch.rows = {};
  batch.rows.displays.push_back({AlertId{1}, Labels{{"summary", "second"}}, ""});
  commit_and_reopen(batch);
  const auto rows = open_reader(bare(folder_))->alerts({});
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->front().annotations, (Labels{{"summary", "second"}}));
  EXPECT_EQ(rows->front().generator_url, "");
  // Its hash is not stored: 0 equals none, so the next refresh takes the display over again.
  EXPECT_EQ(state().find(AlertId{1})->display_hash, 0U);
}

TEST_F(RoundTrip, TheSecretIsMadeOnce) {
  const std::string secret = store_->secret();
  EXPECT_EQ(secret.size(), 32U);
  commit_and_reopen(batch_after(loaded_));
  EXPECT_EQ(store_->secret(), secret);
  const TempFolder another;
  EXPECT_NE(open_store(bare(another))->secret(), secret);
}

/// The states that the core builds, not those built by hand: digests are equal (I10).
TEST_F(RoundTrip, AStateThatTheCoreBuiltHasTheSameDigest) {
  triage::State live;
  triage::AlertOpened opened = new_alert(1).opened;
  opened.status = odd_status();
  opened.status.incident = {};
  opened.status.state = triage::AlertState::firing;
  triage::IncidentOpened incident{std::make_shared<const triage::Incident>(odd_incident(1)),
                                  AlertId{1}};
  triage::Changes changes;
  changes.emplace_back(triage::SourceNamed{"prometheus"});
  changes.emplace_back(opened);
  changes.emplace_back(incident);
  changes.emplace_back(triage::PageQueued{odd_page(1, 1)});
  changes.emplace_back(triage::NoteAdded{IncidentId{1}, "ana", "looking", {}});
  Batch batch = batch_after(loaded_);
  triage::RowCollector rows;
  for (const triage::Change& change : changes) {
    triage::evolve(live, change);
    rows.take(change, "", batch.now.wall);
  }
  batch.rows = rows.finish(live, batch.now.wall);
  batch.counters = live.counters;
  commit_and_reopen(batch);
  EXPECT_EQ(triage::durable_digest(state()), triage::durable_digest(live));
}

}  // namespace
}  // namespace tocsin::store
