#include "store/sqlite_store.h"

#include <limits>
#include <utility>

#include "store/connection.h"
#include "store/inspect.h"
#include "store/load.h"
#include "store/policy_files.h"
#include "store/reader.h"
#include "store/rejected_bodies.h"
#include "store/resync.h"
#include "store/schema.h"
#include "tocsin/base/check.h"

namespace tocsin::store {
namespace {

constexpr std::uint64_t kCheckpointBytes = 4ULL << 20;
constexpr std::uint64_t kFrameHeaderBytes = 24;  // Source: SQLite's file format, section 4.1.
/// Beside SQLite's own codes: another epoch is in the store.
constexpr int kFenced = -1;

StoreError not_owner(const std::string& path) {
  return {StoreError::Kind::locked, "another Tocsin has taken over the store " + path,
          "let only one of them run"};
}

}  // namespace

std::expected<std::unique_ptr<Store>, StoreError> SqliteStore::open(const StoreOptions& options) {
  std::optional<Folder> folder;
  if (options.lock_and_reserve) {
    auto claimed = Folder::claim(options.folder, options.reserve_bytes);
    if (!claimed) return std::unexpected(claimed.error());
    folder.emplace(std::move(*claimed));
  }
  const std::string path = database_path(options.folder);
  const auto found = inspect(path, options.vfs);
  if (!found) return std::unexpected(found.error());
  const bool create = *found == Found::nothing;
  const bool real_disk = options.lock_and_reserve && options.vfs.empty();
  if (create && real_disk) {
    if (auto made = folder->make_private(path); !made) return std::unexpected(made.error());
  }
  if (const int code = resync_log(path, options.vfs); code != SQLITE_OK) {
    return std::unexpected(error_of(nullptr, code, "cannot sync the log of " + path));
  }
  auto db = open_writer(path, options.vfs, create);
  if (!db) return std::unexpected(db.error());
  std::unique_ptr<SqliteStore> store(
      new SqliteStore(options, std::move(folder), path, std::move(*db)));
  if (const int code = store->prepare(); code != SQLITE_OK) {
    store->broken_ = true;
    return std::unexpected(error_of(store->db_.get(), code, "cannot read " + path));
  }
  return store;
}

SqliteStore::SqliteStore(const StoreOptions& options, std::optional<Folder> folder,
                         std::string path, Connection db)
    : options_(options),
      folder_(std::move(folder)),
      path_(std::move(path)),
      db_(std::move(db)),
      real_disk_(options.lock_and_reserve && options.vfs.empty()),
      writer_(options.late_rows_above) {}

SqliteStore::~SqliteStore() {
  if (fenced_ || broken_) return;
  // A short WAL makes for a simple copy of the folder. Whether it works is of no matter.
  sqlite3_busy_timeout(db_.get(), 0);
  sqlite3_wal_checkpoint_v2(db_.get(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
}

int SqliteStore::prepare() {
  sqlite3* db = db_.get();
  int code = writer_.prepare(db);
  if (code == SQLITE_OK) code = retention_.prepare(db);
  if (code == SQLITE_OK) code = begin_.prepare(db, "BEGIN IMMEDIATE");
  if (code == SQLITE_OK) code = commit_.prepare(db, "COMMIT");
  if (code == SQLITE_OK) code = rollback_.prepare(db, "ROLLBACK");
  if (code == SQLITE_OK) code = read_owner_.prepare(db, "SELECT epoch,seq FROM meta");
  if (code == SQLITE_OK) {
    code = write_meta_.prepare(
        db,
        "UPDATE meta SET seq=?2,last_timeline=?3,last_wall=?4,last_alert=?5,last_incident=?6,"
        "last_page=?7,opened_occurrences=?8,late_firings=?9,unknown_resolves=?10,rules_hash=?11,"
        "sweep_kind=?12,sweep_next=?13,sweep_due=?14 WHERE epoch=?1 AND seq=?2-1");
  }
  std::int64_t page_size = 0;
  if (code == SQLITE_OK) code = query_integer(db, "PRAGMA page_size", page_size);
  if (code == SQLITE_OK) code = query_text(db, "SELECT secret FROM meta", secret_);
  if (code == SQLITE_OK && secret_.size() != kSecretBytes) code = SQLITE_CORRUPT;
  std::uint64_t seq = 0;
  if (code == SQLITE_OK) code = read_owner(epoch_, seq);
  if (code != SQLITE_OK) return code;
  frame_bytes_ = static_cast<std::uint64_t>(page_size) + kFrameHeaderBytes;
  frames_ = static_cast<std::uint64_t>(wal_file_bytes(db)) / frame_bytes_;
  sqlite3_wal_hook(db, &SqliteStore::count_frames, this);
  return SQLITE_OK;
}

int SqliteStore::count_frames(void* store, sqlite3*, const char*, int frames) {
  auto* self = static_cast<SqliteStore*>(store);
  self->frames_ = static_cast<std::uint64_t>(frames);
  if (self->frames_ < self->checkpointed_) self->checkpointed_ = 0;  // The log began anew.
  return SQLITE_OK;
}

/// One transaction around `work`, which returns a result code. Afterwards it is committed, rolled
/// back, or the store is broken.
template <class Work>
SqliteStore::Ended SqliteStore::transact(Work work) {
  Ended ended{begin_.run()};
  if (ended.code == SQLITE_OK) ended.code = work();
  if (ended.code == SQLITE_OK) {
    ended.committing = true;
    ended.code = commit_.run();
  }
  if (ended.code != SQLITE_OK) roll_back(ended.code);
  return ended;
}

void SqliteStore::roll_back(int code) {
  fenced_ = fenced_ || code == kFenced;
  const bool harmless = code == kFenced || is_lack_of_space(db_.get(), code);
  const bool open = sqlite3_get_autocommit(db_.get()) == 0;
  const bool undone = !open || rollback_.run() == SQLITE_OK;
  writer_.rolled_back();
  // Never tried again on the same file: after a failed sync the kernel may call lost pages clean.
  if (!harmless || !undone) broken_ = true;
}

Committed SqliteStore::commit(const Batch& batch) {
  if (fenced_) return Committed::fenced;
  if (broken_) return Committed::failed;
  const Ended ended = transact([&] {
    int code = write_meta(batch);
    if (code == SQLITE_OK) code = writer_.write(batch.rows);
    if (code == SQLITE_OK && on_written_) on_written_();
    return code;
  });
  if (ended.code == SQLITE_OK) {
    heads_->publish(writer_.committed());
    return Committed::committed;
  }
  if (ended.code == kFenced) return Committed::fenced;
  if (!broken_) return Committed::no_space;
  const bool io = (ended.code & 0xFF) == SQLITE_IOERR;
  return ended.committing && io ? Committed::unknown : Committed::failed;
}

int SqliteStore::write_meta(const Batch& batch) {
  const triage::Counters& counters = batch.counters;
  const int code = write_meta_.number(batch.epoch)
                       .number(batch.seq)
                       .instant(batch.now.timeline)
                       .instant(batch.now.wall)
                       .number(counters.last_alert)
                       .number(counters.last_incident)
                       .number(counters.last_page)
                       .number(counters.opened_occurrences)
                       .number(counters.late_firings)
                       .number(counters.unknown_resolves)
                       .number(batch.rules_hash)
                       .enumeration(batch.sweep.kind)
                       .number(batch.sweep.next)
                       .instant(batch.sweep.due)
                       .run();
  if (code != SQLITE_OK || sqlite3_changes(db_.get()) == 1) return code;
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;
  if (const int read = read_owner(epoch, seq); read != SQLITE_OK) return read;
  if (epoch != batch.epoch) return kFenced;
  CHECK(batch.seq == seq + 1);  // Batches are contiguous: one was skipped or comes again.
  return SQLITE_CORRUPT;
}

int SqliteStore::read_owner(std::uint64_t& epoch, std::uint64_t& seq) {
  const int code = read_owner_.step();
  if (code != SQLITE_ROW) return code == SQLITE_DONE ? SQLITE_CORRUPT : code;
  Row row = read_owner_.row();
  epoch = row.number();
  seq = row.number();
  read_owner_.reset();
  return SQLITE_OK;
}

int SqliteStore::check_owner() {
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;
  const int code = read_owner(epoch, seq);
  if (code != SQLITE_OK) return code;
  return epoch == epoch_ ? SQLITE_OK : kFenced;
}

std::expected<Loaded, StoreError> SqliteStore::load() {
  bool short_of_space = false;
  auto loaded = try_load(short_of_space);
  // A start on a full disk: the new epoch is a few bytes.
  if (!loaded && short_of_space && release_reserve()) return try_load(short_of_space);
  return loaded;
}

std::expected<Loaded, StoreError> SqliteStore::try_load(bool& short_of_space) {
  std::expected<Loaded, StoreError> loaded;
  LateChains late;
  const Ended ended = transact([&] {
    loaded = load_rows(db_.get(), path_, late);
    // Whatever was wrong is in `loaded`; nothing has been written.
    if (!loaded) return SQLITE_ABORT;
    ++loaded->epoch;
    loaded->recounted = late.size();
    for (const auto& [incident, last_alert] : late) {
      const int code = writer_.recount(*loaded->state->find(incident), last_alert.value);
      if (code != SQLITE_OK) return code;
    }
    return execute(db_.get(), "UPDATE meta SET epoch=epoch+1");
  });
  short_of_space = !broken_ && ended.code != SQLITE_OK;
  if (!loaded) return loaded;
  if (ended.code != SQLITE_OK) {
    return std::unexpected(error_of(db_.get(), ended.code, "cannot write to " + path_));
  }
  // SQLite, which made the log, takes no notice when the folder that names it cannot be synced.
  if (real_disk_) {
    if (auto synced = folder_->sync(); !synced) return std::unexpected(synced.error());
  }
  epoch_ = loaded->epoch;
  return loaded;
}

std::expected<void, StoreError> SqliteStore::save_policy(
    std::uint64_t rules_hash, const std::vector<triage::PolicyFile>& files, Instant wall) {
  if (fenced_) return std::unexpected(not_owner(path_));
  if (broken_) {
    return std::unexpected(StoreError{StoreError::Kind::io,
                                      "an earlier write to " + path_ + " failed",
                                      "start Tocsin again; the store says what was kept"});
  }
  const Ended ended = transact([&] {
    const int code = check_owner();
    return code == SQLITE_OK ? write_policy(db_.get(), rules_hash, files, wall) : code;
  });
  if (ended.code == SQLITE_OK) return {};
  if (ended.code == kFenced) return std::unexpected(not_owner(path_));
  return std::unexpected(error_of(db_.get(), ended.code, "cannot write the rules to " + path_));
}

std::expected<void, StoreError> SqliteStore::keep_rejected(
    const std::vector<RejectedBody>& bodies) {
  if (fenced_ || broken_) return std::unexpected(not_owner(path_));
  const Ended ended = transact([&] {
    const int code = check_owner();
    return code == SQLITE_OK ? write_rejected(db_.get(), bodies) : code;
  });
  if (ended.code == SQLITE_OK) return {};
  if (ended.code == kFenced) return std::unexpected(not_owner(path_));
  return std::unexpected(error_of(db_.get(), ended.code, "cannot write to " + path_));
}

std::expected<std::vector<triage::PolicyFile>, StoreError> SqliteStore::last_policy() {
  std::vector<triage::PolicyFile> files;
  const int code = read_last_policy(db_.get(), files);
  if (code == SQLITE_OK) return files;
  return std::unexpected(error_of(db_.get(), code, "cannot read the rules from " + path_));
}

bool SqliteStore::maintain(Now now, Duration keep_events, Duration keep_incidents) {
  if (fenced_ || broken_) return false;
  if (folder_) folder_->restore_reserve();
  checkpoint_if_due();
  if (broken_ || !retention_.due(now.timeline)) return false;
  return retain(now.timeline, keep_events, keep_incidents);
}

/// Passive: it waits for nobody and copies as far as the readers let it. A WAL whose file has
/// become so long that readers are refused is cut as well.
void SqliteStore::checkpoint_if_due() {
  const bool cut = wal_file_bytes(db_.get()) >= kWalBytesMax;
  if (!cut && (frames_ - checkpointed_) * frame_bytes_ < kCheckpointBytes) return;
  int frames = 0;
  int done = 0;
  if (cut) sqlite3_busy_timeout(db_.get(), 0);
  int code = sqlite3_wal_checkpoint_v2(db_.get(), "main",
                                       cut ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE,
                                       &frames, &done);
  if (cut) sqlite3_busy_timeout(db_.get(), kWriterBusyTimeoutMs);
  if (code == SQLITE_OK || (code & 0xFF) == SQLITE_BUSY) {
    frames_ = static_cast<std::uint64_t>(frames < 0 ? 0 : frames);
    checkpointed_ = static_cast<std::uint64_t>(done < 0 ? 0 : done);
  } else if (!is_lack_of_space(db_.get(), code)) {
    broken_ = true;
  }
}

bool SqliteStore::retain(Instant now, Duration keep_events, Duration keep_incidents) {
  bool more = false;
  const Ended ended = transact([&] {
    const int code = check_owner();
    return code == SQLITE_OK ? retention_.step(now, keep_events, keep_incidents, more) : code;
  });
  if (ended.code == SQLITE_OK) return more;
  retention_.pause(now);
  return false;
}

std::uint64_t SqliteStore::wal_bytes() const {
  // What is checkpointed in full is overwritten by the next commit.
  return frames_ == checkpointed_ ? 0 : frames_ * frame_bytes_;
}

std::uint64_t SqliteStore::free_bytes() const {
  return real_disk_ ? folder_->free_bytes() : std::numeric_limits<std::int64_t>::max();
}

std::expected<std::unique_ptr<Reader>, StoreError> SqliteStore::open_reader() const {
  return open_sqlite_reader(options_, heads_);
}

bool SqliteStore::release_reserve() { return folder_ && folder_->release_reserve(); }

std::expected<std::unique_ptr<Store>, StoreError> open_sqlite(const StoreOptions& options) {
  return SqliteStore::open(options);
}

}  // namespace tocsin::store
