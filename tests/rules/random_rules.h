#pragma once

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/alert/labels.h"
#include "tocsin/rules/matcher.h"

namespace tocsin::rules {

/// Predicates and alerts from a small world in which everything meets often: odd values, patterns
/// that match nothing, numbers that are none. The same seed makes the same.
class RandomRules {
 public:
  /// `more`: names that are asked for besides its own.
  explicit RandomRules(std::uint64_t seed, std::vector<std::string> more = {});

  Matcher matcher();
  /// `depth`: how deep all, any and not may nest.
  Predicate predicate(int depth);
  Labels labels();
  Labels annotations();
  std::string name();
  std::string value();
  std::string source();
  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }
  bool chance(double of_one) { return std::uniform_real_distribution<>(0, 1)(random_) < of_one; }

 private:
  void set_operand(Matcher&);

  Predicate wide_any();

  std::mt19937_64 random_;
  std::vector<std::string> names_;
};

/// Reads a matcher that must be right.
Matcher matcher_of(std::string_view text);

}  // namespace tocsin::rules
