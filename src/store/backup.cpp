// A copy of the store in one file, made beside a daemon that writes, and the way back.
//
// One read transaction holds the copy's moment. While it lasts no checkpoint can start the log
// anew, so it is given up, and begun again a little later, when the log has grown too far. The
// other ways restart at every commit (SQLite's backup without a transaction) or cannot be
// interrupted (VACUUM INTO).
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>
#include <vector>

#include "store/connection.h"
#include "store/folder.h"
#include "store/inspect.h"
#include "store/load.h"
#include "store/schema.h"
#include "tocsin/store/store.h"

namespace tocsin::store {
namespace {

using Kind = StoreError::Kind;

/// Pages copied before the log is looked at: 1 MiB.
constexpr int kSlicePages = 64;
/// How far the log may grow during the copy; readers are refused at kWalBytesMax.
constexpr std::int64_t kLogGrowthMax = kWalBytesMax / 4;
constexpr int kTries = 5;
constexpr std::chrono::seconds kPause{1};

constexpr const char* kDamagedBackup = "take another backup; keep this one if it is the last";
constexpr const char* kForeignBackup = "name a file that `tocsin backup` made";

std::unexpected<StoreError> fail(Kind kind, std::string problem, std::string cure) {
  return std::unexpected(StoreError{kind, std::move(problem), std::move(cure)});
}

std::unexpected<StoreError> fail_errno(const std::string& doing) {
  const int error = errno;
  return fail(Kind::io, doing + ": " + std::strerror(error),
              "name a file in a folder that exists, has room and may be written to");
}

std::string folder_of(const std::string& file) {
  const std::string parent = std::filesystem::path(file).parent_path().string();
  return parent.empty() ? "." : parent;
}

bool is_there(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0;
}

/// "<file>.partial", locked: what is in the making, and nobody else makes it.
class PartialFile {
 public:
  static std::expected<PartialFile, StoreError> make(const std::string& file) {
    const std::string path = file + ".partial";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return fail_errno("cannot create " + path);
    PartialFile made(path, fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      made.keep_ = true;
      return fail(Kind::locked, "another backup or restore writes " + path, "wait for it to end");
    }
    if (::ftruncate(fd, 0) != 0) return fail_errno("cannot write " + path);
    return made;
  }
  ~PartialFile() {
    if (fd_ < 0) return;
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
      if (!keep_) ::unlink((path_ + suffix).c_str());
    }
    ::close(fd_);
  }
  PartialFile(PartialFile&& other) noexcept
      : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), keep_(other.keep_) {}
  PartialFile& operator=(PartialFile&&) = delete;
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  const std::string& path() const { return path_; }
  /// Durable under its own name. REQUIRES: nobody has it open but us.
  std::expected<void, StoreError> become(const std::string& file) {
    if (::fsync(fd_) != 0) return fail_errno("cannot sync " + path_);
    if (::rename(path_.c_str(), file.c_str()) != 0) return fail_errno("cannot name it " + file);
    keep_ = true;
    const std::string parent = folder_of(file);
    const int folder = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = folder >= 0 && ::fsync(folder) == 0;
    if (folder >= 0) ::close(folder);
    if (!synced) return fail_errno("cannot sync the folder " + parent);
    return {};
  }

 private:
  PartialFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::string path_;
  int fd_;
  bool keep_ = false;
};

/// Who a restored store belongs to. What root makes only root can open, and the daemon is another
/// user: it gets the owner of the storage folder, or of the nearest folder above that is there.
class Heir {
 public:
  /// Looked for before anything is made. Only root has something to give away.
  explicit Heir(const std::string& folder) {
    if (::geteuid() != 0) return;
    std::error_code ignored;
    std::filesystem::path at = std::filesystem::absolute(folder, ignored).lexically_normal();
    if (!at.has_filename()) at = at.parent_path();
    struct stat found {};
    while (::stat(at.c_str(), &found) != 0 && at.has_relative_path()) {
      missing_.push_back(at.string());
      at = at.parent_path();
    }
    owner_ = found.st_uid;
    group_ = found.st_gid;
  }
  /// Gives away the folders that were made since, and the lock in the last of them.
  std::expected<void, StoreError> inherit_folder(const std::string& folder) const {
    for (const std::string& made : missing_) {
      if (auto given = inherit(made); !given) return given;
    }
    return inherit(folder + "/lock");
  }
  /// Only what belongs to root and has one name: whoever owns the folder may have put a link there.
  std::expected<void, StoreError> inherit(const std::string& path) const {
    if (::geteuid() != 0) return {};
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat found {};
    const bool is_known = fd >= 0 && ::fstat(fd, &found) == 0;
    const bool is_ours = found.st_uid == 0 && (S_ISDIR(found.st_mode) ||
                                               (S_ISREG(found.st_mode) && found.st_nlink == 1));
    const bool is_given = is_known && (!is_ours || ::fchown(fd, owner_, group_) == 0);
    const auto failed = is_given ? std::expected<void, StoreError>()
                                 : fail_errno("cannot give " + path + " to its folder's owner");
    if (fd >= 0) ::close(fd);
    return failed;
  }

 private:
  uid_t owner_ = 0;
  gid_t group_ = 0;
  std::vector<std::string> missing_;
};

struct FinishBackup {
  void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
};

enum class Copied : std::uint8_t { whole, log_grew };

/// All pages of one moment.
std::expected<Copied, StoreError> copy_once(sqlite3* from, const std::string& path, sqlite3* to,
                                            const CopyProgress& progress) {
  const auto failed = [&](sqlite3* db, int code) {
    return std::unexpected(error_of(db, code, "cannot copy " + path));
  };
  std::int64_t ignored = 0;
  int code = execute(from, "BEGIN");
  if (code == SQLITE_OK) code = query_integer(from, "SELECT seq FROM meta", ignored);
  if (code != SQLITE_OK) return failed(from, code);
  const std::int64_t log_at_first = wal_file_bytes(from);
  std::unique_ptr<sqlite3_backup, FinishBackup> backup(
      sqlite3_backup_init(to, "main", from, "main"));
  if (!backup) return failed(to, sqlite3_extended_errcode(to));
  Copied copied = Copied::whole;
  do {
    code = sqlite3_backup_step(backup.get(), kSlicePages);
    const auto all = static_cast<std::uint64_t>(sqlite3_backup_pagecount(backup.get()));
    const auto left = static_cast<std::uint64_t>(sqlite3_backup_remaining(backup.get()));
    if (progress) progress(all - left, all);
    if (code == SQLITE_OK && wal_file_bytes(from) > log_at_first + kLogGrowthMax) {
      copied = Copied::log_grew;
      break;
    }
  } while (code == SQLITE_OK);
  backup.reset();
  static_cast<void>(execute(from, "ROLLBACK"));
  if (code != SQLITE_OK && code != SQLITE_DONE) return failed(to, code);
  return copied;
}

std::expected<void, StoreError> copy_pages(sqlite3* from, const std::string& path,
                                           const std::string& to_path,
                                           const CopyProgress& progress) {
  for (int tries = 0; tries < kTries; ++tries) {
    if (tries > 0) std::this_thread::sleep_for(kPause);
    int code = SQLITE_OK;
    const Connection to =
        open_connection(to_path, "", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, code);
    // Synced once, at the end, before it gets its name.
    if (code == SQLITE_OK)
      code = execute(to.get(), "PRAGMA synchronous=OFF;PRAGMA journal_mode=OFF");
    if (code != SQLITE_OK) {
      return std::unexpected(error_of(to.get(), code, "cannot write " + to_path));
    }
    const auto copied = copy_once(from, path, to.get(), progress);
    if (!copied) return std::unexpected(copied.error());
    if (*copied == Copied::whole) return {};
  }
  return fail(Kind::io, path + " changes faster than it can be copied",
              "try again in a calmer minute, or onto a faster disk");
}

/// The manifest is a table of the copy alone: what the copy must load as.
int write_manifest(sqlite3* db, const BackupReport& report) {
  int code = execute(db,
                     "DROP TABLE IF EXISTS backup_manifest;"
                     "CREATE TABLE backup_manifest (one INTEGER PRIMARY KEY CHECK (one = 1),"
                     " schema INTEGER NOT NULL, seq INTEGER NOT NULL, digest INTEGER NOT NULL)"
                     " STRICT");
  Statement insert;
  if (code == SQLITE_OK) {
    code = insert.prepare(db, "INSERT INTO backup_manifest VALUES(1,?,?,?)");
  }
  if (code != SQLITE_OK) return code;
  return insert.integer(kSchema).number(report.seq).number(report.digest).run();
}

struct Manifest {
  std::int64_t schema = 0;
  BackupReport report;
};

std::expected<Manifest, StoreError> read_manifest(sqlite3* db, const std::string& path) {
  Statement read;
  if (read.prepare(db, "SELECT schema,seq,digest FROM backup_manifest") != SQLITE_OK ||
      read.step() != SQLITE_ROW) {
    return fail(Kind::foreign, path + " was not made by tocsin backup: it has no manifest",
                kForeignBackup);
  }
  Row row = read.row();
  Manifest manifest;
  manifest.schema = row.integer();
  manifest.report.seq = row.number();
  manifest.report.digest = row.number();
  return manifest;
}

std::expected<void, StoreError> check_pages(sqlite3* db, const std::string& path) {
  std::string verdict;
  const int code = query_text(db, "PRAGMA integrity_check(1)", verdict);
  if (code != SQLITE_OK) return std::unexpected(error_of(db, code, "cannot read " + path));
  if (verdict == "ok") return {};
  return fail(Kind::damaged, path + " is damaged: " + verdict, "use an older backup");
}

/// What the state that it loads as is: read, not changed.
std::expected<BackupReport, StoreError> measure(sqlite3* db, const std::string& path) {
  if (const int code = execute(db, "BEGIN"); code != SQLITE_OK) {
    return std::unexpected(error_of(db, code, "cannot read " + path));
  }
  LateChains late;
  const auto loaded = load_rows(db, path, late);
  static_cast<void>(execute(db, "ROLLBACK"));
  if (!loaded) return std::unexpected(loaded.error());
  return BackupReport{loaded->seq, triage::durable_digest(*loaded->state), 0};
}

/// One file without a log beside it, whose name may change.
int leave_wal(sqlite3* db) {
  std::string mode;
  const int code = query_text(db, "PRAGMA journal_mode=DELETE", mode);
  return code == SQLITE_OK && mode != "delete" ? SQLITE_BUSY : code;
}

/// The copy is opened as a start would open it, and must be whole.
std::expected<BackupReport, StoreError> verify_and_sign(const std::string& path) {
  auto db = open_writer(path, "", false);
  if (!db) return std::unexpected(db.error());
  if (auto whole = check_pages(db->get(), path); !whole) return std::unexpected(whole.error());
  auto report = measure(db->get(), path);
  if (!report) return report;
  int code = write_manifest(db->get(), *report);
  if (code == SQLITE_OK) code = leave_wal(db->get());
  if (code != SQLITE_OK) {
    return std::unexpected(error_of(db->get(), code, "cannot write " + path));
  }
  return report;
}

/// `path` is a copy of the backup `file`, which is what people know.
std::expected<BackupReport, StoreError> verify_and_unsign(const std::string& path,
                                                          const std::string& file,
                                                          const Manifest& manifest) {
  auto db = open_writer(path, "", false);
  if (!db) return std::unexpected(db.error());
  if (auto whole = check_pages(db->get(), file); !whole) return std::unexpected(whole.error());
  auto report = measure(db->get(), file);
  if (!report) return report;
  // Tables of an older schema may load as a state with more to it, which has another digest.
  const bool comparable = manifest.schema == kSchema;
  if (report->seq != manifest.report.seq ||
      (comparable && report->digest != manifest.report.digest)) {
    return fail(Kind::damaged, file + " does not load as what it was made of", kDamagedBackup);
  }
  int code = execute(db->get(), "DROP TABLE backup_manifest");
  if (code == SQLITE_OK) code = leave_wal(db->get());
  if (code != SQLITE_OK) {
    return std::unexpected(error_of(db->get(), code, "cannot write " + path));
  }
  return report;
}

/// What is wrong with a backup's file is not cured by moving the store away.
StoreError about_backup(StoreError error) {
  if (error.kind == Kind::damaged) error.cure = kDamagedBackup;
  if (error.kind == Kind::foreign) error.cure = kForeignBackup;
  return error;
}

/// A backup may take the place of an older one, and of nothing else.
std::expected<void, StoreError> check_target(const StoreOptions& options, const std::string& file) {
  std::error_code ignored;
  if (std::filesystem::equivalent(folder_of(file), options.folder, ignored)) {
    return fail(Kind::foreign, file + " would be in the folder of the store itself",
                "name a file in another folder, best on another disk");
  }
  if (!is_there(file)) return {};
  int code = SQLITE_OK;
  const Connection old = open_connection(file, "", SQLITE_OPEN_READONLY, code);
  std::int64_t application = 0;
  if (code == SQLITE_OK) code = query_integer(old.get(), "PRAGMA application_id", application);
  if (code == SQLITE_OK && application == kApplicationId && read_manifest(old.get(), file)) {
    return {};
  }
  return fail(Kind::foreign, file + " is there and no backup of Tocsin; it is left alone",
              "name another file");
}

std::uint64_t bytes_of(const std::string& path) {
  std::error_code ignored;
  const auto bytes = std::filesystem::file_size(path, ignored);
  return ignored ? 0 : bytes;
}

}  // namespace

std::expected<BackupReport, StoreError> back_up(const StoreOptions& options,
                                                const std::string& file,
                                                const CopyProgress& progress) {
  const std::string database = database_path(options.folder);
  const auto found = inspect(database, "");
  if (!found) return std::unexpected(found.error());
  if (*found == Found::nothing) {
    return fail(Kind::cannot_open, "there is no store in " + options.folder,
                "name the configuration of the daemon with --config");
  }
  if (auto fine = check_target(options, file); !fine) return std::unexpected(fine.error());
  const auto from = open_read_only(database, "");
  if (!from) return std::unexpected(from.error());
  auto partial = PartialFile::make(file);
  if (!partial) return std::unexpected(partial.error());
  if (auto copied = copy_pages(from->get(), database, partial->path(), progress); !copied) {
    return std::unexpected(copied.error());
  }
  auto report = verify_and_sign(partial->path());
  if (!report) return report;
  report->bytes = bytes_of(partial->path());
  if (auto named = partial->become(file); !named) return std::unexpected(named.error());
  return report;
}

std::expected<BackupReport, StoreError> restore(const std::string& file,
                                                const StoreOptions& options,
                                                const CopyProgress& progress) {
  const auto found = inspect(file, "");
  if (!found) return std::unexpected(about_backup(found.error()));
  if (*found == Found::nothing) {
    return fail(Kind::cannot_open, "there is no backup " + file, "name a file that is there");
  }
  int code = SQLITE_OK;
  const Connection from = open_connection(file, "", SQLITE_OPEN_READONLY, code);
  if (code != SQLITE_OK) {
    return std::unexpected(about_backup(error_of(from.get(), code, "cannot read " + file)));
  }
  const auto manifest = read_manifest(from.get(), file);
  if (!manifest) return std::unexpected(manifest.error());
  const Heir heir(options.folder);
  // From here on no daemon can start on the folder.
  const auto folder = Folder::claim(options.folder, 0);
  if (!folder) return std::unexpected(folder.error());
  if (auto given = heir.inherit_folder(options.folder); !given) {
    return std::unexpected(given.error());
  }
  const std::string database = database_path(options.folder);
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    if (!is_there(database + suffix)) continue;
    return fail(Kind::foreign, options.folder + " holds a store already; it is left alone",
                "move its tocsin.db* files away, or point storage.path at an empty folder");
  }
  auto partial = PartialFile::make(database);
  if (!partial) return std::unexpected(partial.error());
  if (auto copied = copy_pages(from.get(), file, partial->path(), progress); !copied) {
    return std::unexpected(about_backup(copied.error()));
  }
  auto report = verify_and_unsign(partial->path(), file, *manifest);
  if (!report) return std::unexpected(about_backup(report.error()));
  report->bytes = bytes_of(partial->path());
  if (auto given = heir.inherit(partial->path()); !given) return std::unexpected(given.error());
  if (auto named = partial->become(database); !named) return std::unexpected(named.error());
  return report;
}

}  // namespace tocsin::store
