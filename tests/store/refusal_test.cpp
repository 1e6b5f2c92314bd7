// A file that the store does not know is refused untouched.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "store/faulty_vfs.h"
#include "store/heads.h"
#include "store/reader.h"
#include "store/store_world.h"

namespace tocsin::store {
namespace {

/// Opening must fail with `kind` and leave every file of the folder as it was.
void expect_refused_untouched(const TempFolder& folder, const std::string& kind) {
  const std::string before = read_file(folder.file("tocsin.db"));
  const std::vector<std::string> names = folder.names();
  EXPECT_EQ(kind_of_open_error(bare(folder)), kind);
  EXPECT_TRUE(read_file(folder.file("tocsin.db")) == before) << "the file changed";
  EXPECT_EQ(folder.names(), names);
}

/// A folder with a store in it: `alerts` rows, closed.
void make_store(const TempFolder& folder, std::uint64_t alerts = 1) {
  const auto store = open_store(bare(folder));
  Batch batch = batch_after(load(*store));
  for (std::uint64_t id = 1; id <= alerts; ++id) {
    batch.rows.new_alerts.push_back(new_alert(id, Labels{{"a", std::string(500, 'x')}}));
  }
  ASSERT_EQ(store->commit(batch), Committed::committed);
}

TEST(Refusal, AFileThatIsNoDatabaseIsForeign) {
  struct Case {
    const char* name;
    std::string bytes;
  };
  const Case cases[] = {
      {"one byte", "x"},
      {"text", "dear diary,\n"},
      {"a page of zeros", std::string(8'192, '\0')},
      {"two pages of text", std::string(16'384, 'y')},
      {"SQLite's magic and nothing else", std::string("SQLite format 3\0", 16)},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const TempFolder folder;
    write_file(folder.file("tocsin.db"), c.bytes);
    expect_refused_untouched(folder, "foreign");
  }
}

TEST(Refusal, AnotherProgramsDatabaseIsForeign) {
  const char* const makes[] = {
      "CREATE TABLE t(a); INSERT INTO t VALUES(1)",
      "PRAGMA application_id=1; CREATE TABLE meta(min_reader)",
      "PRAGMA journal_mode=WAL; CREATE TABLE t(a)",
      "PRAGMA user_version=1",
  };
  for (const char* make : makes) {
    SCOPED_TRACE(make);
    const TempFolder folder;
    sql(folder.file("tocsin.db"), make);
    expect_refused_untouched(folder, "foreign");
  }
}

TEST(Refusal, ANewerFileIsRefusedByItsMinReader) {  // R41
  const TempFolder folder;
  make_store(folder);
  sql(folder.file("tocsin.db"), "UPDATE meta SET min_reader=1000");
  expect_refused_untouched(folder, "newer");
  EXPECT_FALSE(open_sqlite_reader(bare(folder), std::make_shared<const Heads>()));
}

TEST(Refusal, AFileWithANewerSchemaThatStillAllowsUsIsOpened) {
  const TempFolder folder;
  make_store(folder);
  sql(folder.file("tocsin.db"),
      "UPDATE meta SET schema=1000; ALTER TABLE incident ADD COLUMN x TEXT");
  EXPECT_EQ(kind_of_open_error(bare(folder)), "opened");
}

TEST(Refusal, DamagedFilesAreRefusedUntouched) {
  struct Case {
    const char* name;
    void (*damage)(std::string&);
    const char* kind;
  };
  const Case cases[] = {
      {"cut in half", [](std::string& bytes) { bytes.resize(bytes.size() / 2 / 8'192 * 8'192); },
       "damaged"},
      {"the root of the schema is noise",
       [](std::string& bytes) { bytes.replace(100, 4'000, 4'000, '\xA5'); }, "damaged"},
      {"every page but the first is noise",
       [](std::string& bytes) {
         bytes.replace(8'192, bytes.size() - 8'192, bytes.size() - 8'192, '\xA5');
       },
       "damaged"},
      {"the last pages are noise",
       [](std::string& bytes) { bytes.replace(bytes.size() - 40'000, 40'000, 40'000, '\xA5'); },
       "damaged"},
      {"no magic", [](std::string& bytes) { bytes[0] = 'X'; }, "foreign"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const TempFolder folder;
    make_store(folder, 500);
    std::string bytes = read_file(folder.file("tocsin.db"));
    ASSERT_GT(bytes.size(), 200'000U);
    c.damage(bytes);
    write_file(folder.file("tocsin.db"), bytes);
    const std::string before = read_file(folder.file("tocsin.db"));
    EXPECT_EQ(kind_of_open_error(bare(folder)), c.kind);
    EXPECT_TRUE(read_file(folder.file("tocsin.db")) == before) << "the file changed";
  }
}

TEST(Refusal, AValueThatCannotBeIsDamageAndNamesTheRow) {  // R37
  const char* const damages[] = {
      "UPDATE alert SET state=2 WHERE id=1",
      "UPDATE alert SET severity=0 WHERE id=1",
      "UPDATE alert SET severity=6 WHERE id=1",
      "UPDATE alert SET ended_by=-1 WHERE id=1",
      "UPDATE alert SET key=x'00' WHERE id=1",
      "UPDATE alert SET labels='[]' WHERE id=1",
      "UPDATE alert SET occurrence=1<<32 WHERE id=1",
      "UPDATE alert SET lease_source=65536 WHERE id=1",
      "UPDATE alert SET more_leases='[[1,2,3]]' WHERE id=1",
      "UPDATE alert SET more_leases='[[1,2,3,4],[1,2,3,4],[1,2,3,4],[1,2,3,4]]' WHERE id=1",
      "UPDATE incident SET state='on fire' WHERE id=1",
      "UPDATE incident SET severity='SEV-9' WHERE id=1",
      "UPDATE incident SET told='log' WHERE id=1",
      "UPDATE page SET event='incident.exploded' WHERE id=1",
      "UPDATE meta SET sweep_kind=9",
      "UPDATE alert SET received_at=9223372036854775807 WHERE id=1",
      "UPDATE alert SET lease_length=-9223372036854775808 WHERE id=1",
      "UPDATE alert SET more_leases='[[1,9223372036854775806,3,4]]' WHERE id=1",
      "UPDATE meta SET last_page=-1",
      "UPDATE alert SET key=(SELECT key FROM alert WHERE id=10) WHERE id=1",
  };
  const TempFolder whole;
  {
    const auto store = open_store(bare(whole));
    Batch batch = batch_after(load(*store));
    batch.rows.new_alerts = {new_alert(1), new_alert(10)};
    batch.rows.incidents = {odd_incident(1)};
    batch.rows.pages = {odd_page(1, 1)};
    ASSERT_EQ(store->commit(batch), Committed::committed);
  }
  const std::string bytes = read_file(whole.file("tocsin.db"));
  for (const char* damage : damages) {
    SCOPED_TRACE(damage);
    const TempFolder folder;
    write_file(folder.file("tocsin.db"), bytes);
    sql(folder.file("tocsin.db"), damage);
    auto store = open_sqlite(bare(folder));
    ASSERT_TRUE(store);
    const auto loaded = (*store)->load();
    ASSERT_FALSE(loaded);
    EXPECT_EQ(to_string(loaded.error().kind), "damaged");
    EXPECT_NE(loaded.error().problem.find("row 1"), std::string::npos) << loaded.error().problem;
    EXPECT_EQ(sql(folder.file("tocsin.db"), "SELECT epoch FROM meta"), "1") << "it was claimed";
  }
}

TEST(Refusal, AMissingTableIsDamage) {
  for (const char* table : {"meta", "alert_span", "timeline", "policy_file"}) {
    SCOPED_TRACE(table);
    const TempFolder folder;
    make_store(folder);
    sql(folder.file("tocsin.db"), std::string("DROP TABLE ") + table);
    const auto store = open_sqlite(bare(folder));
    if (store) {
      EXPECT_FALSE((*store)->last_policy()) << "only the rules are looked up late";
    } else {
      EXPECT_EQ(to_string(store.error().kind), "damaged");
    }
  }
}

TEST(Refusal, TheFolderIsMadePrivateAndSoAreTheFiles) {
  const TempFolder parent;
  StoreOptions options = guarded(parent);
  options.folder = parent.path() + "/deep/er/";
  const auto store = open_store(options);
  load(*store);
  const auto mode = [&](const std::string& name) {
    struct stat found {};
    EXPECT_EQ(stat(parent.file(name).c_str(), &found), 0) << name;
    return found.st_mode & 0777;
  };
  EXPECT_EQ(mode("deep"), 0700U);
  EXPECT_EQ(mode("deep/er"), 0700U);
  for (const char* file : {"tocsin.db", "tocsin.db-wal", "tocsin.db-shm", "lock", "reserve"}) {
    EXPECT_EQ(mode(std::string("deep/er/") + file), 0600U) << file;
  }
}

TEST(Refusal, AFolderThatCannotBeMadeIsSaidSo) {
  const TempFolder parent;
  write_file(parent.file("file"), "not a folder");
  StoreOptions options = guarded(parent);
  options.folder = parent.file("file");
  EXPECT_EQ(kind_of_open_error(options), "cannot_open");
  options.folder = parent.file("file/inside");
  EXPECT_EQ(kind_of_open_error(options), "cannot_open");
  EXPECT_EQ(read_file(parent.file("file")), "not a folder");
}

TEST(Refusal, ASecondDaemonIsLockedOutUntilTheFirstIsGone) {
  const TempFolder folder;
  auto first = open_store(guarded(folder));
  EXPECT_EQ(kind_of_open_error(guarded(folder)), "locked");
  first.reset();
  EXPECT_EQ(kind_of_open_error(guarded(folder)), "opened");
}

TEST(Refusal, AReaderOfNoStoreIsSaidSoAndMakesNoFile) {
  const TempFolder folder;
  const auto reader = open_sqlite_reader(bare(folder), std::make_shared<const Heads>());
  ASSERT_FALSE(reader);
  EXPECT_EQ(to_string(reader.error().kind), "cannot_open");
  EXPECT_TRUE(folder.names().empty());
}

TEST(Refusal, AnEmptyFileBecomesAStore) {
  const TempFolder folder;
  write_file(folder.file("tocsin.db"), "");
  EXPECT_EQ(kind_of_open_error(bare(folder)), "opened");
}

// R60: the change to a WAL tells its success before it is committed.
TEST(Refusal, AStoreIsNotMadeIfASyncFailsWhileItIs) {
  FaultyVfs vfs;
  int number = 0;
  while (number < 100) {
    const TempFolder folder;
    vfs.syncs = 0;
    vfs.failing_sync = ++number;
    const auto opened = open_sqlite(bare(folder, vfs.name()));
    const bool failed = vfs.syncs >= number;
    EXPECT_EQ(opened.has_value(), !failed) << "sync " << number;
    vfs.failing_sync = 0;
    if (!failed) break;
    EXPECT_EQ(kind_of_open_error(bare(folder, vfs.name())), "opened") << "after sync " << number;
  }
  EXPECT_GT(number, 4);
}

TEST(Refusal, OddFolderNamesAreNoUris) {
  const TempFolder parent;
  for (const char* name : {"a?mode=memory", "b#c", "100%25", "with space", "ü"}) {
    SCOPED_TRACE(name);
    StoreOptions options = guarded(parent);
    options.folder = parent.file(name);
    EXPECT_EQ(kind_of_open_error(options), "opened");
    EXPECT_EQ(kind_of_open_error(options), "opened");
    EXPECT_FALSE(read_file(options.folder + "/tocsin.db").empty());
  }
}

}  // namespace
}  // namespace tocsin::store
