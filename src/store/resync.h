#pragma once

#include <string>

namespace tocsin::store {

/// Makes what a process finds in the log of `database` durable, or fails: an SQLite result code.
///
/// After a failed sync the kernel may call pages clean that never reached the disk. A process that
/// starts then reads them, SQLite appends behind them, and no later sync writes them again: a power
/// cut would cost every commit behind the gap. So, before SQLite opens the log, its bytes are
/// written over themselves and synced. Nothing changes that could be torn.
int resync_log(const std::string& database, const std::string& vfs);

}  // namespace tocsin::store
