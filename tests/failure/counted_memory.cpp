#include "failure/counted_memory.h"

#include <sqlite3.h>

#include <cstdlib>
#include <new>

namespace tocsin::failure {

constinit Failing ours;
constinit Failing sqlites;

namespace {

void* allocate(std::size_t bytes) { return ours.now() ? nullptr : std::malloc(bytes); }
void* allocate_aligned(std::size_t bytes, std::align_val_t alignment) {
  const auto step = static_cast<std::size_t>(alignment);
  return ours.now() ? nullptr : std::aligned_alloc(step, (bytes + step - 1) / step * step);
}
void* or_throw(void* made) {
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

sqlite3_mem_methods real_methods;
void* sqlite_malloc(int bytes) { return sqlites.now() ? nullptr : real_methods.xMalloc(bytes); }
void* sqlite_realloc(void* old, int bytes) {
  return sqlites.now() ? nullptr : real_methods.xRealloc(old, bytes);
}

}  // namespace

bool watch_sqlite() {
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_methods);
  sqlite3_mem_methods watched = real_methods;
  watched.xMalloc = sqlite_malloc;
  watched.xRealloc = sqlite_realloc;
  return sqlite3_config(SQLITE_CONFIG_MALLOC, &watched) == SQLITE_OK;
}

}  // namespace tocsin::failure

using namespace tocsin::failure;  // NOLINT: what follows belongs to no namespace.

void* operator new(std::size_t bytes) { return or_throw(allocate(bytes)); }
void* operator new[](std::size_t bytes) { return or_throw(allocate(bytes)); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return or_throw(allocate_aligned(bytes, alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
