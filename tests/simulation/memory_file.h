#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/random.h"

namespace tocsin::simulation {

/// The memory behind a file's WAL index. Gone with the process that held it.
struct SharedMemory {
  struct Slot {
    unsigned shared = 0;
    const void* exclusive = nullptr;
  };
  std::vector<std::unique_ptr<char[]>> regions;
  std::array<Slot, 8> locks{};  // 8 = SQLITE_SHM_NLOCK
};

/// The bytes of one file: as a process sees them, as they would be found after a power cut, and
/// what happened in between.
class MemoryFile {
 public:
  /// Fills `to`; what lies beyond the end is zeros. False if anything did.
  bool read(char* to, std::size_t size, std::size_t offset) const;
  void write(std::string_view bytes, std::size_t offset);
  void truncate(std::size_t size);
  std::size_t size() const { return now_.size(); }
  const std::string& bytes() const { return now_; }

  /// Everything so far is durable.
  void sync();
  /// The device refused: each write reached it or did not, and none will be tried again.
  void lose_sync(Random&);
  /// The process ended. What a failed sync left marked clean may have left the page cache since.
  void lose_process(Random&);
  /// The power went. `noise`: what was being written to the sector under the head may be anything.
  void lose_power(Random&, bool noise);
  /// The name is durable: the file was synced once, or its folder was.
  bool named() const { return named_; }
  void set_named() { named_ = true; }

  SharedMemory memory;
  std::vector<int*> lock_levels;  ///< Of every open handle on the file.

 private:
  struct Pending {
    std::size_t offset = 0;
    std::string bytes;
    bool is_truncate = false;  ///< To `offset` bytes.
  };
  static void apply(const Pending&, std::string& image);
  void tear(const Pending&, Random&, bool noise);

  std::string now_;
  std::string durable_;
  std::vector<Pending> pending_;
  bool named_ = false;
  bool lost_a_sync_ = false;  ///< `now_` may hold what is neither durable nor pending.
};

}  // namespace tocsin::simulation
