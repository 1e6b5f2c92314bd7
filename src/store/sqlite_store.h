#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/batch_writer.h"
#include "store/folder.h"
#include "store/retention.h"
#include "store/sqlite.h"
#include "tocsin/store/store.h"

namespace tocsin::store {

class SqliteStore final : public Store {
 public:
  static std::expected<std::unique_ptr<Store>, StoreError> open(const StoreOptions&);
  ~SqliteStore() override;

  Committed commit(const Batch&) override;
  void on_written(std::function<void()> call) override { on_written_ = std::move(call); }
  std::expected<Loaded, StoreError> load() override;
  std::string secret() const override { return secret_; }
  std::expected<void, StoreError> save_policy(std::uint64_t rules_hash,
                                              const std::vector<triage::PolicyFile>&,
                                              Instant wall) override;
  std::expected<std::vector<triage::PolicyFile>, StoreError> last_policy() override;
  std::expected<void, StoreError> keep_rejected(const std::vector<RejectedBody>&) override;
  bool maintain(Now, Duration keep_events, Duration keep_incidents) override;
  std::uint64_t wal_bytes() const override;
  std::uint64_t free_bytes() const override;
  bool release_reserve() override;
  std::expected<std::unique_ptr<Reader>, StoreError> open_reader() const override;

 private:
  /// How a transaction ended. `committing`: it failed while committing, so that the disk may hold
  /// it nevertheless.
  struct Ended {
    int code = SQLITE_OK;
    bool committing = false;
  };

  SqliteStore(const StoreOptions&, std::optional<Folder>, std::string path, Connection);
  [[nodiscard]] int prepare();
  template <class Work>
  Ended transact(Work work);
  void roll_back(int code);
  int write_meta(const Batch&);
  int read_owner(std::uint64_t& epoch, std::uint64_t& seq);
  int check_owner();
  std::expected<Loaded, StoreError> try_load(bool& short_of_space);
  void checkpoint_if_due();
  bool retain(Instant now, Duration keep_events, Duration keep_incidents);
  static int count_frames(void* store, sqlite3*, const char*, int frames);

  StoreOptions options_;
  std::optional<Folder> folder_;
  std::string path_;
  Connection db_;  // Before everything prepared with it.
  bool real_disk_;
  BatchWriter writer_;
  std::shared_ptr<Heads> heads_ = std::make_shared<Heads>();
  Retention retention_;
  std::function<void()> on_written_;
  Statement begin_;
  Statement commit_;
  Statement rollback_;
  Statement write_meta_;
  Statement read_owner_;
  std::string secret_;
  std::uint64_t epoch_ = 0;  ///< What the store must hold for this to be its owner.
  bool fenced_ = false;      ///< Another owner was seen: nothing more is written.
  bool broken_ = false;      ///< A write failed: what the disk holds is unknown.
  std::uint64_t frame_bytes_ = 0;
  std::uint64_t frames_ = 0;        ///< In the WAL.
  std::uint64_t checkpointed_ = 0;  ///< Of them, those that are in the database too.
};

}  // namespace tocsin::store
