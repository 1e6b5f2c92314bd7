#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <sstream>
#include <thread>

#include "store/store_world.h"
#include "tocsin/triage/triage.h"

namespace tocsin::store {
namespace {

/// A store with alerts, an incident and an owed page; open.
std::unique_ptr<Store> filled_store(const StoreOptions& options, std::uint64_t alerts = 50) {
  auto store = open_store(options);
  Batch batch = batch_after(load(*store));
  for (std::uint64_t id = 1; id <= alerts; ++id) {
    batch.rows.new_alerts.push_back(new_alert(id, Labels{{"n", std::to_string(id)}}));
  }
  batch.rows.incidents.push_back(odd_incident(1));
  batch.rows.pages.push_back(odd_page(1, 1));
  batch.counters.last_alert = alerts;
  batch.counters.last_incident = batch.counters.last_page = 1;
  EXPECT_EQ(store->commit(batch), Committed::committed);
  return store;
}

std::uint64_t digest_of(const StoreOptions& options) {
  return triage::durable_digest(*load(*open_store(options)).state);
}

BackupReport made(const std::expected<BackupReport, StoreError>& report) {
  EXPECT_TRUE(report) << report.error().problem;
  return report.value_or(BackupReport{});
}

std::string refusal(const std::expected<BackupReport, StoreError>& report) {
  return report ? "done" : to_string(report.error().kind) + ": " + report.error().problem;
}

TEST(Backup, OfAnOpenStoreRestoresToTheSameState) {
  const TempFolder folder;
  const TempFolder elsewhere;
  const TempFolder target;
  const std::string file = elsewhere.file("copy.db");
  const auto store = filled_store(guarded(folder));
  const BackupReport kept = made(back_up(guarded(folder), file, {}));
  EXPECT_EQ(kept.seq, 1U);
  EXPECT_EQ(elsewhere.names(), std::vector<std::string>{"copy.db"})
      << "one file, nothing beside it";
  struct stat found {};
  ASSERT_EQ(::stat(file.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600U) << "it holds the store's secret";

  const BackupReport restored = made(restore(file, guarded(target), {}));
  EXPECT_EQ(restored.seq, kept.seq);
  EXPECT_EQ(restored.digest, kept.digest);
  EXPECT_EQ(digest_of(guarded(target)), kept.digest);
  EXPECT_EQ(sql(target.file("tocsin.db"),
                "SELECT count(*) FROM sqlite_schema WHERE name='backup_manifest'"),
            "0");
  EXPECT_EQ(open_store(guarded(target))->secret(), store->secret());
}

TEST(Backup, OfAStoreThatNobodyHasOpenIsTheSame) {
  const TempFolder folder;
  const TempFolder elsewhere;
  filled_store(guarded(folder)).reset();
  const BackupReport kept = made(back_up(guarded(folder), elsewhere.file("copy.db"), {}));
  EXPECT_EQ(kept.digest, digest_of(guarded(folder)));
}

TEST(Backup, HoldsTheLogThatIsNotCheckpointed) {
  const TempFolder folder;
  const TempFolder elsewhere;
  const TempFolder copy;
  const auto store = filled_store(bare(folder));
  // As after kill -9: the database is empty, everything is in its log.
  for (const char* name : {"tocsin.db", "tocsin.db-wal"}) {
    write_file(copy.file(name), read_file(folder.file(name)));
  }
  const BackupReport kept = made(back_up(bare(copy), elsewhere.file("copy.db"), {}));
  EXPECT_EQ(kept.seq, 1U);
}

TEST(Backup, IsOfOneMomentWhileBatchesGoOn) {
  const TempFolder folder;
  const TempFolder elsewhere;
  const TempFolder target;
  const auto store = filled_store(guarded(folder), 5'000);
  std::atomic<bool> ended = false;
  std::uint64_t seq = 1;
  std::thread writer([&] {
    while (!ended) {
      Batch batch;
      batch.epoch = 1;
      batch.seq = ++seq;
      batch.now = {at(1'000), at(1'000)};
      batch.counters.last_alert = 5'000 + seq;
      batch.rows.new_alerts.push_back(new_alert(5'000 + seq, Labels{{"n", std::to_string(seq)}}));
      if (store->commit(batch) != Committed::committed) break;
    }
  });
  std::vector<BackupReport> kept;
  for (const char* name : {"1.db", "2.db", "3.db"}) {
    kept.push_back(made(back_up(guarded(folder), elsewhere.file(name), {})));
  }
  ended = true;
  writer.join();
  EXPECT_LT(kept[0].seq, kept[1].seq) << "the writer went on";
  EXPECT_LT(kept[1].seq, kept[2].seq);
  EXPECT_LT(store->wal_bytes(), 64U << 20);
  EXPECT_EQ(made(restore(elsewhere.file("2.db"), guarded(target), {})).digest, kept[1].digest);
}

TEST(Backup, GivesWayWhenTheLogGrowsForItsSake) {
  const TempFolder folder;
  const TempFolder elsewhere;
  const auto store = filled_store(guarded(folder), 20'000);
  std::uint64_t id = 20'000;
  std::uint64_t seq = 1;
  int grown = 0;
  std::uint64_t before = 0;
  // Each time the first slice is copied, so much is written that the log must not be held longer.
  const auto storm = [&](std::uint64_t done, std::uint64_t) {
    const bool begins = done <= before || before == 0;
    before = done;
    if (!begins || grown == 2) return;
    ++grown;
    for (int batches = 0; batches < 20; ++batches) {
      Batch batch;
      batch.epoch = 1;
      batch.seq = ++seq;
      batch.now = {at(1'000), at(1'000)};
      for (int i = 0; i < 1'000; ++i) {
        batch.rows.new_alerts.push_back(new_alert(++id, Labels{{"n", std::string(1'000, 'x')}}));
      }
      batch.counters.last_alert = id;
      ASSERT_EQ(store->commit(batch), Committed::committed);
    }
  };
  const BackupReport kept = made(back_up(guarded(folder), elsewhere.file("copy.db"), storm));
  EXPECT_EQ(grown, 2);
  EXPECT_EQ(kept.seq, 41U) << "the moment is that of the last try";
}

TEST(Backup, TakesThePlaceOfAnOlderBackupAndOfNothingElse) {
  const TempFolder folder;
  const TempFolder elsewhere;
  const std::string file = elsewhere.file("copy.db");
  const auto store = filled_store(guarded(folder));
  made(back_up(guarded(folder), file, {}));
  made(back_up(guarded(folder), file, {}));
  write_file(elsewhere.file("diary"), "dear diary");
  EXPECT_EQ(refusal(back_up(guarded(folder), elsewhere.file("diary"), {})),
            "foreign: " + elsewhere.file("diary") +
                " is there and no backup of Tocsin; it is left alone");
  EXPECT_EQ(read_file(elsewhere.file("diary")), "dear diary");
  EXPECT_EQ(refusal(back_up(guarded(folder), folder.file("tocsin.db"), {})),
            "foreign: " + folder.file("tocsin.db") + " would be in the folder of the store itself");
  EXPECT_EQ(refusal(back_up(guarded(elsewhere), folder.file("x"), {})),
            "cannot_open: there is no store in " + elsewhere.path());
  EXPECT_NE(refusal(back_up(guarded(folder), "/nonexistent/x", {})).find("cannot create"),
            std::string::npos);
  EXPECT_EQ(elsewhere.names(), (std::vector<std::string>{"copy.db", "diary"}));
}

TEST(Restore, OverwritesNothing) {
  const TempFolder folder;
  const TempFolder elsewhere;
  const std::string file = elsewhere.file("copy.db");
  auto store = filled_store(guarded(folder));
  made(back_up(guarded(folder), file, {}));
  EXPECT_NE(refusal(restore(file, guarded(folder), {})).find("locked: another Tocsin"),
            std::string::npos)
      << "a daemon runs";
  store.reset();
  const std::string before = read_file(folder.file("tocsin.db"));
  EXPECT_EQ(refusal(restore(file, guarded(folder), {})),
            "foreign: " + folder.path() + " holds a store already; it is left alone");
  EXPECT_TRUE(read_file(folder.file("tocsin.db")) == before);
  const TempFolder only_log;
  write_file(only_log.file("tocsin.db-wal"), "what is left of a store");
  EXPECT_NE(refusal(restore(file, guarded(only_log), {})).find("holds a store already"),
            std::string::npos);
}

TEST(Restore, RefusesWhatIsNoWholeBackup) {
  const TempFolder folder;
  const TempFolder elsewhere;
  const std::string file = elsewhere.file("copy.db");
  filled_store(guarded(folder), 2'000).reset();
  made(back_up(guarded(folder), file, {}));
  const std::string good = read_file(file);
  struct Case {
    const char* name;
    void (*damage)(std::string& bytes);
    const char* says;
  };
  const Case cases[] = {
      {"text", [](std::string& bytes) { bytes = "dear diary"; }, "foreign: "},
      {"cut", [](std::string& bytes) { bytes.resize(bytes.size() / 2 / 16'384 * 16'384); },
       "damaged: "},
      {"noise in the middle",
       [](std::string& bytes) { bytes.replace(bytes.size() / 2, 20'000, 20'000, '\xA5'); },
       "damaged: "},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    std::string bytes = good;
    c.damage(bytes);
    write_file(file, bytes);
    const TempFolder target;
    const std::string said = refusal(restore(file, guarded(target), {}));
    EXPECT_TRUE(said.starts_with(c.says)) << said;
    EXPECT_EQ(said.find(target.path()), std::string::npos)
        << "the copy is nobody's business: " << said;
    for (const std::string& name : target.names()) {
      EXPECT_TRUE(name == "lock") << name << " was left behind";
    }
  }
  // Rows that were changed by hand are whole pages, but not the state that was kept.
  write_file(file, good);
  sql(file, "UPDATE incident SET title='another'");
  const TempFolder target;
  EXPECT_EQ(refusal(restore(file, guarded(target), {})),
            "damaged: " + file + " does not load as what it was made of");
  const TempFolder again;
  EXPECT_NE(refusal(restore(folder.file("tocsin.db"), guarded(again), {})).find("no manifest"),
            std::string::npos);
  EXPECT_NE(refusal(restore("/nonexistent", guarded(again), {})).find("there is no backup"),
            std::string::npos);
}

TEST(Restore, OfWhatIsNoWholeBackupAdvisesAnotherBackupAndNotToMoveTheStore) {
  const TempFolder folder;
  const TempFolder elsewhere;
  const TempFolder target;
  const std::string file = elsewhere.file("copy.db");
  filled_store(guarded(folder), 2'000).reset();
  made(back_up(guarded(folder), file, {}));
  std::string bytes = read_file(file);
  const auto cure = [&] { return restore(file, guarded(target), {}).error().cure; };
  for (const std::size_t from : {bytes.size() / 2, std::size_t{16'384}, std::size_t{100}}) {
    std::string damaged = bytes;
    damaged.replace(from, 4'000, 4'000, '\xA5');
    write_file(file, damaged);
    EXPECT_EQ(cure(), "take another backup; keep this one if it is the last") << from;
  }
  write_file(file, bytes.replace(0, 4'000, 4'000, '\xA5'));
  EXPECT_EQ(cure(), "name a file that `tocsin backup` made");
  write_file(file, "dear diary");
  EXPECT_EQ(cure(), "name a file that `tocsin backup` made");
}

/// "user:group mode"
std::string owner_of(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return "missing";
  std::ostringstream out;
  out << found.st_uid << ':' << found.st_gid << ' ' << std::oct << (found.st_mode & 0777);
  return out.str();
}

TEST(Restore, ByRootBelongsToWhoeverTheFolderBelongsTo) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  const TempFolder folder;
  const TempFolder elsewhere;
  const TempFolder place;
  const std::string file = elsewhere.file("copy.db");
  filled_store(guarded(folder)).reset();
  made(back_up(guarded(folder), file, {}));
  ASSERT_EQ(::chown(place.path().c_str(), 54321, 54322), 0);
  StoreOptions options = guarded(place);
  for (const char* name : {"/new/var", "/new/other/", ""}) {
    SCOPED_TRACE(name);
    options.folder = place.path() + name;
    made(restore(file, options, {}));
    EXPECT_EQ(owner_of(options.folder + "/."), "54321:54322 700");
    EXPECT_EQ(owner_of(options.folder + "/tocsin.db"), "54321:54322 600");
    EXPECT_EQ(owner_of(options.folder + "/lock"), "54321:54322 600");
  }
  EXPECT_EQ(owner_of(place.file("new")), "54321:54322 700");
}

TEST(Restore, ByRootGivesNothingAwayThatWasThereUnderAnotherName) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  const TempFolder folder;
  const TempFolder elsewhere;
  const TempFolder place;
  const std::string file = elsewhere.file("copy.db");
  filled_store(guarded(folder)).reset();
  made(back_up(guarded(folder), file, {}));
  write_file(elsewhere.file("roots-own"), "");
  ASSERT_EQ(::chown(place.path().c_str(), 54321, 54322), 0);
  ASSERT_EQ(::link(elsewhere.file("roots-own").c_str(), place.file("lock").c_str()), 0);
  made(restore(file, guarded(place), {}));
  EXPECT_TRUE(owner_of(elsewhere.file("roots-own")).starts_with("0:0 "));
}

}  // namespace
}  // namespace tocsin::store
