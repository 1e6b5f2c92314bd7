#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace tocsin::rules {

/// Numbers of predicates, added in any order, read in theirs.
class NumberSet {
 public:
  void resize(std::size_t size) {
    words_.assign((size + 63) / 64, 0);
    summary_.assign((words_.size() + 63) / 64, 0);
  }
  /// REQUIRES: number < size.
  void add(std::uint32_t number) {
    words_.data()[number / 64] |= std::uint64_t{1} << (number % 64);
    summary_.data()[number / 4096] |= std::uint64_t{1} << (number / 64 % 64);
  }
  /// Moves them all to `out`.
  void drain(std::vector<std::uint32_t>& out) {
    for (std::size_t i = 0; i < summary_.size(); ++i) {
      for (std::uint64_t left = summary_[i]; left != 0; left &= left - 1) {
        drain_word(i * 64 + static_cast<std::size_t>(std::countr_zero(left)), out);
      }
      summary_[i] = 0;
    }
  }

 private:
  void drain_word(std::size_t at, std::vector<std::uint32_t>& out) {
    for (std::uint64_t left = words_[at]; left != 0; left &= left - 1) {
      out.push_back(static_cast<std::uint32_t>(at * 64) +
                    static_cast<std::uint32_t>(std::countr_zero(left)));
    }
    words_[at] = 0;
  }
  std::vector<std::uint64_t> words_;
  std::vector<std::uint64_t> summary_;
};

}  // namespace tocsin::rules
