#pragma once

#include <cstddef>
#include <vector>

#include "tocsin/rules/explain.h"
#include "tocsin/rules/matcher.h"

namespace tocsin::rules {

/// How far a predicate is from holding.
struct Distance {
  std::size_t failing = 0;  ///< The fewest matchers that had to be otherwise; 0: it holds.
  std::size_t holding = 0;  ///< Matchers that are as they should be.
};
Distance distance(const Predicate&, const Subject&);

/// Those matchers, the first kFailingMax in the order of the rule.
std::vector<Failing> failing(const Predicate&, const Subject&);

}  // namespace tocsin::rules
