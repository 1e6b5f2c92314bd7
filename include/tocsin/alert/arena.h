#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace tocsin {

/// Bytes that live as long as the delivery that owns the arena. Addresses stay put; nothing is
/// freed one by one. Move-only. Not thread-safe: it belongs to whoever holds the delivery.
class Arena {
 public:
  Arena() = default;
  Arena(Arena&&) noexcept = default;
  Arena& operator=(Arena&&) noexcept = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// A copy of `bytes` inside the arena.
  std::string_view copy(std::string_view bytes);
  /// `size` writable bytes.
  char* allocate(std::size_t size);
  /// Bytes taken from the system; what mailbox limits count.
  std::size_t capacity() const { return capacity_; }

 private:
  static constexpr std::size_t kChunk = 16 * 1024;
  std::vector<std::unique_ptr<char[]>> chunks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace tocsin
