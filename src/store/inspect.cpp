#include "store/inspect.h"

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "store/schema.h"
#include "store/sqlite.h"

namespace tocsin::store {
namespace {

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

  /// The `size` bytes at `offset`; nothing if there are fewer.
  std::string read(std::int64_t offset, std::size_t size) {
    if (code_ != SQLITE_OK) return {};
    std::string bytes(size, '\0');
    const int code = file()->pMethods->xRead(file(), bytes.data(), static_cast<int>(size), offset);
    if (code == SQLITE_OK) return bytes;
    if (code != SQLITE_IOERR_SHORT_READ) code_ = code;
    return {};
  }
  int code() const { return code_; }

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

bool exists(sqlite3_vfs* vfs, const std::string& path, int& code) {
  int found = 0;
  if (code == SQLITE_OK) code = vfs->xAccess(vfs, path.c_str(), SQLITE_ACCESS_EXISTS, &found);
  return code == SQLITE_OK && found != 0;
}

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

// Where things stand in SQLite's files. Source: SQLite's file format, sections 1.3, 3 and 4.
constexpr std::size_t kHeaderBytes = 100;
constexpr std::size_t kApplicationIdAt = 68;
constexpr std::string_view kMagic("SQLite format 3\0", 16);
constexpr std::size_t kJournalHeaderBytes = 28;
constexpr std::string_view kJournalMagic = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7";
constexpr std::int64_t kWalHeaderBytes = 32;
constexpr std::int64_t kFrameHeaderBytes = 24;
constexpr std::uint32_t kWalMagic = 0x377F0682;  // The lowest bit says how checksums are made.

/// The application_id in a first page's header; nothing if the bytes are no such header.
std::optional<std::uint32_t> application_of(std::string_view header) {
  if (header.size() < kHeaderBytes || !header.starts_with(kMagic)) return std::nullopt;
  return big_endian(header, kApplicationIdAt);
}

/// A rollback journal, which is played back when the file is opened.
struct Journal {
  bool there = false;
  bool empties = false;                      ///< It says that the file was empty before.
  std::optional<std::uint32_t> application;  ///< From its copy of the first page.
};

Journal read_journal(sqlite3_vfs* vfs, const std::string& path, int& code) {
  Journal journal;
  if (!exists(vfs, path + "-journal", code)) return journal;
  RawFile file(vfs, path + "-journal", SQLITE_OPEN_MAIN_JOURNAL);
  const std::string head = file.read(0, kJournalHeaderBytes);
  code = file.code();
  if (!head.starts_with(kJournalMagic)) return journal;
  journal.there = true;
  journal.empties = big_endian(head, 16) == 0;
  const std::int64_t first_record = big_endian(head, 20);
  const std::string record = file.read(first_record, 4 + kHeaderBytes);
  code = file.code();
  if (!record.empty() && big_endian(record, 0) == 1) {
    journal.application = application_of(std::string_view(record).substr(4));
  }
  return journal;
}

struct Wal {
  bool has_frames = false;
  std::optional<std::uint32_t> application;  ///< From its newest copy of the first page.
};

Wal read_wal(sqlite3_vfs* vfs, const std::string& path, int& code) {
  Wal wal;
  if (!exists(vfs, path + "-wal", code)) return wal;
  RawFile file(vfs, path + "-wal", SQLITE_OPEN_WAL);
  const std::string head = file.read(0, kWalHeaderBytes);
  code = file.code();
  if (head.empty() || (big_endian(head, 0) & ~1U) != kWalMagic) return wal;
  const std::string_view salts = std::string_view(head).substr(16, 8);
  const std::int64_t step = kFrameHeaderBytes + big_endian(head, 8);
  for (std::int64_t at = kWalHeaderBytes;; at += step) {
    const std::string frame = file.read(at, kFrameHeaderBytes + kHeaderBytes);
    code = file.code();
    if (frame.empty() || std::string_view(frame).substr(8, 8) != salts) return wal;
    wal.has_frames = true;
    if (big_endian(frame, 0) != 1) continue;
    const auto found = application_of(std::string_view(frame).substr(kFrameHeaderBytes));
    if (found) wal.application = found;
  }
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

/// Refuses a file that only a newer program may open. REQUIRES: nothing stands beside it that
/// belongs to it.
std::expected<Found, StoreError> check_min_reader(const std::string& path, const std::string& vfs) {
  int code = SQLITE_OK;
  const Connection db =
      open_connection(immutable_uri(path), vfs, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, code);
  std::int64_t min_reader = 0;
  if (code == SQLITE_OK) code = query_integer(db.get(), "SELECT min_reader FROM meta", min_reader);
  if (code != SQLITE_OK) return std::unexpected(error_of(db.get(), code, "cannot read " + path));
  if (min_reader > kSchema) return std::unexpected(newer_error(path, min_reader));
  return Found::ours;
}

StoreError foreign(const std::string& problem) {
  return {StoreError::Kind::foreign, problem, kForeignCure};
}

/// A power cut in the middle of a checkpoint or of a rolled back transaction may have torn the
/// file; then its WAL or journal holds the first page whole.
std::expected<Found, StoreError> identify(sqlite3_vfs* vfs, const std::string& full,
                                          const std::string& path, const std::string& vfs_name) {
  RawFile file(vfs, full, SQLITE_OPEN_MAIN_DB);
  const std::string header = file.read(0, kHeaderBytes);
  const bool empty = header.empty() && file.read(0, 1).empty();
  int code = file.code();
  const Journal journal = code == SQLITE_OK ? read_journal(vfs, full, code) : Journal{};
  const Wal wal = code == SQLITE_OK ? read_wal(vfs, full, code) : Wal{};
  if (code != SQLITE_OK) return std::unexpected(error_of(nullptr, code, "cannot read " + path));
  if (empty || journal.empties) return Found::nothing;
  auto application = application_of(header);
  if (!application) application = wal.application ? wal.application : journal.application;
  if (!application) {
    return std::unexpected(foreign(path + " is no SQLite database, so it is not Tocsin's"));
  }
  if (*application != kApplicationId) {
    return std::unexpected(foreign(
        path + " is another program's SQLite database (its application_id is not Tocsin's)"));
  }
  // Whoever opens it with its WAL or journal asks for min_reader first of all.
  if (wal.has_frames || journal.there) return Found::ours;
  return check_min_reader(path, vfs_name);
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
  int code = full_path(vfs, path, full);
  const bool there = exists(vfs, full, code);
  if (code != SQLITE_OK) return std::unexpected(error_of(nullptr, code, "cannot read " + path));
  if (!there) return Found::nothing;
  return identify(vfs, full, path, vfs_name);
}

StoreError newer_error(const std::string& path, std::int64_t min_reader) {
  return {StoreError::Kind::newer,
          path + " was written by a newer Tocsin: it needs schema " + std::to_string(min_reader) +
              ", this program knows " + std::to_string(kSchema),
          "install the newer version again, or restore a backup made before the upgrade"};
}

}  // namespace tocsin::store
