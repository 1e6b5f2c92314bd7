// The simulated disk by itself, and SQLite on it: if the disk were kinder or crueller than real
// ones, every verdict of the simulator would be worth nothing.
#include "simulation/memory_vfs.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "simulation/memory_file.h"

namespace tocsin::simulation {
namespace {

TEST(MemoryFile, KeepsWhatWasSynced) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    MemoryFile file;
    file.write("durable", 0);
    file.sync();
    file.write("lost?", 7);
    file.lose_power(random, false);
    EXPECT_EQ(file.bytes().substr(0, 7), "durable") << seed;
  }
}

TEST(MemoryFile, DropsKeepsTearsOrReordersWhatWasNot) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Random random(seed);
    MemoryFile file;
    file.write(std::string(1024, '.'), 0);
    file.sync();
    file.write(std::string(1024, 'a'), 0);
    file.write(std::string(512, 'b'), 512);
    file.lose_power(random, false);
    seen.insert(std::string{file.bytes()[0], file.bytes()[512]});
  }
  EXPECT_TRUE(seen.contains("..")) << "nothing reached the disk";
  EXPECT_TRUE(seen.contains("ab")) << "everything did";
  EXPECT_TRUE(seen.contains("a.")) << "the first write was torn";
  EXPECT_TRUE(seen.contains(".b")) << "the second overtook the first";
}

TEST(MemoryFile, LeavesNoiseWhereTheHeadWroteOnlyOnADiskThatMay) {
  int noisy = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    for (const bool noise : {false, true}) {
      Random random(seed);
      MemoryFile file;
      file.write(std::string(512, '.'), 0);
      file.sync();
      file.write("abc", 100);
      file.lose_power(random, noise);
      const std::string found = file.bytes().substr(100, 3);
      const bool old_or_new = found == "..." || found == "abc";
      EXPECT_TRUE(noise || old_or_new) << seed;
      EXPECT_EQ(file.bytes()[99], '.') << seed;
      EXPECT_EQ(file.bytes()[103], '.') << seed;
      noisy += old_or_new ? 0 : 1;
    }
  }
  EXPECT_GT(noisy, 0);
}

TEST(MemoryFile, WritingOverTheSameBytesHarmsNothing) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    MemoryFile file;
    file.write(std::string(5000, 'x'), 0);
    file.sync();
    file.write(std::string(5000, 'x'), 0);
    file.lose_power(random, true);
    EXPECT_TRUE(file.bytes() == std::string(5000, 'x')) << seed;
  }
}

TEST(MemoryFile, NeverTriesAgainWhatAFailedSyncMarkedClean) {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    MemoryFile file;
    file.write("x", 0);
    file.lose_sync(random);
    file.sync();
    EXPECT_EQ(file.bytes(), "x") << "the process still sees it";
    file.lose_power(random, false);
    lost += file.bytes() == "x" ? 0 : 1;
  }
  EXPECT_GT(lost, 10);
  EXPECT_LT(lost, 40);
}

/// A connection with the settings the store uses.
class Database {
 public:
  explicit Database(Disk& disk) {
    result_ = sqlite3_open_v2("/sim/tocsin.db", &connection_,
                              SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, disk.vfs_name().c_str());
    if (result_ == SQLITE_OK)
      run("PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
          "PRAGMA wal_autocheckpoint=0;");
  }
  ~Database() { sqlite3_close(connection_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  int run(const std::string& sql) {
    result_ = sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr);
    return result_;
  }
  /// The first column of the first row, "" if there is none or the question fails.
  std::string ask(const std::string& sql) {
    std::string answer;
    result_ = sqlite3_exec(
        connection_, sql.c_str(),
        [](void* to, int, char** values, char**) {
          auto& text = *static_cast<std::string*>(to);
          if (text.empty() && values[0] != nullptr) text = values[0];
          return 0;
        },
        &answer, nullptr);
    return answer;
  }
  int result() const { return result_; }

 private:
  sqlite3* connection_ = nullptr;
  int result_ = SQLITE_OK;
};

TEST(MemoryVfs, HoldsADatabaseThatReadersShareWithTheWriter) {
  Disk disk(1);
  Database writer(disk);
  ASSERT_EQ(writer.run("CREATE TABLE t(n); INSERT INTO t VALUES(1)"), SQLITE_OK);
  Database reader(disk);
  ASSERT_EQ(writer.run("BEGIN IMMEDIATE; INSERT INTO t VALUES(2)"), SQLITE_OK);
  EXPECT_EQ(reader.ask("SELECT count(*) FROM t"), "1") << "a reader sees what is committed";
  EXPECT_EQ(reader.run("BEGIN IMMEDIATE"), SQLITE_BUSY) << "there is one writer";
  ASSERT_EQ(writer.run("COMMIT"), SQLITE_OK);
  EXPECT_EQ(reader.ask("SELECT count(*) FROM t"), "2");
}

TEST(MemoryVfs, TellsTimeAndRandomnessOfTheSimulation) {
  std::string first;
  for (int round = 0; round < 2; ++round) {
    Disk disk(7);
    disk.set_time(Instant(Duration(1'700'000'000'000)));
    Database database(disk);
    EXPECT_EQ(database.ask("SELECT datetime('now')"), "2023-11-14 22:13:20");
    ASSERT_EQ(database.run("CREATE TABLE t(n); INSERT INTO t VALUES(1)"), SQLITE_OK);
    const std::string bytes = disk.contents("/sim/tocsin.db-wal");
    EXPECT_FALSE(bytes.empty());
    if (round == 0) first = bytes;
    EXPECT_TRUE(bytes == first) << "the WAL's salt comes from the seed too";
  }
}

/// What a run of transactions left behind: each committed transaction adds one to both tables.
struct Left {
  int committed = 0;  ///< COMMIT answered yes.
  int attempted = 0;  ///< COMMIT was asked for.
};

Left run_until_crash(Disk& disk, Random& random, const char* synchronous = "FULL") {
  Left left;
  Database database(disk);
  database.run(std::string("PRAGMA synchronous=") + synchronous);
  database.run("BEGIN; CREATE TABLE IF NOT EXISTS a(n); CREATE TABLE IF NOT EXISTS b(n); COMMIT");
  for (int i = 0; i < 40 && !disk.crashed(); ++i) {
    const std::string text(static_cast<std::size_t>(random.below(20'000)), 'x');
    database.run("BEGIN IMMEDIATE");
    database.run("INSERT INTO a VALUES('" + text + "')");
    database.run("INSERT INTO b VALUES('" + text + "')");
    if (random.chance(20)) {
      database.run("ROLLBACK");
      continue;
    }
    ++left.attempted;
    if (database.run("COMMIT") == SQLITE_OK && !disk.crashed()) ++left.committed;
    if (random.chance(15)) database.run("PRAGMA wal_checkpoint(PASSIVE)");
  }
  return left;
}

TEST(MemoryVfs, ACommittedTransactionSurvivesAndAnUncommittedOneNever) {
  std::map<std::string, int> crashes;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    Random random(seed);
    Disk disk(seed);
    const DiskPoint points[] = {
        {DiskFile::wal, DiskOp::write},      {DiskFile::wal, DiskOp::sync},
        {DiskFile::database, DiskOp::write}, {DiskFile::database, DiskOp::sync},
        {DiskFile::journal, DiskOp::write},  {DiskFile::journal, DiskOp::remove},
        {DiskFile::wal, DiskOp::lock},       {DiskFile::database, DiskOp::read}};
    disk.crash_at(random.pick(points), 1 + static_cast<unsigned>(random.below(40)),
                  random.chance(50));
    const Left left = run_until_crash(disk, random);
    if (disk.crashed_at()) ++crashes[name_of(*disk.crashed_at())];
    disk.cut_power();
    disk.restart();

    Database after(disk);
    ASSERT_EQ(after.ask("PRAGMA integrity_check"), "ok") << seed;
    const std::string in_a = after.ask("SELECT count(*) FROM a");
    const std::string in_b = after.ask("SELECT count(*) FROM b");
    ASSERT_EQ(in_a, in_b) << seed << ": half a transaction survived";
    const int rows = in_a.empty() ? 0 : std::stoi(in_a);
    ASSERT_GE(rows, left.committed) << seed << ": a committed transaction is gone";
    ASSERT_LE(rows, left.attempted) << seed << ": a transaction came from nowhere";
  }
  EXPECT_GE(crashes.size(), 5U) << "the crashes did not spread over the operations";
}

TEST(MemoryVfs, LosesCommittedTransactionsOfAConnectionThatDoesNotSync) {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    Disk disk(seed);
    disk.crash_at({DiskFile::wal, DiskOp::write}, 200, false);
    const Left left = run_until_crash(disk, random, "OFF");
    disk.cut_power();
    disk.restart();
    Database after(disk);
    const std::string rows = after.ask("SELECT count(*) FROM a");
    lost += rows.empty() || std::stoi(rows) < left.committed ? 1 : 0;
  }
  EXPECT_GT(lost, 0) << "the disk is kinder than a real one";
}

TEST(MemoryVfs, FailsTheOperationItIsToldTo) {
  struct Case {
    const char* name;
    DiskPoint point;
    DiskFault fault;
    int result;
  };
  const Case cases[] = {
      {"a write", {DiskFile::wal, DiskOp::write}, DiskFault::io, SQLITE_IOERR},
      {"a full disk", {DiskFile::wal, DiskOp::write}, DiskFault::no_space, SQLITE_FULL},
      {"a sync", {DiskFile::wal, DiskOp::sync}, DiskFault::io, SQLITE_IOERR},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    Disk disk(3);
    Database database(disk);
    ASSERT_EQ(database.run("CREATE TABLE t(n)"), SQLITE_OK);
    disk.fail_at(one.point, 1, one.fault);
    EXPECT_EQ(database.run("INSERT INTO t VALUES(1)") & 0xFF, one.result);
    EXPECT_EQ(database.run("INSERT INTO t VALUES(2)"), SQLITE_OK) << "it was only once";
    EXPECT_EQ(database.ask("SELECT group_concat(n) FROM t"), "2");
  }
}

TEST(MemoryVfs, AFullDiskRefusesGrowthAndTakesItAgainOnceThereIsSpace) {
  Disk disk(3);
  Database database(disk);
  ASSERT_EQ(database.run("CREATE TABLE t(n)"), SQLITE_OK);
  disk.set_full(true);
  EXPECT_EQ(database.run("INSERT INTO t VALUES(1)"), SQLITE_FULL);
  EXPECT_GT(disk.full_faults(), 0U);
  disk.set_full(false);
  EXPECT_EQ(database.run("INSERT INTO t VALUES(2)"), SQLITE_OK);
  EXPECT_EQ(database.ask("SELECT group_concat(n) FROM t"), "2");
}

TEST(MemoryVfs, AfterThePowerIsGoneNothingWorksUntilRestart) {
  Disk disk(3);
  {
    Database database(disk);
    ASSERT_EQ(database.run("CREATE TABLE t(n); INSERT INTO t VALUES(1)"), SQLITE_OK);
    disk.cut_power();
    EXPECT_NE(database.run("INSERT INTO t VALUES(2)"), SQLITE_OK);
    EXPECT_NE(database.run("SELECT * FROM t"), SQLITE_OK);
    Database another(disk);
    EXPECT_NE(another.result(), SQLITE_OK);
  }
  disk.restart();
  Database database(disk);
  EXPECT_EQ(database.ask("SELECT group_concat(n) FROM t"), "1");
}

TEST(MemoryVfs, ANameIsDurableOnceItsFileWasSynced) {
  int vanished = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Disk disk(seed);
    auto file = disk.open("/sim/unsynced", true);
    file->write("x", 0);
    disk.close(file);
    auto synced = disk.open("/sim/synced", true);
    synced->write("x", 0);
    synced->sync();
    disk.close(synced);
    disk.cut_power();
    disk.restart();
    vanished += disk.exists("/sim/unsynced") ? 0 : 1;
    EXPECT_TRUE(disk.exists("/sim/synced"));
  }
  EXPECT_GT(vanished, 0);
  EXPECT_LT(vanished, 40);
}

TEST(MemoryVfs, ARemovalWithoutASyncOfTheFolderMayBeUndone) {
  int back = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    for (const bool durable : {false, true}) {
      Disk disk(seed);
      auto file = disk.open("/sim/f", true);
      file->write("x", 0);
      file->sync();
      disk.close(file);
      ASSERT_TRUE(disk.remove("/sim/f", durable));
      disk.cut_power();
      disk.restart();
      EXPECT_FALSE(durable && disk.exists("/sim/f"));
      back += disk.exists("/sim/f") ? 1 : 0;
    }
  }
  EXPECT_GT(back, 0);
  EXPECT_LT(back, 40);
}

}  // namespace
}  // namespace tocsin::simulation
