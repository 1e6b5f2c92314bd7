#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/random.h"
#include "tocsin/base/time.h"

struct sqlite3_vfs;

/// A disk for SQLite that lives in memory and loses power.
///
/// What it promises is what a disk with a journaling file system promises, and no more: bytes are
/// durable once their file was synced, a new name once its file was synced, a removal once its
/// folder was: at a removal with `syncDir`, and at the first sync of a new log or journal, where
/// SQLite's own VFS syncs the folder. Everything else is, at a power cut, dropped, kept,
/// torn at a 512-byte sector or kept in part and out of order, by the seed.
///
/// Half of the disks do not have SQLITE_IOCAP_POWERSAFE_OVERWRITE: SQLite pads its log to sectors
/// of 512 bytes there, and a power cut may leave noise where the head was writing. Bytes beside a
/// write are safe on all of them: without that, SQLite itself loses a commit that was synced when,
/// after a recovery, it appends within the commit's last sector. The other half have sectors of
/// 4096 bytes and the promise, which SQLite's own VFS takes for granted on Debian.
namespace tocsin::simulation {

enum class DiskFile : std::uint8_t { database, wal, journal, other };
enum class DiskOp : std::uint8_t { open, remove, read, write, truncate, sync, lock };

/// A place where the power may go: an operation on a kind of file.
struct DiskPoint {
  DiskFile file = DiskFile::other;
  DiskOp op = DiskOp::open;
  friend auto operator<=>(const DiskPoint&, const DiskPoint&) = default;
};
std::string name_of(DiskPoint);  ///< "wal.sync"

/// What an operation may fail with while the power stays on.
enum class DiskFault : std::uint8_t {
  none,
  io,        ///< EIO. A failed sync has marked its pages clean: they may never reach the disk.
  no_space,  ///< ENOSPC on a write.
};

class MemoryFile;

class Disk {
 public:
  /// Registers an SQLite VFS under a name of its own; the destructor takes it away again.
  /// SQLite's generator is seeded with it, so there is one simulated disk in use per process.
  explicit Disk(std::uint64_t seed);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  const std::string& vfs_name() const { return name_; }

  /// The power goes at the nth such operation from now (1 = the next), before or after it acts.
  void crash_at(DiskPoint, unsigned nth, bool after);
  /// The power goes now.
  void cut_power();
  bool crashed() const { return crashed_; }
  /// Where the planned crash happened, if it did since the last restart.
  std::optional<DiskPoint> crashed_at() const { return crashed_at_; }
  void forget_plans();

  /// The nth such operation from now fails.
  void fail_at(DiskPoint, unsigned nth, DiskFault);
  /// While full, a write that makes a file longer fails with SQLITE_FULL.
  void set_full(bool full) { full_ = full; }
  bool full() const { return full_; }
  /// Faults that happened so far.
  std::uint64_t io_faults() const { return io_faults_; }
  std::uint64_t full_faults() const { return full_faults_; }

  /// How a crash ended: with the machine, or with the process alone.
  enum class Loss : std::uint8_t { power, process };
  /// What was not synced meets its fate if the power went; after a kill it is still in the page
  /// cache, as little durable as before. REQUIRES: every file is closed.
  void restart(Loss = Loss::power);

  void set_time(Instant now) { now_ = now; }
  Instant time() const { return now_; }
  bool powersafe_overwrite() const { return powersafe_; }

  /// How often each operation was begun.
  const std::map<DiskPoint, std::uint64_t>& counts() const { return counts_; }

  std::size_t open_files() const { return open_files_; }
  bool exists(std::string_view path) const;
  /// The bytes as a process sees them now.
  std::string contents(std::string_view path) const;

  // For the VFS functions in memory_vfs.cpp.
  /// What the operation must do: nothing (the fault says how it fails) or act.
  DiskFault begin(DiskPoint);
  /// True if the power went after the operation.
  bool cut_after();
  std::shared_ptr<MemoryFile> open(std::string_view path, bool create);
  void close(const std::shared_ptr<MemoryFile>&);
  bool remove(std::string_view path, bool durable);
  void sync_folder();
  void count_full() { ++full_faults_; }
  Random& random() { return random_; }

 private:
  void lose_power();
  struct Plan {
    DiskPoint point;
    unsigned left = 0;
    bool after = false;
    DiskFault fault = DiskFault::none;
  };

  std::string name_;
  Random random_;
  bool powersafe_ = false;
  bool crashed_ = false;
  bool full_ = false;
  bool after_ = false;
  std::optional<Plan> crash_;
  std::vector<Plan> faults_;
  std::optional<DiskPoint> crashed_at_;
  std::map<std::string, std::shared_ptr<MemoryFile>, std::less<>> files_;
  /// Removed, but the folder was not synced since: a power cut may bring them back.
  std::map<std::string, std::shared_ptr<MemoryFile>, std::less<>> removed_;
  Instant now_{};
  std::size_t open_files_ = 0;
  std::map<DiskPoint, std::uint64_t> counts_;
  std::uint64_t io_faults_ = 0;
  std::uint64_t full_faults_ = 0;
  std::unique_ptr<sqlite3_vfs> vfs_;
};

}  // namespace tocsin::simulation
