#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "store/sqlite.h"

namespace tocsin::store {

/// Readers are refused while the WAL's file is this long, so that a checkpoint can catch up.
inline constexpr std::int64_t kWalBytesMax = 64LL << 20;
inline constexpr int kWriterBusyTimeoutMs = 5'000;

std::string database_path(const std::string& folder);

/// The connection that writes: WAL, every commit synced, no checkpoint but maintain()'s. Creates
/// the tables if `create`. Every setting is read back.
std::expected<Connection, StoreError> open_writer(const std::string& path, const std::string& vfs,
                                                  bool create);
/// A connection that cannot write.
std::expected<Connection, StoreError> open_read_only(const std::string& path,
                                                     const std::string& vfs);

/// The length of the WAL's file; 0 if the connection has not opened it yet. Through SQLite, so
/// that it works on any VFS.
std::int64_t wal_file_bytes(sqlite3*);

}  // namespace tocsin::store
