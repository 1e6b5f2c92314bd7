#pragma once

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tocsin/alert/identity.h"
#include "tocsin/alert/severity.h"
#include "tocsin/base/time.h"
#include "tocsin/store/store.h"

/// SQLite's C interface with owners and types. Result codes stay SQLite's own, extended ones.
namespace tocsin::store {

struct CloseConnection {
  void operator()(sqlite3*) const;
};
using Connection = std::unique_ptr<sqlite3, CloseConnection>;

/// Opens with extended result codes, without SQLite's own mutex and without the checkpoint that a
/// last connection makes when it closes: only Store::maintain() checkpoints. On failure the result
/// code is in `code` and the connection may be null.
Connection open_connection(const std::string& path, const std::string& vfs, int flags, int& code);

/// What to do about a damaged store, wherever the damage shows.
inline constexpr const char* kDamagedCure =
    "keep its files: move tocsin.db and what begins with tocsin.db- to another folder; then "
    "`tocsin "
    "restore FILE` brings the last backup back, and without one an empty folder begins anew";

/// The same of a file that is not known, which may be a store whose first bytes are gone.
inline constexpr const char* kForeignCure =
    "point storage.path at another folder; if this was Tocsin's store, it is damaged: move the "
    "file "
    "away, keep it, and bring the last backup back with `tocsin restore FILE`";

/// Runs statements that return nothing.
[[nodiscard]] int execute(sqlite3*, const char* sql);

/// What went wrong, with the kind and the cure that fit the result code. `doing` says at what:
/// "cannot read <path>".
StoreError error_of(sqlite3*, int code, const std::string& doing);

/// True for a lack of space: SQLITE_FULL, or a write that met a quota.
bool is_lack_of_space(sqlite3*, int code);

/// 73 million years: more stands in damaged rows only, and sums of it would overflow.
inline constexpr std::int64_t kMillisecondsMax = std::int64_t{1} << 61;

/// A key as columns hold it: 16 bytes, the high ones first.
std::array<char, 16> key_bytes(const Key&);

/// One row of a result, read from left to right. What does not fit its type makes the row not ok().
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  std::int64_t integer() { return sqlite3_column_int64(statement_, at_++); }
  std::uint64_t number() { return static_cast<std::uint64_t>(integer()); }
  std::uint32_t number32();
  std::uint16_t number16();
  bool flag() { return integer() != 0; }
  Instant instant() { return Instant(duration()); }
  Duration duration();  ///< Of at most kMillisecondsMax, forward or back.
  std::optional<Instant> maybe_instant();
  Instant instant_or_max();  ///< NULL is the instant that never comes.
  /// Valid until the statement moves on. NULL is "".
  std::string_view text();
  std::string string() { return std::string(text()); }
  Key key();
  Severity severity();
  template <class Enum>
  Enum enumeration(Enum last) {
    const std::int64_t value = integer();
    if (value < 0 || value > static_cast<std::int64_t>(last)) ok_ = false;
    return ok_ ? static_cast<Enum>(value) : Enum{};
  }
  bool is_null() const { return sqlite3_column_type(statement_, at_) == SQLITE_NULL; }
  void skip(int columns = 1) { at_ += columns; }
  void refuse() { ok_ = false; }
  bool ok() const { return ok_; }

 private:
  sqlite3_stmt* statement_;
  int at_ = 0;
  bool ok_ = true;
};

/// A prepared statement whose parameters are bound from left to right. Texts are not copied: they
/// must stay until run() or reset().
class Statement {
 public:
  Statement() = default;
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(Statement&& other) noexcept : statement_(other.statement_), at_(other.at_) {
    other.statement_ = nullptr;
  }
  Statement& operator=(Statement&&) = delete;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  [[nodiscard]] int prepare(sqlite3*, std::string_view sql);

  Statement& integer(std::int64_t value) {
    note(sqlite3_bind_int64(statement_, ++at_, value));
    return *this;
  }
  Statement& number(std::uint64_t value) { return integer(static_cast<std::int64_t>(value)); }
  Statement& flag(bool value) { return integer(value ? 1 : 0); }
  Statement& instant(Instant value) { return integer(value.time_since_epoch().count()); }
  Statement& instant(const std::optional<Instant>& value) {
    return value ? instant(*value) : null();
  }
  Statement& instant_or_max(Instant value) {
    return value == Instant::max() ? null() : instant(value);
  }
  Statement& duration(Duration value) { return integer(value.count()); }
  Statement& null() {
    note(sqlite3_bind_null(statement_, ++at_));
    return *this;
  }
  Statement& text(std::string_view);
  Statement& text_or_null(std::string_view value) { return value.empty() ? null() : text(value); }
  Statement& blob(std::string_view);
  Statement& key(const Key& value) {
    key_ = key_bytes(value);
    return blob({key_.data(), key_.size()});
  }
  template <class Enum>
  Statement& enumeration(Enum value) {
    return integer(static_cast<std::int64_t>(value));
  }

  /// Runs to the end and makes the statement ready for the next parameters: SQLITE_OK, or why not.
  [[nodiscard]] int run();
  /// The next row: SQLITE_ROW, SQLITE_DONE (ready for the next parameters) or why not.
  [[nodiscard]] int step();
  Row row() const { return Row(statement_); }
  void reset();

 private:
  void note(int code) {
    if (code != SQLITE_OK) bound_ = code;
  }

  sqlite3_stmt* statement_ = nullptr;
  int at_ = 0;
  int bound_ = SQLITE_OK;  ///< Why a parameter could not be bound.
  std::array<char, 16> key_{};
};

/// Reads one integer, such as a PRAGMA's value.
[[nodiscard]] int query_integer(sqlite3*, const char* sql, std::int64_t& out);
[[nodiscard]] int query_text(sqlite3*, const char* sql, std::string& out);

}  // namespace tocsin::store
