// Stands in front of the C library of a real process (LD_PRELOAD) and lets calls of it fail: the
// Nth, or all from the Nth on. A file that both map into memory says which, and how often each was
// called, so that a test counts the calls of a good run, and arms a process at its start or in the
// middle.
//
//   TOCSIN_FAIL_NTH=FILE LD_PRELOAD=libfail_nth.so tocsin serve …
//
// FILE holds kCalls entries of struct Call. Names under example.net are this machine's own: a test
// needs a name to look up, and no name server.
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string_view>

namespace {

/// In the order of the entries; the tests name them in this order, too.
enum Kind : std::uint8_t {
  allocation,
  writing,
  syncing,
  syncing_folder,
  renaming,
  connecting,
  looking_up,
  kCalls
};

/// Calls are counted from 1. Those from `first` to `last` fail with `error`; first = 0: none.
struct Call {
  std::atomic<std::uint64_t> calls;
  std::atomic<std::uint64_t> first;
  std::atomic<std::uint64_t> last;
  std::atomic<std::uint64_t> failed;
  std::atomic<std::int64_t> error;
};
static_assert(sizeof(Call) == 40, "the tests read it with struct.unpack");

Call* map_file() {
  const char* const path = std::getenv("TOCSIN_FAIL_NTH");
  if (path == nullptr) return nullptr;
  const int file = ::open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return nullptr;
  void* const mapped =
      ::mmap(nullptr, kCalls * sizeof(Call), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ::close(file);
  return mapped == MAP_FAILED ? nullptr : static_cast<Call*>(mapped);
}

/// Allocations come before this library's own constructors: until then they are not counted.
std::atomic<Call*> all_calls = nullptr;

__attribute__((constructor)) void begin() { all_calls = map_file(); }

/// True if this call fails; its error is in `errno` then.
bool fails(Kind kind) {
  Call* const all = all_calls.load(std::memory_order_relaxed);
  if (all == nullptr) return false;
  Call& call = all[kind];
  const std::uint64_t number = call.calls.fetch_add(1) + 1;
  const std::uint64_t first = call.first.load();
  if (first == 0 || number < first || number > call.last.load()) return false;
  call.failed.fetch_add(1);
  errno = static_cast<int>(call.error.load());
  return true;
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

/// The store's files, and no socket, no event counter and not the log: what is said at the end is
/// to be read.
bool is_store_file(int file) {
  struct stat found {};
  return file != STDERR_FILENO && ::fstat(file, &found) == 0 && S_ISREG(found.st_mode);
}

Kind kind_of_sync(int file) {
  struct stat found {};
  return ::fstat(file, &found) == 0 && S_ISDIR(found.st_mode) ? syncing_folder : syncing;
}

using Size = std::size_t;

void* new_or_null(Size bytes) {
  static const auto real = next<void* (*)(Size, const std::nothrow_t&)>("_ZnwmRKSt9nothrow_t");
  return fails(allocation) ? nullptr : real(bytes, std::nothrow);
}

void* new_aligned_or_null(Size bytes, std::align_val_t alignment) {
  static const auto real = next<void* (*)(Size, std::align_val_t, const std::nothrow_t&)>(
      "_ZnwmSt11align_val_tRKSt9nothrow_t");
  return fails(allocation) ? nullptr : real(bytes, alignment, std::nothrow);
}

void* or_throw(void* made) {
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

}  // namespace

void* operator new(Size bytes) { return or_throw(new_or_null(bytes)); }
void* operator new[](Size bytes) { return or_throw(new_or_null(bytes)); }
void* operator new(Size bytes, const std::nothrow_t&) noexcept { return new_or_null(bytes); }
void* operator new[](Size bytes, const std::nothrow_t&) noexcept { return new_or_null(bytes); }
void* operator new(Size bytes, std::align_val_t alignment) {
  return or_throw(new_aligned_or_null(bytes, alignment));
}
void* operator new[](Size bytes, std::align_val_t alignment) {
  return or_throw(new_aligned_or_null(bytes, alignment));
}

extern "C" {

void* malloc(Size bytes) {
  static const auto real = next<void* (*)(Size)>("malloc");
  return fails(allocation) ? nullptr : real(bytes);
}

void* calloc(Size count, Size bytes) {
  static const auto real = next<void* (*)(Size, Size)>("calloc");
  return fails(allocation) ? nullptr : real(count, bytes);
}

void* realloc(void* old, Size bytes) {
  static const auto real = next<void* (*)(void*, Size)>("realloc");
  return fails(allocation) ? nullptr : real(old, bytes);
}

ssize_t write(int file, const void* bytes, Size count) {
  static const auto real = next<ssize_t (*)(int, const void*, Size)>("write");
  return is_store_file(file) && fails(writing) ? -1 : real(file, bytes, count);
}

ssize_t pwrite(int file, const void* bytes, Size count, off_t at) {
  static const auto real = next<ssize_t (*)(int, const void*, Size, off_t)>("pwrite");
  return is_store_file(file) && fails(writing) ? -1 : real(file, bytes, count, at);
}

ssize_t pwrite64(int file, const void* bytes, Size count, off64_t at) {
  static const auto real = next<ssize_t (*)(int, const void*, Size, off64_t)>("pwrite64");
  return is_store_file(file) && fails(writing) ? -1 : real(file, bytes, count, at);
}

int fsync(int file) {
  static const auto real = next<int (*)(int)>("fsync");
  return fails(kind_of_sync(file)) ? -1 : real(file);
}

int fdatasync(int file) {
  static const auto real = next<int (*)(int)>("fdatasync");
  return fails(kind_of_sync(file)) ? -1 : real(file);
}

int rename(const char* from, const char* to) noexcept {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  return fails(renaming) ? -1 : real(from, to);
}

int connect(int socket, const sockaddr* to, socklen_t bytes) {
  static const auto real = next<int (*)(int, const sockaddr*, socklen_t)>("connect");
  const bool network = to != nullptr && (to->sa_family == AF_INET || to->sa_family == AF_INET6);
  return network && fails(connecting) ? -1 : real(socket, to, bytes);
}

int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  static const auto real =
      next<int (*)(const char*, const char*, const addrinfo*, addrinfo**)>("getaddrinfo");
  const bool ours = node != nullptr && std::string_view(node).ends_with(".example.net");
  if (!ours) return real(node, service, hints, result);
  if (fails(looking_up)) return errno;  // EAI_AGAIN and its like, as the test set it.
  return real("127.0.0.1", service, hints, result);
}

}  // extern "C"
