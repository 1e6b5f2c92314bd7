#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tocsin/alert/labels.h"
#include "tocsin/rules/matcher.h"

namespace tocsin::bench {

/// Rules as many teams would write them, and the alerts they see. Two to four matchers a rule:
/// 45 % equalities, 15 % `in`, 14 % patterns, 12 % inequalities, 6 % present, 4 % absent, 4 %
/// patterns that may not match; one rule of 500 names nothing to wait for. Some values are asked
/// for, and sent, far more often than others; more rules know more labels and values.
class RuleMix {
 public:
  RuleMix(std::size_t rules, std::uint64_t seed);

  /// The matchers of the next rule, all of which must hold.
  std::vector<std::string> next_rule();
  /// Twelve labels with values that rules know.
  Labels alert();
  /// A label with many patterns, in every alert.
  const std::string& label_with_patterns() const { return names_.front(); }
  std::string value(std::size_t label);

 private:
  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }
  std::size_t skewed(std::size_t end);
  std::string matcher_text(std::size_t label);
  std::string pattern(std::size_t label);
  std::vector<std::string> rule();
  std::vector<std::string> rule_without_witness();

  std::mt19937_64 random_;
  std::vector<std::string> names_;
  std::vector<std::size_t> values_;  // How many a label has.
  std::size_t written_ = 0;
};

rules::Predicate predicate_of(const std::vector<std::string>& matchers);

}  // namespace tocsin::bench
