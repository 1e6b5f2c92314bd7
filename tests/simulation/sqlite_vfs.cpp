#include "simulation/sqlite_vfs.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "simulation/memory_file.h"
#include "simulation/memory_vfs.h"

namespace tocsin::simulation {
namespace {

/// What an open sqlite3_file is to us.
struct Handle {
  Disk* disk = nullptr;
  std::shared_ptr<MemoryFile> file;
  std::string path;
  DiskFile kind = DiskFile::other;
  int level = SQLITE_LOCK_NONE;
  unsigned shm_shared = 0;  ///< Bits of the WAL index locks this handle holds.
  unsigned shm_exclusive = 0;
  int persist_wal = 0;
  bool sync_folder =
      false;  ///< A new log or journal: its first sync covers the folder, as SQLite asks.
};

struct SqliteFile {
  sqlite3_file base;
  Handle* handle;
};

Handle& handle_of(sqlite3_file* file) { return *reinterpret_cast<SqliteFile*>(file)->handle; }
Disk& disk_of(sqlite3_vfs* vfs) { return *static_cast<Disk*>(vfs->pAppData); }

DiskFile kind_of(std::string_view path) {
  if (path.ends_with("-wal")) return DiskFile::wal;
  if (path.ends_with("-journal")) return DiskFile::journal;
  if (path.ends_with(".db")) return DiskFile::database;
  return DiskFile::other;
}

/// Runs `act` as one operation of the disk: it may fail, and the power may go before or after.
template <class Act>
int operate(Disk& disk, DiskPoint point, int io_error, Act act) {
  const DiskFault fault = disk.begin(point);
  if (disk.crashed()) return io_error;
  if (fault == DiskFault::io) return io_error;
  if (fault == DiskFault::no_space) return SQLITE_FULL;
  const int result = act();
  return disk.cut_after() ? io_error : result;
}

int shm_unmap(sqlite3_file* file, int remove);

int file_close(sqlite3_file* file) {
  shm_unmap(file, 0);
  Handle* handle = reinterpret_cast<SqliteFile*>(file)->handle;
  std::erase(handle->file->lock_levels, &handle->level);
  handle->disk->close(handle->file);
  delete handle;
  file->pMethods = nullptr;
  return SQLITE_OK;
}

int file_read(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  Handle& handle = handle_of(file);
  return operate(*handle.disk, {handle.kind, DiskOp::read}, SQLITE_IOERR_READ, [&] {
    const bool whole = handle.file->read(static_cast<char*>(to), static_cast<std::size_t>(size),
                                         static_cast<std::size_t>(offset));
    return whole ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
  });
}

int file_write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  Handle& handle = handle_of(file);
  return operate(*handle.disk, {handle.kind, DiskOp::write}, SQLITE_IOERR_WRITE, [&] {
    const auto end = static_cast<std::size_t>(offset) + static_cast<std::size_t>(size);
    if (handle.disk->full() && end > handle.file->size()) {
      handle.disk->count_full();
      return SQLITE_FULL;
    }
    handle.file->write({static_cast<const char*>(from), static_cast<std::size_t>(size)},
                       static_cast<std::size_t>(offset));
    return SQLITE_OK;
  });
}

int file_truncate(sqlite3_file* file, sqlite3_int64 size) {
  Handle& handle = handle_of(file);
  return operate(*handle.disk, {handle.kind, DiskOp::truncate}, SQLITE_IOERR_TRUNCATE, [&] {
    handle.file->truncate(static_cast<std::size_t>(size));
    return SQLITE_OK;
  });
}

int file_sync(sqlite3_file* file, int) {
  Handle& handle = handle_of(file);
  Disk& disk = *handle.disk;
  const DiskFault fault = disk.begin({handle.kind, DiskOp::sync});
  if (disk.crashed()) return SQLITE_IOERR_FSYNC;
  if (fault != DiskFault::none) {
    handle.file->lose_sync(disk.random());
    return SQLITE_IOERR_FSYNC;
  }
  handle.file->sync();
  if (handle.sync_folder) disk.sync_folder();
  handle.sync_folder = false;
  return disk.cut_after() ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  Handle& handle = handle_of(file);
  if (handle.disk->crashed()) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(handle.file->size());
  return SQLITE_OK;
}

/// The highest level another handle has on the file.
int others_level(const Handle& handle) {
  int highest = SQLITE_LOCK_NONE;
  for (const int* level : handle.file->lock_levels) {
    if (level != &handle.level) highest = std::max(highest, *level);
  }
  return highest;
}

int file_lock(sqlite3_file* file, int level) {
  Handle& handle = handle_of(file);
  if (handle.level >= level) return SQLITE_OK;
  return operate(*handle.disk, {handle.kind, DiskOp::lock}, SQLITE_IOERR_LOCK, [&] {
    const int others = others_level(handle);
    if (level == SQLITE_LOCK_SHARED && others >= SQLITE_LOCK_PENDING) return SQLITE_BUSY;
    if (level == SQLITE_LOCK_RESERVED && others >= SQLITE_LOCK_RESERVED) return SQLITE_BUSY;
    if (level == SQLITE_LOCK_EXCLUSIVE && others >= SQLITE_LOCK_SHARED) {
      if (others < SQLITE_LOCK_PENDING) handle.level = SQLITE_LOCK_PENDING;
      return SQLITE_BUSY;
    }
    handle.level = level;
    return SQLITE_OK;
  });
}

int file_unlock(sqlite3_file* file, int level) {
  Handle& handle = handle_of(file);
  handle.level = std::min(handle.level, level);
  return SQLITE_OK;
}

int file_check_reserved(sqlite3_file* file, int* reserved) {
  Handle& handle = handle_of(file);
  *reserved = std::max(handle.level, others_level(handle)) >= SQLITE_LOCK_RESERVED ? 1 : 0;
  return SQLITE_OK;
}

int file_control(sqlite3_file* file, int op, void* argument) {
  Handle& handle = handle_of(file);
  if (op == SQLITE_FCNTL_PERSIST_WAL) {
    int& value = *static_cast<int*>(argument);
    if (value < 0) {
      value = handle.persist_wal;
    } else {
      handle.persist_wal = value;
    }
    return SQLITE_OK;
  }
  return SQLITE_NOTFOUND;
}

int file_sector_size(sqlite3_file* file) {
  return handle_of(file).disk->powersafe_overwrite() ? 4096 : 512;
}

int file_characteristics(sqlite3_file* file) {
  return handle_of(file).disk->powersafe_overwrite() ? SQLITE_IOCAP_POWERSAFE_OVERWRITE : 0;
}

int shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** at) {
  Handle& handle = handle_of(file);
  if (handle.disk->crashed()) return SQLITE_IOERR_SHMMAP;
  auto& regions = handle.file->memory.regions;
  const auto index = static_cast<std::size_t>(region);
  *at = nullptr;
  if (index >= regions.size() && extend == 0) return SQLITE_OK;
  while (regions.size() <= index) {
    regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
  }
  *at = regions[index].get();
  return SQLITE_OK;
}

int shm_unlock(Handle& handle, unsigned bit, SharedMemory::Slot& slot, bool shared) {
  unsigned& held = shared ? handle.shm_shared : handle.shm_exclusive;
  if ((held & bit) == 0) return SQLITE_OK;
  held &= ~bit;
  if (shared) {
    --slot.shared;
  } else {
    slot.exclusive = nullptr;
  }
  return SQLITE_OK;
}

int shm_take(Handle& handle, unsigned bit, SharedMemory::Slot& slot, bool shared) {
  if (shared) {
    if ((handle.shm_shared & bit) != 0) return SQLITE_OK;
    if (slot.exclusive != nullptr) return SQLITE_BUSY;
    ++slot.shared;
    handle.shm_shared |= bit;
    return SQLITE_OK;
  }
  if (slot.exclusive == &handle) return SQLITE_OK;
  if (slot.exclusive != nullptr || slot.shared > ((handle.shm_shared & bit) != 0 ? 1U : 0U))
    return SQLITE_BUSY;
  slot.exclusive = &handle;
  handle.shm_exclusive |= bit;
  return SQLITE_OK;
}

int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  Handle& handle = handle_of(file);
  const bool shared = (flags & SQLITE_SHM_SHARED) != 0;
  auto& slots = handle.file->memory.locks;
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    for (int i = offset; i < offset + count; ++i) {
      shm_unlock(handle, 1U << i, slots[static_cast<std::size_t>(i)], shared);
    }
    return SQLITE_OK;
  }
  return operate(*handle.disk, {DiskFile::wal, DiskOp::lock}, SQLITE_IOERR_SHMLOCK, [&] {
    int taken = offset;
    for (; taken < offset + count; ++taken) {
      if (shm_take(handle, 1U << taken, slots[static_cast<std::size_t>(taken)], shared) !=
          SQLITE_OK)
        break;
    }
    if (taken == offset + count) return SQLITE_OK;
    // All or nothing.
    while (--taken >= offset)
      shm_unlock(handle, 1U << taken, slots[static_cast<std::size_t>(taken)], shared);
    return SQLITE_BUSY;
  });
}

void shm_barrier(sqlite3_file*) {}

int shm_unmap(sqlite3_file* file, int remove) {
  Handle& handle = handle_of(file);
  auto& memory = handle.file->memory;
  for (std::size_t i = 0; i < memory.locks.size(); ++i) {
    shm_unlock(handle, 1U << i, memory.locks[i], true);
    shm_unlock(handle, 1U << i, memory.locks[i], false);
  }
  if (remove != 0) memory.regions.clear();
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {
    2,
    file_close,
    file_read,
    file_write,
    file_truncate,
    file_sync,
    file_size,
    file_lock,
    file_unlock,
    file_check_reserved,
    file_control,
    file_sector_size,
    file_characteristics,
    shm_map,
    shm_lock,
    shm_barrier,
    shm_unmap,
    nullptr,
    nullptr,
};

int vfs_open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  Disk& disk = disk_of(vfs);
  file->pMethods = nullptr;
  const std::string path = name == nullptr ? std::string() : std::string(name);
  const DiskFile kind = kind_of(path);
  return operate(disk, {kind, DiskOp::open}, SQLITE_CANTOPEN, [&] {
    auto opened = disk.open(path, (flags & SQLITE_OPEN_CREATE) != 0);
    if (!opened) return SQLITE_CANTOPEN;
    auto* handle = new Handle;
    handle->disk = &disk;
    handle->file = std::move(opened);
    handle->path = path;
    handle->kind = kind;
    // Source: sqlite3.c, unixOpen: UNIXFILE_DIRSYNC.
    handle->sync_folder =
        (flags & SQLITE_OPEN_CREATE) != 0 && (kind == DiskFile::wal || kind == DiskFile::journal);
    handle->file->lock_levels.push_back(&handle->level);
    reinterpret_cast<SqliteFile*>(file)->handle = handle;
    file->pMethods = &kMethods;
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  });
}

int vfs_delete(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  Disk& disk = disk_of(vfs);
  return operate(disk, {kind_of(name), DiskOp::remove}, SQLITE_IOERR_DELETE, [&] {
    return disk.remove(name, sync_folder != 0) ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
  });
}

int vfs_access(sqlite3_vfs* vfs, const char* name, int, int* result) {
  Disk& disk = disk_of(vfs);
  if (disk.crashed()) return SQLITE_IOERR_ACCESS;
  *result = disk.exists(name) ? 1 : 0;
  return SQLITE_OK;
}

int vfs_full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

int vfs_randomness(sqlite3_vfs* vfs, int size, char* out) {
  Random& random = disk_of(vfs).random();
  for (int i = 0; i < size; ++i) out[i] = static_cast<char>(random.next());
  return size;
}

int vfs_sleep(sqlite3_vfs*, int microseconds) { return microseconds; }

int vfs_current_time_ms(sqlite3_vfs* vfs, sqlite3_int64* out) {
  // Julian day 0 lies this many milliseconds before 1970. Source: sqlite3.c, unixCurrentTimeInt64.
  constexpr sqlite3_int64 kUnixEpoch = 24405875 * sqlite3_int64{8640000};
  *out = kUnixEpoch + disk_of(vfs).time().time_since_epoch().count();
  return SQLITE_OK;
}

int vfs_current_time(sqlite3_vfs* vfs, double* out) {
  sqlite3_int64 milliseconds = 0;
  vfs_current_time_ms(vfs, &milliseconds);
  *out = static_cast<double>(milliseconds) / 86400000.0;
  return SQLITE_OK;
}

int vfs_last_error(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

sqlite3_vfs make_vfs(const char* name, Disk* disk) {
  sqlite3_vfs vfs{};
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(SqliteFile);
  vfs.mxPathname = 512;
  vfs.zName = name;
  vfs.pAppData = disk;
  vfs.xOpen = vfs_open;
  vfs.xDelete = vfs_delete;
  vfs.xAccess = vfs_access;
  vfs.xFullPathname = vfs_full_path;
  vfs.xRandomness = vfs_randomness;
  vfs.xSleep = vfs_sleep;
  vfs.xCurrentTime = vfs_current_time;
  vfs.xGetLastError = vfs_last_error;
  vfs.xCurrentTimeInt64 = vfs_current_time_ms;
  return vfs;
}

}  // namespace tocsin::simulation
