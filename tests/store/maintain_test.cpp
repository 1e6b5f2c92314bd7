// What is done between commits: checkpoints, old rows, the reserve.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "store/faulty_vfs.h"
#include "store/store_world.h"

namespace tocsin::store {
namespace {

constexpr Duration kDay{24LL * 60 * 60 * 1'000};

class Maintaining : public ::testing::Test {
 protected:
  void open(const StoreOptions& options) {
    store_ = open_store(options);
    batch_ = batch_after(load(*store_));
  }
  Committed commit() {
    const Committed committed = store_->commit(batch_);
    batch_.rows = {};
    ++batch_.seq;
    return committed;
  }
  /// Adds about a MiB to the WAL.
  void grow() {
    for (int i = 0; i < 64; ++i) {
      batch_.rows.new_alerts.push_back(new_alert(++last_, Labels{{"a", std::string(16'000, 'x')}}));
    }
    ASSERT_EQ(commit(), Committed::committed);
  }
  bool maintain(std::int64_t day = 0) {
    const Instant now = at(0) + day * kDay;
    return store_->maintain({now, now}, 30 * kDay, 400 * kDay);
  }
  /// Maintains until nothing is left to do; the number of steps.
  int maintain_all(std::int64_t day) {
    int steps = 1;
    while (maintain(day)) ++steps;
    return steps;
  }
  std::string count(const std::string& table) {
    return sql(folder_.file("tocsin.db"), "SELECT count(*) FROM " + table);
  }

  TempFolder folder_;
  FaultyVfs vfs_;
  std::unique_ptr<Store> store_;
  Batch batch_;
  std::uint64_t last_ = 0;
};

TEST_F(Maintaining, ACheckpointWaitsForFourMebibytes) {
  open(bare(folder_, vfs_.name()));
  maintain();
  while (store_->wal_bytes() < (3U << 20)) grow();
  vfs_.database_writes = 0;
  maintain();
  EXPECT_EQ(vfs_.database_writes, 0);
  while (store_->wal_bytes() < (4U << 20)) grow();
  maintain();
  EXPECT_GT(vfs_.database_writes, 200);
  EXPECT_EQ(store_->wal_bytes(), 0U);
  grow();
  EXPECT_LT(store_->wal_bytes(), 2U << 20) << "the log begins anew";
}

TEST_F(Maintaining, CommitsNeverCheckpoint) {
  open(bare(folder_, vfs_.name()));
  vfs_.database_writes = 0;
  while (store_->wal_bytes() < (12U << 20)) grow();
  EXPECT_EQ(vfs_.database_writes, 0);
}

TEST_F(Maintaining, ReadersAreRefusedWhileTheWalIsTooLong) {
  open(bare(folder_, vfs_.name()));
  const auto reader = open_reader(bare(folder_, vfs_.name()));
  // Somebody reads for long: the log cannot begin anew.
  sqlite3* pinned = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.file("tocsin.db").c_str(), &pinned), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(pinned, "BEGIN; SELECT * FROM meta", nullptr, nullptr, nullptr),
            SQLITE_OK);
  while (store_->wal_bytes() < (63U << 20)) {
    grow();
    maintain();
  }
  EXPECT_TRUE(reader->alerts({.limit = 1}));
  while (store_->wal_bytes() < (64U << 20)) grow();
  maintain();
  const auto refused = reader->alerts({.limit = 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(to_string(refused.error().kind), "io");
  EXPECT_NE(refused.error().problem.find("busy"), std::string::npos);
  EXPECT_TRUE(reader->incident(IncidentId{1})) << "what an action is answered with";
  EXPECT_EQ(store_->commit(batch_), Committed::committed) << "commits go on";
  ASSERT_EQ(sqlite3_close(pinned), SQLITE_OK);
  maintain();
  EXPECT_TRUE(reader->alerts({.limit = 1})) << "one checkpoint is enough";
  EXPECT_EQ(store_->wal_bytes(), 0U);
}

TEST_F(Maintaining, AFullDiskOnlyPutsACheckpointOff) {
  open(bare(folder_, vfs_.name()));
  while (store_->wal_bytes() < (4U << 20)) grow();
  vfs_.full = true;
  maintain();
  EXPECT_GE(store_->wal_bytes(), 4U << 20);
  vfs_.full = false;
  EXPECT_EQ(commit(), Committed::committed);
  maintain();
  EXPECT_EQ(store_->wal_bytes(), 0U);
}

TEST_F(Maintaining, AFailedSyncInACheckpointStopsTheStore) {  // R60
  open(bare(folder_, vfs_.name()));
  while (store_->wal_bytes() < (4U << 20)) grow();
  vfs_.sync_fails = true;
  maintain();
  vfs_.sync_fails = false;
  EXPECT_EQ(commit(), Committed::failed);
}

TEST_F(Maintaining, OldRowsGoInStepsAndWhatALoadNeedsStays) {
  open(bare(folder_));
  constexpr std::uint64_t kAlerts = 2'000;
  for (std::uint64_t id = 1; id <= kAlerts; ++id) batch_.rows.new_alerts.push_back(new_alert(id));
  ASSERT_EQ(commit(), Committed::committed);
  const auto stays = [](std::uint64_t id) { return id % 500 == 0; };
  for (std::uint64_t id = 1; id <= kAlerts; ++id) {
    triage::AlertStatus status;
    status.ended_at = at(static_cast<std::int64_t>(id));
    status.state = triage::AlertState::resolved;
    batch_.rows.alerts.push_back({AlertId{id}, status, !stays(id)});
    batch_.rows.displays.push_back({AlertId{id}, Labels{{"a", "b"}}, "x"});
    batch_.rows.alert_events.push_back({.alert = AlertId{id},
                                        .at = at(static_cast<std::int64_t>(id)),
                                        .kind = "resolved",
                                        .starts_at = {},
                                        .ends_at = {},
                                        .annotations = {},
                                        .generator_url = {}});
  }
  ASSERT_EQ(commit(), Committed::committed);
  EXPECT_EQ(maintain_all(29), 1) << "nothing is old enough yet";
  EXPECT_EQ(count("alert"), "2000");
  EXPECT_GT(maintain_all(31), 8) << "in steps";
  EXPECT_EQ(count("alert"), "4");
  EXPECT_EQ(count("alert_state"), "4");
  EXPECT_EQ(count("alert_display"), "4");
  EXPECT_EQ(count("alert_event"), "0");
  store_.reset();
  open(bare(folder_));
  const auto loaded = store_->load();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->state->alert_count(), 4U);
}

TEST_F(Maintaining, AnAlertThatEndedLatelyStaysHoweverOldItIs) {
  open(bare(folder_));
  for (std::uint64_t id = 1; id <= 3; ++id) batch_.rows.new_alerts.push_back(new_alert(id));
  ASSERT_EQ(commit(), Committed::committed);
  triage::AlertStatus status;
  status.state = triage::AlertState::resolved;
  status.ended_at = at(0) + 20 * kDay;
  batch_.rows.alerts.push_back({AlertId{1}, status, true});
  status.ended_at = at(0) + 5 * kDay;
  batch_.rows.alerts.push_back({AlertId{2}, status, true});
  ASSERT_EQ(commit(), Committed::committed);
  maintain_all(40);
  EXPECT_EQ(sql(folder_.file("tocsin.db"), "SELECT group_concat(id) FROM alert"), "1,3");
}

TEST_F(Maintaining, AnAlertInTheChainOfAnOpenIncidentStaysUntilThatIsClosed) {
  open(bare(folder_));
  triage::Incident incident;
  incident.id = IncidentId{1};
  batch_.rows.incidents.push_back(incident);
  for (std::uint64_t id = 1; id <= 3; ++id) {
    batch_.rows.new_alerts.push_back(new_alert(id));
    batch_.rows.new_alerts.back().joined = incident.id;
    batch_.rows.new_alerts.back().status.incident = incident.id;
  }
  ASSERT_EQ(commit(), Committed::committed);
  triage::AlertStatus status;
  status.state = triage::AlertState::resolved;
  status.incident = incident.id;
  status.ended_at = at(0) + 5 * kDay;
  batch_.rows.alerts.push_back({AlertId{2}, status, true});
  ASSERT_EQ(commit(), Committed::committed);
  maintain_all(40);
  EXPECT_EQ(sql(folder_.file("tocsin.db"), "SELECT group_concat(id) FROM alert"), "1,2,3")
      << "without it, alert 1 would be lost to the incident";
  incident.state = triage::IncidentState::closed;
  incident.closed_at = at(0) + 39 * kDay;
  batch_.rows.incidents.push_back(incident);
  ASSERT_EQ(commit(), Committed::committed);
  maintain_all(41);
  EXPECT_EQ(sql(folder_.file("tocsin.db"), "SELECT group_concat(id) FROM alert"), "1,3");
}

TEST_F(Maintaining, AClosedIncidentGoesWithItsTimelineAndPages) {
  open(bare(folder_));
  for (std::uint64_t id = 1; id <= 4; ++id) {
    triage::Incident incident = odd_incident(id);
    incident.state = triage::IncidentState::closed;
    incident.closed_at = at(0) + (id == 2 ? 100 : 1) * kDay;
    if (id == 3) incident.state = triage::IncidentState::resolved;
    if (id == 3) incident.closed_at.reset();
    batch_.rows.incidents.push_back(std::move(incident));
    for (int i = 0; i < 600; ++i) {
      batch_.rows.timeline.push_back({IncidentId{id}, at(i), "", "noted", "text"});
    }
    triage::Page page = odd_page(id, id);
    if (id != 4) page.state = triage::PageState::delivered;  // 4 is still owed.
    batch_.rows.pages.push_back(std::move(page));
  }
  ASSERT_EQ(commit(), Committed::committed);
  EXPECT_GT(maintain_all(402), 2);
  const std::string file = folder_.file("tocsin.db");
  EXPECT_EQ(sql(file, "SELECT group_concat(id) FROM incident"), "2,3,4");
  EXPECT_EQ(sql(file, "SELECT group_concat(id) FROM page"), "2,3,4");
  EXPECT_EQ(sql(file, "SELECT count(*) FROM timeline WHERE incident=1"), "0");
  EXPECT_EQ(count("timeline"), "1800");
}

TEST_F(Maintaining, APassOverOldRowsRestsBeforeTheNext) {
  open(bare(folder_, vfs_.name()));
  maintain_all(50);
  const int writes = vfs_.wal_writes;
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(maintain(50));
  EXPECT_EQ(vfs_.wal_writes, writes);
}

TEST_F(Maintaining, TheReserveIsGivenUpAndMadeAgain) {
  open(guarded(folder_));
  const auto reserve_bytes = [&]() -> std::int64_t {
    struct stat found {};
    return stat(folder_.file("reserve").c_str(), &found) == 0 ? found.st_blocks * 512 : -1;
  };
  EXPECT_GE(reserve_bytes(), 1 << 20);
  EXPECT_TRUE(store_->release_reserve());
  EXPECT_EQ(reserve_bytes(), -1);
  EXPECT_FALSE(store_->release_reserve()) << "there is nothing left to give";
  maintain();
  EXPECT_GE(reserve_bytes(), 1 << 20);
  EXPECT_GT(store_->free_bytes(), 2U << 20);
}

TEST_F(Maintaining, AReserveThatDoesNotFitIsDoneWithout) {
  StoreOptions options = guarded(folder_);
  options.reserve_bytes = 1ULL << 60;
  open(options);
  EXPECT_EQ(commit(), Committed::committed);
  maintain();
  EXPECT_FALSE(store_->release_reserve());
}

TEST_F(Maintaining, OnAnotherVfsNoFileIsTouchedBesideSqlite) {
  open(bare(folder_, vfs_.name()));
  maintain();
  for (const std::string& name : folder_.names())
    EXPECT_TRUE(name.starts_with("tocsin.db")) << name;
  EXPECT_GT(store_->free_bytes(), 1ULL << 60);
  EXPECT_FALSE(store_->release_reserve());
}

TEST_F(Maintaining, EveryPromiseAboutSyncsIsSetInTheFile) {
  open(bare(folder_));
  grow();
  const std::string file = folder_.file("tocsin.db");
  EXPECT_EQ(sql(file, "PRAGMA journal_mode"), "wal");
  EXPECT_EQ(sql(file, "PRAGMA page_size"), "16384");
  EXPECT_EQ(sql(file, "PRAGMA application_id"), std::to_string(0x746F6373));
  EXPECT_EQ(sql(file, "PRAGMA integrity_check"), "ok");
}

}  // namespace
}  // namespace tocsin::store
