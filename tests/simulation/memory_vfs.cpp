#include "simulation/memory_vfs.h"

#include <sqlite3.h>

#include <atomic>
#include <utility>

#include "simulation/memory_file.h"
#include "simulation/sqlite_vfs.h"
#include "tocsin/base/check.h"

namespace tocsin::simulation {
namespace {

const char* to_text(DiskFile file) {
  switch (file) {
    case DiskFile::database:
      return "db";
    case DiskFile::wal:
      return "wal";
    case DiskFile::journal:
      return "journal";
    case DiskFile::other:
      return "other";
  }
  return "";
}

const char* to_text(DiskOp op) {
  switch (op) {
    case DiskOp::open:
      return "open";
    case DiskOp::remove:
      return "remove";
    case DiskOp::read:
      return "read";
    case DiskOp::write:
      return "write";
    case DiskOp::truncate:
      return "truncate";
    case DiskOp::sync:
      return "sync";
    case DiskOp::lock:
      return "lock";
  }
  return "";
}

std::atomic<unsigned> disks{0};  // Only to give each disk a name of its own.

}  // namespace

std::string name_of(DiskPoint point) {
  return std::string(to_text(point.file)) + "." + to_text(point.op);
}

Disk::Disk(std::uint64_t seed)
    : name_("memory-" + std::to_string(++disks)),
      random_(seed),
      vfs_(std::make_unique<sqlite3_vfs>(make_vfs(name_.c_str(), this))) {
  powersafe_ = random_.chance(50);
  CHECK(sqlite3_vfs_register(vfs_.get(), 0) == SQLITE_OK);
  // SQLite's own generator (the salt of a log comes from it) is one per process, whatever the VFS.
  const int sqlite_seed = static_cast<int>(random_.below(1'000'000'000)) + 1;
  CHECK(sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, sqlite_seed, nullptr) == SQLITE_OK);
}

Disk::~Disk() {
  CHECK(open_files_ == 0);
  sqlite3_vfs_unregister(vfs_.get());
}

void Disk::crash_at(DiskPoint point, unsigned nth, bool after) {
  crash_ = Plan{point, nth, after, {}};
}

void Disk::cut_power() { crashed_ = true; }

void Disk::forget_plans() {
  crash_.reset();
  faults_.clear();
  full_ = false;
}

void Disk::fail_at(DiskPoint point, unsigned nth, DiskFault fault) {
  faults_.push_back({point, nth, false, fault});
}

DiskFault Disk::begin(DiskPoint point) {
  if (crashed_) return DiskFault::io;
  ++counts_[point];
  after_ = false;
  if (crash_ && crash_->point == point && --crash_->left == 0) {
    crashed_at_ = point;
    after_ = crash_->after;
    crashed_ = !after_;
    crash_.reset();
    if (crashed_) return DiskFault::io;
  }
  for (auto plan = faults_.begin(); plan != faults_.end(); ++plan) {
    if (plan->point != point || --plan->left > 0) continue;
    const DiskFault fault = plan->fault;
    faults_.erase(plan);
    ++(fault == DiskFault::io ? io_faults_ : full_faults_);
    return fault;
  }
  return DiskFault::none;
}

bool Disk::cut_after() {
  if (after_) crashed_ = true;
  after_ = false;
  return crashed_;
}

std::shared_ptr<MemoryFile> Disk::open(std::string_view path, bool create) {
  std::shared_ptr<MemoryFile> file;
  if (path.empty()) {
    file = std::make_shared<MemoryFile>();  // A temporary file: nobody else can find it.
  } else if (const auto found = files_.find(path); found != files_.end()) {
    file = found->second;
  } else if (create) {
    file = std::make_shared<MemoryFile>();
    files_.emplace(std::string(path), file);
  }
  if (file) ++open_files_;
  return file;
}

void Disk::close(const std::shared_ptr<MemoryFile>&) { --open_files_; }

bool Disk::remove(std::string_view path, bool durable) {
  const auto found = files_.find(path);
  if (found == files_.end()) return false;
  const auto name = std::string(path);
  if (durable) {
    removed_.erase(name);
  } else if (found->second->named()) {
    removed_[name] = found->second;
  }
  files_.erase(found);
  return true;
}

void Disk::sync_folder() {
  removed_.clear();
  for (auto& [name, file] : files_) file->set_named();
}

bool Disk::exists(std::string_view path) const { return files_.contains(path); }

std::string Disk::contents(std::string_view path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? std::string() : found->second->bytes();
}

void Disk::lose_power() {
  for (auto& [name, file] : files_) file->lose_power(random_, !powersafe_);
  std::erase_if(files_, [](const auto& entry) { return !entry.second->named(); });
  for (auto& [name, file] : removed_) {
    if (files_.contains(name) || !random_.chance(50)) continue;
    file->lose_power(random_, !powersafe_);
    files_.emplace(name, file);
  }
  removed_.clear();
}

void Disk::restart(Loss loss) {
  CHECK(open_files_ == 0);
  if (loss == Loss::power) lose_power();
  for (auto& [name, file] : files_) file->lose_process(random_);
  crashed_ = false;
  after_ = false;
  crashed_at_.reset();
  forget_plans();
}

}  // namespace tocsin::simulation
