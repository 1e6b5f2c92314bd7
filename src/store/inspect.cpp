#include "store/inspect.h"

#include <array>
#include <cstring>

#include "store/schema.h"
#include "store/sqlite.h"

namespace tocsin::store {
namespace {

constexpr const char* kForeignCure = "point storage.path at another folder, or move that file away";

struct FreeName {
  void operator()(const char* name) const { sqlite3_free_filename(name); }
};
using FileName = std::unique_ptr<const char, FreeName>;

/// A file opened to read through the VFS itself, so that SQLite makes nothing of it.
class RawFile {
 public:
  RawFile(sqlite3_vfs* vfs, const std::string& path, int kind)
      : memory_(static_cast<std::size_t>(vfs->szOsFile)),
        name_(sqlite3_create_filename(path.c_str(), "", "", 0, nullptr)) {
    file()->pMethods = nullptr;
    code_ = vfs->xOpen(vfs, name_.get(), file(), SQLITE_OPEN_READONLY | kind, nullptr);
  }
  ~RawFile() {
    if (file()->pMethods != nullptr) file()->pMethods->xClose(file());
  }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  int size(std::int64_t& out) {
    if (code_ != SQLITE_OK) return code_;
    sqlite3_int64 size = 0;
    const int code = file()->pMethods->xFileSize(file(), &size);
    out = size;
    return code;
  }
  template <std::size_t N>
  int read(std::array<unsigned char, N>& out) {
    if (code_ != SQLITE_OK) return code_;
    return file()->pMethods->xRead(file(), out.data(), static_cast<int>(N), 0);
  }

 private:
  sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(memory_.data()); }

  std::vector<std::max_align_t> memory_;  // More than szOsFile bytes, aligned.
  FileName name_;
  int code_ = SQLITE_OK;
};

/// The name by which SQLite itself will open the file.
int full_path(sqlite3_vfs* vfs, const std::string& path, std::string& out) {
  std::string full(static_cast<std::size_t>(vfs->mxPathname) + 1, '\0');
  const int code =
      vfs->xFullPathname(vfs, path.c_str(), static_cast<int>(full.size()), full.data());
  out = full.c_str();
  return code == SQLITE_OK_SYMLINK ? SQLITE_OK : code;
}

int exists(sqlite3_vfs* vfs, const std::string& path, bool& out) {
  int found = 0;
  const int code = vfs->xAccess(vfs, path.c_str(), SQLITE_ACCESS_EXISTS, &found);
  out = found != 0;
  return code;
}

/// True if a rollback journal beside the file says that it was empty before: SQLite will empty it
/// again. Format: SQLite's file format, section 3, the rollback journal.
bool creation_was_interrupted(sqlite3_vfs* vfs, const std::string& path) {
  constexpr std::array<unsigned char, 8> kMagic = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
  const std::string journal = path + "-journal";
  bool there = false;
  if (exists(vfs, journal, there) != SQLITE_OK || !there) return false;
  RawFile file(vfs, journal, SQLITE_OPEN_MAIN_JOURNAL);
  std::array<unsigned char, 20> head{};
  if (file.read(head) != SQLITE_OK) return false;
  constexpr std::array<unsigned char, 4> kNoPages = {};
  return std::memcmp(head.data(), kMagic.data(), kMagic.size()) == 0 &&
         std::memcmp(head.data() + 16, kNoPages.data(), kNoPages.size()) == 0;
}

/// `immutable` keeps SQLite from locking, from recovering and from opening a WAL.
std::string immutable_uri(const std::string& path) {
  constexpr std::string_view kPlain =
      "/-._~abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : path) {
    if (kPlain.find(c) != kPlain.npos) {
      uri += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    uri += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return uri + "?immutable=1";
}

std::expected<Found, StoreError> read_identity(const std::string& path, const std::string& vfs) {
  int code = SQLITE_OK;
  const Connection db =
      open_connection(immutable_uri(path), vfs, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, code);
  std::int64_t application = 0;
  if (code == SQLITE_OK) code = query_integer(db.get(), "PRAGMA application_id", application);
  if (code == SQLITE_NOTADB) {
    return std::unexpected(StoreError{StoreError::Kind::foreign,
                                      path + " is no SQLite database, so it is not Tocsin's",
                                      kForeignCure});
  }
  if (code != SQLITE_OK) return std::unexpected(error_of(db.get(), code, "cannot read " + path));
  if (application != kApplicationId) {
    return std::unexpected(StoreError{
        StoreError::Kind::foreign,
        path + " is another program's SQLite database (its application_id is not Tocsin's)",
        kForeignCure});
  }
  std::int64_t min_reader = 0;
  code = query_integer(db.get(), "SELECT min_reader FROM meta", min_reader);
  if (code != SQLITE_OK) return std::unexpected(error_of(db.get(), code, "cannot read " + path));
  if (min_reader > kSchema) return std::unexpected(newer_error(path, min_reader));
  return Found::ours;
}

}  // namespace

std::expected<Found, StoreError> inspect(const std::string& path, const std::string& vfs_name) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(vfs_name.empty() ? nullptr : vfs_name.c_str());
  if (vfs == nullptr) {
    return std::unexpected(StoreError{StoreError::Kind::cannot_open,
                                      "SQLite knows no VFS named \"" + vfs_name + "\"",
                                      "register it first"});
  }
  std::string full;
  bool there = false;
  std::int64_t size = 0;
  int code = full_path(vfs, path, full);
  if (code == SQLITE_OK) code = exists(vfs, full, there);
  if (code == SQLITE_OK && there) code = RawFile(vfs, full, SQLITE_OPEN_MAIN_DB).size(size);
  if (code != SQLITE_OK) return std::unexpected(error_of(nullptr, code, "cannot read " + path));
  if (size == 0 || creation_was_interrupted(vfs, full)) return Found::nothing;
  return read_identity(path, vfs_name);
}

StoreError newer_error(const std::string& path, std::int64_t min_reader) {
  return {StoreError::Kind::newer,
          path + " was written by a newer Tocsin: it needs schema " + std::to_string(min_reader) +
              ", this program knows " + std::to_string(kSchema),
          "install the newer version again, or restore a backup made before the upgrade"};
}

}  // namespace tocsin::store
