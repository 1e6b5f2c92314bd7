#include "store/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tocsin::store {
namespace {

using Kind = StoreError::Kind;

/// What a start leaves free beside the reserve: the WAL between two checkpoints.
constexpr std::uint64_t kRoomForLog = 8ULL << 20;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

StoreError cannot(const std::string& what, const std::string& path) {
  const int error = errno;
  return {Kind::cannot_open, "cannot " + what + " " + path + ": " + std::strerror(error),
          "storage.path must name a folder that the user Tocsin runs as may write to"};
}

bool is_folder(const std::string& path) {
  struct stat found {};
  return stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == path.npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// A new folder is durable once its parent was synced.
bool sync_folder(const std::string& path) {
  const FileDescriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder.get() >= 0 && fsync(folder.get()) == 0;
}

std::expected<void, StoreError> create_folder(const std::string& path) {
  if (is_folder(path)) return {};
  const std::string parent = parent_of(path);
  if (parent != path) {
    if (auto made = create_folder(parent); !made) return made;
  }
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return std::unexpected(cannot("create the folder", path));
  }
  if (!is_folder(path)) {
    return std::unexpected(StoreError{Kind::cannot_open, path + " is not a folder",
                                      "storage.path must name a folder"});
  }
  if (!sync_folder(parent)) return std::unexpected(cannot("sync the folder", parent));
  return {};
}

/// Who holds the lock, as they wrote it into the file.
std::string holder_of(int lock) {
  std::array<char, 32> text{};
  const ssize_t size = pread(lock, text.data(), text.size(), 0);
  std::string digits;
  for (ssize_t i = 0; i < size; ++i) {
    const char c = text[static_cast<std::size_t>(i)];
    if (c < '0' || c > '9') break;
    digits += c;
  }
  return digits.empty() ? "" : " (process " + digits + ")";
}

void write_holder(int lock) {
  const std::string text = std::to_string(getpid()) + "\n";
  // Only a hint for people: a failure changes nothing.
  if (ftruncate(lock, 0) != 0) return;
  if (pwrite(lock, text.data(), text.size(), 0) < 0) return;
}

}  // namespace

Folder::Folder(std::string path, int lock, std::uint64_t reserve_bytes)
    : path_(std::move(path)), lock_(lock), reserve_bytes_(reserve_bytes) {}

Folder::Folder(Folder&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1)),
      reserve_bytes_(other.reserve_bytes_),
      has_reserve_(other.has_reserve_) {}

Folder::~Folder() {
  if (lock_ >= 0) close(lock_);  // Releases the lock.
}

std::expected<Folder, StoreError> Folder::claim(const std::string& given,
                                                std::uint64_t reserve_bytes) {
  std::string path = given;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (auto made = create_folder(path); !made) return std::unexpected(made.error());
  const std::string file = path + "/lock";
  FileDescriptor lock(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.get() < 0) return std::unexpected(cannot("open", file));
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return std::unexpected(cannot("lock", file));
    return std::unexpected(StoreError{
        Kind::locked, "another Tocsin" + holder_of(lock.get()) + " uses the store in " + path,
        "stop it first, or give this one a storage.path of its own"});
  }
  write_holder(lock.get());
  Folder folder(path, lock.release(), reserve_bytes);
  folder.make_reserve(reserve_bytes + kRoomForLog);
  return folder;
}

std::expected<void, StoreError> Folder::make_private(const std::string& file) const {
  const FileDescriptor made(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (made.get() < 0) return std::unexpected(cannot("create", file));
  return {};
}

std::expected<void, StoreError> Folder::sync() const {
  if (sync_folder(path_)) return {};
  return std::unexpected(cannot("sync the folder", path_));
}

std::uint64_t Folder::free_bytes() const {
  struct statvfs found {};
  if (statvfs(path_.c_str(), &found) != 0) return 0;
  return static_cast<std::uint64_t>(found.f_bavail) * found.f_frsize;
}

void Folder::make_reserve(std::uint64_t free_at_least) {
  if (reserve_bytes_ == 0 || has_reserve_) return;
  const std::string file = path_ + "/reserve";
  struct stat found {};
  if (stat(file.c_str(), &found) == 0) {
    constexpr std::uint64_t kBlock = 512;  // Of st_blocks, whatever the file system's.
    has_reserve_ = static_cast<std::uint64_t>(found.st_blocks) * kBlock >= reserve_bytes_;
    if (has_reserve_) return;
  }
  if (free_bytes() < free_at_least) return;
  const FileDescriptor reserve(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (reserve.get() < 0) return;
  has_reserve_ = posix_fallocate(reserve.get(), 0, static_cast<off_t>(reserve_bytes_)) == 0;
  if (!has_reserve_) unlink(file.c_str());
}

bool Folder::release_reserve() {
  has_reserve_ = false;
  return unlink((path_ + "/reserve").c_str()) == 0;
}

}  // namespace tocsin::store
