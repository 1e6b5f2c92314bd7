#include "store/connection.h"

#include <algorithm>

#include "store/inspect.h"
#include "store/schema.h"

namespace tocsin::store {
namespace {

constexpr int kSynchronousFull = 2;

/// A PRAGMA that is set and then read back.
struct Setting {
  const char* name;
  std::int64_t value;
};

int apply(sqlite3* db, const Setting& setting, std::int64_t& now) {
  const std::string read = std::string("PRAGMA ") + setting.name;
  const std::string set = read + "=" + std::to_string(setting.value);
  if (const int code = execute(db, set.c_str()); code != SQLITE_OK) return code;
  return query_integer(db, read.c_str(), now);
}

std::expected<void, StoreError> apply_all(sqlite3* db, const std::string& path) {
  constexpr Setting kSettings[] = {
      {"synchronous", kSynchronousFull},
      {"wal_autocheckpoint", 0},
      {"journal_size_limit", 16 << 20},  // A WAL that grew beyond is cut when it begins anew.
      {"cache_size", -32'768},           // KiB
      {"temp_store", 2},                 // In memory.
      {"trusted_schema", 0},
      {"cell_size_check", 1},  // Finds damage before it spreads.
      {"secure_delete", 0},
  };
  for (const Setting& setting : kSettings) {
    std::int64_t now = 0;
    const int code = apply(db, setting, now);
    if (code != SQLITE_OK) {
      return std::unexpected(
          error_of(db, code, "cannot set " + std::string(setting.name) + " for " + path));
    }
    if (now == setting.value) continue;
    return std::unexpected(StoreError{
        StoreError::Kind::cannot_open,
        std::string("SQLite does not take ") + setting.name + "=" + std::to_string(setting.value),
        "link the SQLite of Debian 12 or a newer one"});
  }
  return {};
}

std::expected<void, StoreError> use_wal(sqlite3* db, const std::string& path) {
  std::string mode;
  const int code = query_text(db, "PRAGMA journal_mode=WAL", mode);
  if (code != SQLITE_OK) return std::unexpected(error_of(db, code, "cannot open " + path));
  if (mode == "wal") return {};
  return std::unexpected(StoreError{StoreError::Kind::cannot_open,
                                    path + ": its file system cannot hold a WAL (no shared memory)",
                                    "put storage.path on a local file system"});
}

int random_secret(const std::string& vfs_name, std::string& out) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(vfs_name.empty() ? nullptr : vfs_name.c_str());
  if (vfs == nullptr) return SQLITE_CANTOPEN;
  out.assign(kSecretBytes, '\0');
  // The VFS reads the system's generator; a simulated disk gives the same bytes for a seed.
  return vfs->xRandomness(vfs, kSecretBytes, out.data()) == kSecretBytes ? SQLITE_OK
                                                                         : SQLITE_CANTOPEN;
}

int insert_meta(sqlite3* db, const std::string& secret) {
  Statement insert;
  const int code = insert.prepare(
      db,
      "INSERT INTO meta(one,schema,min_reader,secret,epoch,seq,last_timeline,last_wall,last_alert,"
      "last_incident,last_page,opened_occurrences,late_firings,unknown_resolves,rules_hash,"
      "sweep_kind,sweep_next,sweep_due) VALUES(1,?,?,?,0,0,0,0,0,0,0,0,0,0,0,0,0,0)");
  if (code != SQLITE_OK) return code;
  return insert.integer(kSchema).integer(kMinReader).blob(secret).run();
}

/// Tables and application_id appear in one transaction with a rollback journal: after a crash the
/// file is empty or complete. Only then is it switched to WAL.
int create_tables(sqlite3* db, const std::string& vfs) {
  const std::string settings = "PRAGMA page_size=" + std::to_string(kPageSize) +
                               ";PRAGMA journal_mode=DELETE;BEGIN EXCLUSIVE;"
                               "PRAGMA application_id=" +
                               std::to_string(kApplicationId);
  std::string secret;
  int code = random_secret(vfs, secret);
  if (code == SQLITE_OK) code = execute(db, settings.c_str());
  for (const char* step : kSchemaSteps) {
    if (code == SQLITE_OK) code = execute(db, step);
  }
  if (code == SQLITE_OK) code = insert_meta(db, secret);
  if (code == SQLITE_OK) code = execute(db, "COMMIT");
  if (code != SQLITE_OK) return code;
  std::int64_t page_size = 0;
  code = query_integer(db, "PRAGMA page_size", page_size);
  return code == SQLITE_OK && page_size != kPageSize ? SQLITE_CANTOPEN : code;
}

/// Brings a file of an older schema up to ours, in one transaction: additions only, so that an
/// older program whose schema is min_reader or above may still open it.
std::expected<void, StoreError> bring_up(sqlite3* db, const std::string& path) {
  std::int64_t schema = 0;
  int code = query_integer(db, "SELECT schema FROM meta", schema);
  if (code == SQLITE_OK && schema >= kSchema) return {};
  if (code == SQLITE_OK) code = execute(db, "BEGIN IMMEDIATE");
  for (auto next = static_cast<std::size_t>(std::max<std::int64_t>(schema, 1));
       code == SQLITE_OK && next < kSchemaSteps.size(); ++next) {
    code = execute(db, kSchemaSteps[next]);
  }
  const std::string set = "UPDATE meta SET schema=" + std::to_string(kSchema) + ";COMMIT";
  if (code == SQLITE_OK) code = execute(db, set.c_str());
  if (code == SQLITE_OK) return {};
  StoreError error = error_of(db, code, "cannot bring up the tables of " + path);
  if (sqlite3_get_autocommit(db) == 0) static_cast<void>(execute(db, "ROLLBACK"));
  return std::unexpected(std::move(error));
}

/// The folder may be named like one of SQLite's URIs.
std::string plain_path(const std::string& path) {
  return path.starts_with("file:") ? "./" + path : path;
}

std::expected<void, StoreError> check_readable(sqlite3* db, const std::string& path) {
  std::int64_t min_reader = 0;
  const int code = query_integer(db, "SELECT min_reader FROM meta", min_reader);
  if (code != SQLITE_OK) return std::unexpected(error_of(db, code, "cannot read " + path));
  if (min_reader > kSchema) return std::unexpected(newer_error(path, min_reader));
  return {};
}

}  // namespace

std::string database_path(const std::string& folder) { return plain_path(folder) + "/tocsin.db"; }

std::expected<Connection, StoreError> open_writer(const std::string& path, const std::string& vfs,
                                                  bool create) {
  int code = SQLITE_OK;
  const int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
  Connection db = open_connection(path, vfs, flags, code);
  if (code == SQLITE_OK) code = sqlite3_busy_timeout(db.get(), kWriterBusyTimeoutMs);
  // While there is a rollback journal: the folder is synced when it goes, or it could come back
  // after a power cut and undo what it belongs to.
  if (code == SQLITE_OK) code = execute(db.get(), "PRAGMA synchronous=EXTRA");
  if (code == SQLITE_OK && create) code = create_tables(db.get(), vfs);
  if (code != SQLITE_OK) return std::unexpected(error_of(db.get(), code, "cannot open " + path));
  // First of all: the WAL may hold a newer program's last transaction.
  if (auto readable = check_readable(db.get(), path); !readable) {
    return std::unexpected(readable.error());
  }
  if (auto wal = use_wal(db.get(), path); !wal) return std::unexpected(wal.error());
  if (auto set = apply_all(db.get(), path); !set) return std::unexpected(set.error());
  if (auto up = bring_up(db.get(), path); !up) return std::unexpected(up.error());
  return db;
}

std::expected<Connection, StoreError> open_read_only(const std::string& path,
                                                     const std::string& vfs) {
  constexpr int kReaderBusyTimeoutMs = 100;
  int code = SQLITE_OK;
  Connection db = open_connection(path, vfs, SQLITE_OPEN_READONLY, code);
  if (code == SQLITE_OK) code = sqlite3_busy_timeout(db.get(), kReaderBusyTimeoutMs);
  if (code == SQLITE_OK) code = execute(db.get(), "PRAGMA query_only=1;PRAGMA trusted_schema=0");
  if (code != SQLITE_OK) return std::unexpected(error_of(db.get(), code, "cannot open " + path));
  std::int64_t application = 0;
  code = query_integer(db.get(), "PRAGMA application_id", application);
  if (code == SQLITE_OK && application != kApplicationId) code = SQLITE_NOTADB;
  if (code != SQLITE_OK) return std::unexpected(error_of(db.get(), code, "cannot open " + path));
  if (auto readable = check_readable(db.get(), path); !readable) {
    return std::unexpected(readable.error());
  }
  return db;
}

std::int64_t wal_file_bytes(sqlite3* db) {
  sqlite3_file* file = nullptr;
  const int code =
      sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&file));
  if (code != SQLITE_OK || file == nullptr || file->pMethods == nullptr) return 0;
  sqlite3_int64 bytes = 0;
  return file->pMethods->xFileSize(file, &bytes) == SQLITE_OK ? bytes : 0;
}

}  // namespace tocsin::store
