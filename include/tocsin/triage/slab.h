#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace tocsin::triage {

/// Values by number, in chunks: addresses stay put, and a value costs its own size. (std::deque has
/// chunks of 512 bytes, of which two alerts fill a part, and two pointers to follow.)
template <class T>
class Slab {
 public:
  const T& operator[](std::uint32_t at) const { return chunks_[at / kChunk][at % kChunk]; }
  T& operator[](std::uint32_t at) { return chunks_[at / kChunk][at % kChunk]; }
  std::uint32_t size() const { return size_; }
  void emplace_back() {
    if (size_ % kChunk == 0) chunks_.push_back(std::make_unique<T[]>(kChunk));
    ++size_;
  }

 private:
  static constexpr std::uint32_t kChunk = 256;
  std::vector<std::unique_ptr<T[]>> chunks_;
  std::uint32_t size_ = 0;
};

}  // namespace tocsin::triage
