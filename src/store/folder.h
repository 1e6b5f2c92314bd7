#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "tocsin/store/store.h"

namespace tocsin::store {

/// The folder of a store on a real file system: its lock, its reserve and its free space. SQLite's
/// own files are touched by SQLite alone.
class Folder {
 public:
  /// Creates the folder (mode 0700) if it is missing and takes the lock: one daemon per folder.
  static std::expected<Folder, StoreError> claim(const std::string& path,
                                                 std::uint64_t reserve_bytes);
  ~Folder();
  Folder(Folder&&) noexcept;
  Folder& operator=(Folder&&) = delete;
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  /// An empty file of mode 0600, so that SQLite's files are not readable by others.
  std::expected<void, StoreError> make_private(const std::string& file) const;

  /// Makes the names of the files in it durable.
  std::expected<void, StoreError> sync() const;

  std::uint64_t free_bytes() const;
  /// Makes the reserve if it is missing and `free_at_least` bytes are free; going on without is no
  /// error.
  void make_reserve(std::uint64_t free_at_least);
  /// Makes it again once there is space for it and as much besides, so that it does not come and
  /// go.
  void restore_reserve() { make_reserve(2 * reserve_bytes_); }
  bool release_reserve();

 private:
  Folder(std::string path, int lock, std::uint64_t reserve_bytes);

  std::string path_;
  int lock_ = -1;
  std::uint64_t reserve_bytes_;
  bool has_reserve_ = false;
};

}  // namespace tocsin::store
