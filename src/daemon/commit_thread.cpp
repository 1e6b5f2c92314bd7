#include "daemon/commit_thread.h"

#include <pthread.h>

#include <cstdlib>
#include <utility>

#include "daemon/clock.h"
#include "tocsin/base/check.h"

namespace tocsin::daemon {

namespace {
constexpr Duration kLookEvery = std::chrono::seconds(1);
constexpr Duration kRetryEvery = std::chrono::seconds(1);

std::string_view name_of(store::Committed result) {
  switch (result) {
    case store::Committed::committed:
      return "committed";
    case store::Committed::fenced:
      return "another process owns the store";
    case store::Committed::unknown:
      return "the outcome of the transaction is unknown";
    case store::Committed::no_space:
      return "no space";
    case store::Committed::failed:
      return "the store failed";
  }
  return "";
}
}  // namespace

CommitThread::CommitThread(Options options) : options_(std::move(options)) {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "commit");
}

CommitThread::~CommitThread() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  something_.notify_one();
  thread_.join();
}

void CommitThread::commit(store::Batch batch) {
  {
    const std::scoped_lock lock(mutex_);
    CHECK(!next_);
    next_.emplace(std::move(batch));
  }
  something_.notify_one();
}

void CommitThread::between_batches(std::function<void(store::Store&)> work) {
  {
    const std::scoped_lock lock(mutex_);
    works_.push_back(std::move(work));
  }
  something_.notify_one();
}

void CommitThread::configure(const config::Settings& settings) {
  between_batches([this, free = settings.min_free, events = settings.keep_events,
                   incidents = settings.keep_incidents](store::Store&) {
    options_.min_free = free;
    options_.keep_events = events;
    options_.keep_incidents = incidents;
  });
}

/// True if a batch, work or the end has come.
bool CommitThread::wait(Duration limit) {
  std::unique_lock lock(mutex_);
  return something_.wait_for(lock, limit,
                             [&] { return next_.has_value() || !works_.empty() || ending_; });
}

void CommitThread::run() {
  for (;;) {
    wait(kLookEvery);
    const Pulse::OnDisk on_disk(*options_.pulse);
    std::optional<store::Batch> batch;
    {
      const std::scoped_lock lock(mutex_);
      batch = std::exchange(next_, std::nullopt);
      if (!batch && ending_) break;
    }
    if (batch) {
      if (!commit_until_done(*batch)) return;
      options_.on_committed();
    }
    work_between_batches();
    look_at_space();
    options_.rejected->write(*options_.store, low_space_, false);
    look_after_store();
  }
  options_.rejected->write(*options_.store, low_space_, true);
}

void CommitThread::work_between_batches() {
  std::vector<std::function<void(store::Store&)>> works;
  {
    const std::scoped_lock lock(mutex_);
    works.swap(works_);
  }
  for (const auto& work : works) work(*options_.store);
}

bool CommitThread::commit_until_done(const store::Batch& batch) {
  const Instant began = wall_now();
  bool told = false;
  for (;;) {
    options_.pulse->beat();
    const store::Committed result = options_.store->commit(batch);
    if (result == store::Committed::committed) break;
    if (result != store::Committed::no_space) {
      // What is on the disk is no longer known here, and a second fsync may report success for lost
      // bytes. Stop; the restart reads what was kept.
      options_.log->write(telemetry::Log::Level::error, "store.failed",
                          {{"problem", std::string(name_of(result))},
                           {"cure", "the daemon stops; a restart reads what was kept"}});
      options_.log->flush();
      std::_Exit(EXIT_FAILURE);
    }
    const bool released = options_.store->release_reserve();
    // At once, and whatever seems free now: the reserve is for what must go on, not for new alerts.
    if (released) reserve_spent_ = store::StoreOptions{}.reserve_bytes;
    note_space(true, options_.store->free_bytes());
    if (!told) {
      options_.log->write(telemetry::Log::Level::error, "store.no_space",
                          {{"reserve", released ? "released" : "already used"},
                           {"cure", "free space on the file system of storage.path"}});
      told = true;
    }
    if (released) continue;
    std::unique_lock lock(mutex_);
    if (something_.wait_for(lock, kRetryEvery, [&] { return ending_; })) return false;
  }
  const std::size_t rows = batch.rows.new_alerts.size() + batch.rows.alerts.size() +
                           batch.rows.incidents.size() + batch.rows.incident_counts.size() +
                           batch.rows.pages.size();
  options_.metrics->committed(rows, wall_now() - began, Duration(0));
  return true;
}

void CommitThread::look_at_space() {
  const std::uint64_t free = options_.store->free_bytes();
  // A tenth more before new alerts are taken again, or the border would flicker; and what the
  // reserve held does not count as free before there is as much besides.
  const std::uint64_t enough = options_.min_free + options_.min_free / 10 + reserve_spent_;
  note_space(low_space_ ? free < enough : free < options_.min_free, free);
}

void CommitThread::note_space(bool low, std::uint64_t free) {
  options_.metrics->store(options_.store->wal_bytes(), free, low);
  if (low == low_space_) return;
  low_space_ = low;
  if (!low) reserve_spent_ = 0;
  options_.log->write(
      low ? telemetry::Log::Level::error : telemetry::Log::Level::info,
      low ? "store.space_low" : "store.space_back",
      {{"free_bytes", std::to_string(free)}, {"min_free", std::to_string(options_.min_free)}});
  options_.on_space(low);
}

void CommitThread::look_after_store() {
  const Now now{wall_now(), wall_now()};
  while (options_.store->maintain(now, options_.keep_events, options_.keep_incidents)) {
    options_.pulse->beat();
    const std::scoped_lock lock(mutex_);
    if (next_ || !works_.empty() || ending_) return;  // Commits first.
  }
}

}  // namespace tocsin::daemon
