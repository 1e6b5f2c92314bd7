#pragma once

#include <memory>
#include <string>

struct sqlite3_vfs;

namespace tocsin::store {

/// SQLite's own VFS on the real disk, with faults: a disk that is full, a sync that fails.
/// REQUIRES: it outlives every connection that uses it.
class FaultyVfs {
 public:
  FaultyVfs();
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  const std::string& name() const { return name_; }

  bool full = false;        ///< Writes to the database and its WAL meet SQLITE_FULL.
  bool sync_fails = false;  ///< Every sync fails with SQLITE_IOERR_FSYNC.
  int failing_sync = 0;     ///< The one with this number fails, counted by `syncs`.
  int syncs = 0;
  int database_writes = 0;
  int wal_writes = 0;

 private:
  std::string name_;
  std::unique_ptr<sqlite3_vfs> vfs_;
};

}  // namespace tocsin::store
