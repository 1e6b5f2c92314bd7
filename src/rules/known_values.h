#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tocsin::rules {

/// Patterns that hold, by value number: what the memo is for values that rules name.
class KnownValues {
 public:
  explicit KnownValues(std::size_t bytes) : max_(bytes / sizeof(std::uint32_t)) {}
  void resize(std::size_t values) {
    first_.assign(values, 0);
    lists_.assign(1, 0);
  }
  /// False if they are not known. REQUIRES: value < values.
  bool append(std::uint32_t value, std::vector<std::uint32_t>& out) const {
    const std::uint32_t first = first_.data()[value];
    if (first == 0) return false;
    const std::uint32_t* const list = lists_.data() + first;
    out.insert(out.end(), list + 1, list + 1 + *list);
    return true;
  }
  /// Starts anew when there is no room.
  void add(std::uint32_t value, std::span<const std::uint32_t> list) {
    if (lists_.size() + list.size() >= max_) resize(first_.size());
    if (lists_.size() + list.size() >= max_) return;
    first_[value] = static_cast<std::uint32_t>(lists_.size());
    lists_.push_back(static_cast<std::uint32_t>(list.size()));
    lists_.insert(lists_.end(), list.begin(), list.end());
  }

 private:
  std::size_t max_;
  std::vector<std::uint32_t> first_;  // Where its list begins: size, numbers. 0: not known.
  std::vector<std::uint32_t> lists_;
};

}  // namespace tocsin::rules
