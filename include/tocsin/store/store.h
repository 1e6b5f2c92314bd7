#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tocsin/base/time.h"
#include "tocsin/triage/rows.h"

/// Batches → rows, rows → State. This door is the whole seam towards another database.
namespace tocsin::store {

/// What one commit makes durable. `seq` is contiguous and stored in the same transaction; `epoch`
/// fences a former owner.
struct Batch {
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;
  Now now;
  triage::Rows rows;
  triage::Counters counters;
  std::uint64_t rules_hash = 0;
  triage::Sweep sweep;
  /// True if `rows` or anything else in it must be durable before an answer may leave.
  bool durable = true;
};

enum class Committed : std::uint8_t {
  committed,
  fenced,    ///< Another epoch owns the store: stop.
  unknown,   ///< The transaction may or may not be there: ask `last_seq` after opening again.
  no_space,  ///< Certainly not committed; space was short. The same batch may be tried again.
  failed,    ///< Any other failure: stop the process, the store says what was kept.
};

struct Loaded {
  std::unique_ptr<triage::State> state;
  std::uint64_t seq = 0;
  std::uint64_t epoch = 0;  ///< Already raised and stored for this owner.
  Instant last_timeline{};  ///< `now.timeline` of the last batch.
  std::size_t recounted = 0;  ///< Incidents whose rows were behind: see late_rows_above.
};

/// A problem with a place and a cure, for people.
struct StoreError {
  enum class Kind : std::uint8_t { cannot_open, locked, foreign, newer, damaged, io };
  Kind kind = Kind::io;
  std::string problem;
  std::string cure;
};

struct StoreOptions {
  std::string folder;  ///< Holds tocsin.db, its WAL, lock and reserve.
  std::string vfs;     ///< Name of a registered SQLite VFS; "" = the system's.
  bool lock_and_reserve =
      true;  ///< flock and the preallocated 64 MiB file; off on a simulated disk.
  std::uint64_t reserve_bytes = 64ULL << 20;
  /// Of the incidents that only gained new alerts, this many are written with their batch; in a
  /// storm that grows more at once, their rows follow later (a start rebuilds what is missing).
  std::size_t late_rows_above = 64;
};

/// A body that could not be read, or in which alerts were refused.
struct RejectedBody {
  std::uint64_t id = 0;  ///< Given by the store.
  Instant at{};          ///< Wall clock.
  std::string source;
  std::string reason;         ///< "malformed", "wrong_type", …: of the first problem.
  std::uint64_t offset = 0;   ///< Byte where reading ended; 0 if it is not known.
  std::uint64_t refused = 0;  ///< Alerts; 0: the whole body.
  std::string problems;       ///< JSON: [{"index","at","problem"},…], the first ones.
  std::uint64_t bytes = 0;    ///< As it was sent.
  std::uint64_t kept = 0;     ///< Of them; read only.
  bool masked = false;        ///< The body is not what was sent: secrets in it were masked.
  std::string body;           ///< Secrets masked. Empty in lists.
};

class Reader;

/// The writer: the only connection that writes and checkpoints. Used by one thread at a time.
class Store {
 public:
  virtual ~Store() = default;
  virtual Committed commit(const Batch&) = 0;
  /// Called within commit() when the rows are written and only the disk is waited for.
  virtual void on_written(std::function<void()>) = 0;
  /// Rebuilds State from rows and claims the next epoch.
  virtual std::expected<Loaded, StoreError> load() = 0;
  /// 32 random bytes made when the store was created: identity keys derive from it.
  virtual std::string secret() const = 0;

  /// Remembers a policy's files as the last good one. Durable on return.
  virtual std::expected<void, StoreError> save_policy(std::uint64_t rules_hash,
                                                      const std::vector<triage::PolicyFile>&,
                                                      Instant wall) = 0;
  /// The files of the last good policy; empty if there never was one.
  virtual std::expected<std::vector<triage::PolicyFile>, StoreError> last_policy() = 0;

  /// Keeps these besides the newest ones there are: 1,000, at most 64 MiB. Durable on return.
  virtual std::expected<void, StoreError> keep_rejected(const std::vector<RejectedBody>&) = 0;

  /// Work for a gap between commits: a passive checkpoint at 4-8 MiB of WAL, old rows in steps of
  /// at most 5 ms. True if there is more to do.
  virtual bool maintain(Now, Duration keep_events, Duration keep_incidents) = 0;

  virtual std::uint64_t wal_bytes() const = 0;
  /// Bytes free for the store's file system; the reserve file is not counted.
  virtual std::uint64_t free_bytes() const = 0;
  /// Deletes the reserve so that a commit can go on; made again by maintain() when space is back.
  virtual bool release_reserve() = 0;

  /// A reader of the same store. Any thread; it may outlive this object.
  virtual std::expected<std::unique_ptr<Reader>, StoreError> open_reader() const = 0;
};

/// Opens or creates the store. Never overwrites a file it does not know: a foreign, damaged or
/// newer file is refused untouched.
std::expected<std::unique_ptr<Store>, StoreError> open_sqlite(const StoreOptions&);

// ---- Backup ----

/// What a backup holds.
struct BackupReport {
  std::uint64_t seq = 0;     ///< Of the last batch in it.
  std::uint64_t digest = 0;  ///< triage::durable_digest of the state it loads as.
  std::uint64_t bytes = 0;
};
using CopyProgress = std::function<void(std::uint64_t pages_done, std::uint64_t pages)>;

/// Writes the store in `options.folder` as of one moment into one file of mode 0600, whether or not
/// a daemon runs on it: it holds no writer up, and gives way when the log would grow for its sake.
/// The copy is checked and loaded before it gets its name; it takes the place of an older backup and
/// of nothing else. Sleeps between tries; durable on return.
std::expected<BackupReport, StoreError> back_up(const StoreOptions&, const std::string& file,
                                                const CopyProgress&);

/// The way back: into a folder that holds no store and that no daemon uses. The same checks, and the
/// state must be the one the backup was made of. Durable on return.
std::expected<BackupReport, StoreError> restore(const std::string& file, const StoreOptions&,
                                                const CopyProgress&);

// ---- Queries for readers ----

struct AlertRow {
  AlertId id;
  Key key;
  std::string fingerprint;
  std::string source;
  IdentityBy identity_by = IdentityBy::labels;
  std::string identity_value;
  Labels labels;  ///< As sent.
  Labels annotations;
  std::string generator_url;
  triage::AlertStatus status;
};

struct AlertQuery {
  std::optional<triage::AlertState> state;  ///< Nothing: firing and resolved.
  std::string source;                       ///< "": any.
  std::uint64_t before = 0;                 ///< Cursor: ids below it; 0 = from the newest.
  std::size_t limit = 100;                  ///< At most 1,000.
  IncidentId incident;                      ///< 0: any.
};

struct IncidentQuery {
  std::vector<triage::IncidentState> states;  ///< Empty: all.
  std::vector<Severity> severities;
  std::vector<std::string> services, teams;
  std::optional<Instant> since;  ///< detected_at not before.
  std::uint64_t before = 0;
  std::size_t limit = 100;
};

/// One read-only connection. Used by one thread at a time; each call is one read transaction of at
/// most 250 ms. Newest first. Results hold what was committed.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual std::expected<std::vector<triage::Incident>, StoreError> incidents(
      const IncidentQuery&) = 0;
  virtual std::expected<std::optional<triage::Incident>, StoreError> incident(IncidentId) = 0;
  virtual std::expected<std::vector<triage::TimelineEntry>, StoreError> timeline(
      IncidentId, std::size_t limit) = 0;
  virtual std::expected<std::vector<AlertRow>, StoreError> alerts(const AlertQuery&) = 0;
  virtual std::expected<std::vector<triage::Page>, StoreError> pages(IncidentId) = 0;
  /// Without their bodies; ids below `before`, 0 = from the newest.
  virtual std::expected<std::vector<RejectedBody>, StoreError> rejected(std::uint64_t before,
                                                                        std::size_t limit) = 0;
  virtual std::expected<std::optional<RejectedBody>, StoreError> rejected_body(
      std::uint64_t id) = 0;
  /// The rules files that were in force under this hash; empty if they are not kept any more.
  virtual std::expected<std::vector<triage::PolicyFile>, StoreError> policy_files(
      std::uint64_t rules_hash) = 0;
};
}  // namespace tocsin::store
