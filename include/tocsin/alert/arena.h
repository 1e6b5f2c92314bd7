#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin {

/// Bytes that live as long as the delivery that owns the arena. Addresses stay put; nothing is
/// freed one by one. Move-only. Not thread-safe: it belongs to whoever holds the delivery.
class Arena {
 public:
  Arena() = default;
  Arena(Arena&& other) noexcept { *this = std::move(other); }
  /// The other arena is empty afterwards and may be used again.
  Arena& operator=(Arena&& other) noexcept {
    chunks_ = std::exchange(other.chunks_, {});
    next_ = std::exchange(other.next_, nullptr);
    left_ = std::exchange(other.left_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// A copy of `bytes` inside the arena.
  std::string_view copy(std::string_view bytes);
  /// `size` writable bytes, not aligned; perhaps null for none.
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
