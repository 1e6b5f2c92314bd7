#include "store/resync.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

namespace tocsin::store {
namespace {

// SQLite 3.40 cuts what it writes at once to 17 bits of length: 1 MiB would be written as 0 bytes,
// which it reports as a full disk. Source: seekAndWriteFd in os_unix.c.
constexpr sqlite3_int64 kPiece = 64 << 10;

struct FreeName {
  void operator()(const char* name) const { sqlite3_free_filename(name); }
};

int write_over(sqlite3_file* file) {
  sqlite3_int64 size = 0;
  int code = file->pMethods->xFileSize(file, &size);
  std::vector<char> piece(static_cast<std::size_t>(std::min(size, kPiece)));
  for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size; at += kPiece) {
    const auto bytes = static_cast<int>(std::min(size - at, kPiece));
    code = file->pMethods->xRead(file, piece.data(), bytes, at);
    if (code == SQLITE_OK) code = file->pMethods->xWrite(file, piece.data(), bytes, at);
  }
  if (code == SQLITE_OK && size > 0) code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
  return code;
}

}  // namespace

int resync_log(const std::string& database, const std::string& vfs_name) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(vfs_name.empty() ? nullptr : vfs_name.c_str());
  if (vfs == nullptr) return SQLITE_CANTOPEN;
  std::string full(static_cast<std::size_t>(vfs->mxPathname) + 1, '\0');
  int code = vfs->xFullPathname(vfs, database.c_str(), static_cast<int>(full.size()), full.data());
  if ((code & 0xFF) != SQLITE_OK) return code;
  const std::string log = std::string(full.c_str()) + "-wal";
  // A log without its database is none: SQLite deletes it.
  for (const char* file : {full.c_str(), log.c_str()}) {
    int there = 0;
    code = vfs->xAccess(vfs, file, SQLITE_ACCESS_EXISTS, &there);
    if (code != SQLITE_OK || there == 0) return code;
  }
  const std::unique_ptr<const char, FreeName> name(
      sqlite3_create_filename(log.c_str(), "", "", 0, nullptr));
  std::vector<std::max_align_t> memory(static_cast<std::size_t>(vfs->szOsFile));
  auto* file = reinterpret_cast<sqlite3_file*>(memory.data());
  code = vfs->xOpen(vfs, name.get(), file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL, nullptr);
  if (code == SQLITE_OK) code = write_over(file);
  if (file->pMethods != nullptr) file->pMethods->xClose(file);
  return code;
}

}  // namespace tocsin::store
