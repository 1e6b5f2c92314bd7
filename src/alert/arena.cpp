#include "tocsin/alert/arena.h"

#include <cstring>

namespace tocsin {

std::string_view Arena::copy(std::string_view bytes) {
  if (bytes.empty()) return {};
  char* to = allocate(bytes.size());
  std::memcpy(to, bytes.data(), bytes.size());
  return {to, bytes.size()};
}

char* Arena::allocate(std::size_t size) {
  if (size <= left_) {
    char* taken = next_;
    next_ += size;
    left_ -= size;
    return taken;
  }
  // What is large gets a chunk of its own, so that the rest of the current one stays usable.
  const bool large = size > kChunk / 4;
  const std::size_t bytes = large ? size : kChunk;
  char* chunk = chunks_.emplace_back(std::make_unique_for_overwrite<char[]>(bytes)).get();
  capacity_ += bytes;
  if (!large) {
    next_ = chunk + size;
    left_ = bytes - size;
  }
  return chunk;
}

}  // namespace tocsin
