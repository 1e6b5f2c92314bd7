#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tocsin/base/check.h"

/// One call with bytes from outside; what must hold of them is CHECKed. Returns 0. Each target has
/// its own; a fuzzer and fuzz_replay_<target> call it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace tocsin::fuzz {

/// The bytes of one input, taken apart from the front. They must outlive it.
class Input {
 public:
  Input(const std::uint8_t* bytes, std::size_t size)
      : left_(reinterpret_cast<const char*>(bytes), size) {}

  /// A choice in a form that people can write: '0' is 0.
  std::size_t choice(std::size_t below) {
    if (left_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    return (byte - std::size_t{'0'}) % below;
  }
  /// Up to the next line end, which is taken, too.
  std::string_view line() {
    const std::string_view line = left_.substr(0, left_.find('\n'));
    left_.remove_prefix(std::min(left_.size(), line.size() + 1));
    return line;
  }
  bool empty() const { return left_.empty(); }
  std::string_view rest() const { return left_; }

 private:
  std::string_view left_;
};

}  // namespace tocsin::fuzz
