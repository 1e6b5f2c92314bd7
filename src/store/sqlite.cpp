#include "store/sqlite.h"

#include <cerrno>
#include <limits>

namespace tocsin::store {
namespace {

void put_big_endian(std::uint64_t value, char* to) {
  for (int i = 7; i >= 0; --i) {
    to[i] = static_cast<char>(value & 0xFF);
    value >>= 8;
  }
}

std::uint64_t get_big_endian(const unsigned char* from) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | from[i];
  return value;
}

struct Advice {
  StoreError::Kind kind;
  const char* cure;
};

Advice advice_for(int code) {
  using Kind = StoreError::Kind;
  switch (code & 0xFF) {
    case SQLITE_NOTADB:
      return {Kind::foreign, kForeignCure};
    case SQLITE_CORRUPT:
    case SQLITE_ERROR:  // A table or column is not there.
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
      return {Kind::damaged, kDamagedCure};
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return {Kind::cannot_open, "the folder and its files must belong to the user Tocsin runs as"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Kind::io, "another program holds the store busy; end it, or try again"};
    case SQLITE_FULL:
      return {Kind::io, "free some space on the file system of storage.path"};
    case SQLITE_INTERRUPT:
    case SQLITE_TOOBIG:
      return {Kind::io, "ask for less: a narrower filter or a lower limit"};
    default:
      return {Kind::io, "look for errors of the disk in the kernel's log"};
  }
}

}  // namespace

std::array<char, 16> key_bytes(const Key& key) {
  std::array<char, 16> out;
  put_big_endian(key.high, out.data());
  put_big_endian(key.low, out.data() + 8);
  return out;
}

void CloseConnection::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

Connection open_connection(const std::string& path, const std::string& vfs, int flags, int& code) {
  // Counting its own memory would cost a lock for each allocation. Before the first use, or not at
  // all.
  [[maybe_unused]] static const int kNoMemoryStatistics =
      sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  sqlite3* raw = nullptr;
  code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                         vfs.empty() ? nullptr : vfs.c_str());
  Connection db(raw);
  if (code == SQLITE_OK) {
    code = sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  return db;
}

int execute(sqlite3* db, const char* sql) {
  return sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
}

StoreError error_of(sqlite3* db, int code, const std::string& doing) {
  const Advice advice = advice_for(code);
  std::string problem = doing + ": " + sqlite3_errstr(code);
  if ((code & 0xFF) == SQLITE_INTERRUPT) problem = doing + ": it took too long";
  // SQLite's own sentence says more, but only if the connection's last failure was this one.
  if (db != nullptr && sqlite3_extended_errcode(db) == code) {
    const std::string_view more = sqlite3_errmsg(db);
    if (more != sqlite3_errstr(code)) problem += " (" + std::string(more) + ")";
  }
  return {advice.kind, std::move(problem), advice.cure};
}

bool is_lack_of_space(sqlite3* db, int code) {
  if ((code & 0xFF) == SQLITE_FULL) return true;
  // SQLite's own VFS knows only ENOSPC; a quota arrives as a failed write. Never a failed sync.
  return code == SQLITE_IOERR_WRITE && sqlite3_system_errno(db) == EDQUOT;
}

std::uint32_t Row::number32() {
  const std::int64_t value = integer();
  if (value < 0 || value > std::numeric_limits<std::uint32_t>::max()) ok_ = false;
  return static_cast<std::uint32_t>(value);
}

std::uint16_t Row::number16() {
  const std::int64_t value = integer();
  if (value < 0 || value > std::numeric_limits<std::uint16_t>::max()) ok_ = false;
  return static_cast<std::uint16_t>(value);
}

Duration Row::duration() {
  const std::int64_t milliseconds = integer();
  if (milliseconds > kMillisecondsMax || milliseconds < -kMillisecondsMax) {
    ok_ = false;
    return {};
  }
  return Duration(milliseconds);
}

std::optional<Instant> Row::maybe_instant() {
  if (!is_null()) return instant();
  skip();
  return std::nullopt;
}

Instant Row::instant_or_max() {
  if (!is_null()) return instant();
  skip();
  return Instant::max();
}

std::string_view Row::text() {
  const int column = at_++;
  const unsigned char* bytes = sqlite3_column_text(statement_, column);
  if (bytes == nullptr) return {};
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return {reinterpret_cast<const char*>(bytes), size};
}

Key Row::key() {
  const int column = at_++;
  const void* bytes = sqlite3_column_blob(statement_, column);
  if (bytes == nullptr || sqlite3_column_bytes(statement_, column) != 16) {
    ok_ = false;
    return {};
  }
  const auto* from = static_cast<const unsigned char*>(bytes);
  return {get_big_endian(from), get_big_endian(from + 8)};
}

Severity Row::severity() {
  const auto severity = parse_severity(text());
  if (!severity) ok_ = false;
  return severity.value_or(Severity::sev1);
}

int Statement::prepare(sqlite3* db, std::string_view sql) {
  sqlite3_finalize(statement_);
  statement_ = nullptr;
  return sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                            &statement_, nullptr);
}

Statement& Statement::text(std::string_view value) {
  // A null pointer would bind NULL.
  const char* bytes = value.data() == nullptr ? "" : value.data();
  note(sqlite3_bind_text64(statement_, ++at_, bytes, value.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Statement& Statement::blob(std::string_view value) {
  note(sqlite3_bind_blob64(statement_, ++at_, value.data(), value.size(), SQLITE_STATIC));
  return *this;
}

int Statement::run() {
  int code = step();
  while (code == SQLITE_ROW) code = step();
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

int Statement::step() {
  int code = bound_ == SQLITE_OK ? sqlite3_step(statement_) : bound_;
  if (code != SQLITE_ROW) reset();
  return code;
}

void Statement::reset() {
  sqlite3_reset(statement_);
  at_ = 0;
  bound_ = SQLITE_OK;
}

namespace {

/// After the one row: a change of the journal mode tells the new one first, and is committed then.
int end_after_row(Statement& statement) {
  const int code = statement.step();
  if (code == SQLITE_ROW) return SQLITE_ERROR;
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

}  // namespace

int query_integer(sqlite3* db, const char* sql, std::int64_t& out) {
  Statement statement;
  if (const int code = statement.prepare(db, sql); code != SQLITE_OK) return code;
  const int code = statement.step();
  if (code != SQLITE_ROW) return code == SQLITE_DONE ? SQLITE_ERROR : code;
  out = statement.row().integer();
  return end_after_row(statement);
}

int query_text(sqlite3* db, const char* sql, std::string& out) {
  Statement statement;
  if (const int code = statement.prepare(db, sql); code != SQLITE_OK) return code;
  const int code = statement.step();
  if (code != SQLITE_ROW) return code == SQLITE_DONE ? SQLITE_ERROR : code;
  out = statement.row().text();
  return end_after_row(statement);
}

}  // namespace tocsin::store
