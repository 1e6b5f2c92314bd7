// A log that a former process left behind is made durable before SQLite reads it.
#include "store/resync.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>

#include "store/faulty_vfs.h"
#include "store/store_world.h"

namespace tocsin::store {
namespace {

class Resync : public ::testing::Test {
 protected:
  Resync() { write_file(database_, "x"); }
  /// A log of `bytes` that is no log: only its bytes matter here.
  void leave_log(std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 31 % 251);
    write_file(log_, text);
  }
  int resync() { return resync_log(database_, vfs_.name()); }

  TempFolder folder_;
  FaultyVfs vfs_;
  std::string database_ = folder_.file("tocsin.db");
  std::string log_ = folder_.file("tocsin.db-wal");
};

TEST_F(Resync, WritesEveryByteOverItselfAndSyncsOnce) {
  // SQLite takes at most 128 KiB at once without harm: pieces, and a rest.
  for (const std::size_t bytes : {2UL, 65'536UL, 65'537UL, 3'000'001UL}) {
    SCOPED_TRACE(bytes);
    leave_log(bytes);
    const std::string before = read_file(log_);
    vfs_.syncs = 0;
    vfs_.wal_writes = 0;
    EXPECT_EQ(resync(), SQLITE_OK);
    EXPECT_EQ(read_file(log_), before);
    EXPECT_EQ(vfs_.syncs, 1);
    EXPECT_EQ(vfs_.wal_writes, static_cast<int>((bytes + 65'535) / 65'536));
  }
}

TEST_F(Resync, LeavesAFolderWithoutALogAlone) {
  EXPECT_EQ(resync(), SQLITE_OK);
  EXPECT_EQ(vfs_.syncs, 0);
  leave_log(0);
  EXPECT_EQ(resync(), SQLITE_OK);
  EXPECT_EQ(vfs_.syncs, 0);
}

TEST_F(Resync, LeavesALogWithoutADatabaseAlone) {
  leave_log(1000);
  std::filesystem::remove(database_);
  EXPECT_EQ(resync(), SQLITE_OK);
  EXPECT_EQ(vfs_.wal_writes, 0);
}

TEST_F(Resync, FailsIfTheDiskDoes) {
  leave_log(100'000);
  const std::string before = read_file(log_);
  vfs_.sync_fails = true;
  EXPECT_EQ(resync(), SQLITE_IOERR_FSYNC);
  vfs_.sync_fails = false;
  vfs_.full = true;
  EXPECT_EQ(resync(), SQLITE_FULL);
  EXPECT_EQ(read_file(log_), before);
  const auto store = open_sqlite(bare(folder_, vfs_.name()));
  EXPECT_FALSE(store) << "a store whose log may not be on the disk is not opened";
}

}  // namespace
}  // namespace tocsin::store
