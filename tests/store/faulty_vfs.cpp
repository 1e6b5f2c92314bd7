#include "store/faulty_vfs.h"

#include <sqlite3.h>

#include <cstdint>

namespace tocsin::store {
namespace {

/// SQLite allocates szOsFile bytes: this, then the real file.
struct File {
  sqlite3_file base;
  FaultyVfs* faults;
  int kind;
  sqlite3_file* real;
};

File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return of(file).real; }
const sqlite3_io_methods& io(sqlite3_file* file) { return *real(file)->pMethods; }

int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  File& self = of(file);
  if (self.kind == SQLITE_OPEN_MAIN_DB) ++self.faults->database_writes;
  if (self.kind == SQLITE_OPEN_WAL) ++self.faults->wal_writes;
  if (self.faults->full) return SQLITE_FULL;
  return io(file).xWrite(real(file), bytes, size, offset);
}

int sync(sqlite3_file* file, int flags) {
  FaultyVfs& faults = *of(file).faults;
  if (++faults.syncs == faults.failing_sync || faults.sync_fails) return SQLITE_IOERR_FSYNC;
  return io(file).xSync(real(file), flags);
}

const sqlite3_io_methods kMethods = {
    .iVersion = 2,
    .xClose = [](sqlite3_file* f) { return io(f).xClose(real(f)); },
    .xRead = [](sqlite3_file* f, void* to, int size,
                sqlite3_int64 at) { return io(f).xRead(real(f), to, size, at); },
    .xWrite = write,
    .xTruncate = [](sqlite3_file* f, sqlite3_int64 size) { return io(f).xTruncate(real(f), size); },
    .xSync = sync,
    .xFileSize = [](sqlite3_file* f,
                    sqlite3_int64* size) { return io(f).xFileSize(real(f), size); },
    .xLock = [](sqlite3_file* f, int level) { return io(f).xLock(real(f), level); },
    .xUnlock = [](sqlite3_file* f, int level) { return io(f).xUnlock(real(f), level); },
    .xCheckReservedLock = [](sqlite3_file* f,
                             int* out) { return io(f).xCheckReservedLock(real(f), out); },
    .xFileControl = [](sqlite3_file* f, int what,
                       void* with) { return io(f).xFileControl(real(f), what, with); },
    .xSectorSize = [](sqlite3_file* f) { return io(f).xSectorSize(real(f)); },
    .xDeviceCharacteristics = [](sqlite3_file* f) { return io(f).xDeviceCharacteristics(real(f)); },
    .xShmMap = [](sqlite3_file* f, int page, int size, int extend,
                  void volatile** out) { return io(f).xShmMap(real(f), page, size, extend, out); },
    .xShmLock = [](sqlite3_file* f, int offset, int count,
                   int flags) { return io(f).xShmLock(real(f), offset, count, flags); },
    .xShmBarrier = [](sqlite3_file* f) { io(f).xShmBarrier(real(f)); },
    .xShmUnmap = [](sqlite3_file* f, int remove) { return io(f).xShmUnmap(real(f), remove); },
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

struct Application {
  FaultyVfs* faults;
  sqlite3_vfs* real;
};

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
  const auto& application = *static_cast<const Application*>(vfs->pAppData);
  constexpr int kKinds = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
  auto* real_file = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(File));
  of(file) = {{nullptr}, application.faults, flags & kKinds, real_file};
  const int code = application.real->xOpen(application.real, name, real_file, flags, out);
  if (real_file->pMethods != nullptr) file->pMethods = &kMethods;
  return code;
}

}  // namespace

FaultyVfs::FaultyVfs() : name_("faulty-" + std::to_string(reinterpret_cast<std::uintptr_t>(this))) {
  sqlite3_vfs* real = sqlite3_vfs_find(nullptr);
  // A copy of the real one: what is not replaced here does not look at its VFS argument.
  vfs_ = std::make_unique<sqlite3_vfs>(*real);
  vfs_->zName = name_.c_str();
  vfs_->szOsFile = static_cast<int>(sizeof(File)) + real->szOsFile;
  vfs_->pNext = nullptr;
  vfs_->pAppData = new Application{this, real};
  vfs_->xOpen = open;
  sqlite3_vfs_register(vfs_.get(), 0);
}

FaultyVfs::~FaultyVfs() {
  sqlite3_vfs_unregister(vfs_.get());
  delete static_cast<Application*>(vfs_->pAppData);
}

}  // namespace tocsin::store
