#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tocsin/rules/matcher.h"

namespace tocsin::rules {

/// A matcher that keeps a predicate from holding.
struct Failing {
  std::string matcher;           ///< As to_string writes it; "never" for an `any` of nothing.
  std::string value;             ///< What the subject has; "": nothing of that name.
  bool should_not_hold = false;  ///< It stands under `not`, and holds.
  friend bool operator==(const Failing&, const Failing&) = default;
};

/// How many matchers would have to change their answer for the predicate to hold: of an `all` those
/// that fail, of an `any` the fewest of one branch. 0 if it holds. How near the subject came.
std::uint32_t failing_count(const Predicate&, const Subject&);

/// These matchers in the order they are written, at most `most` of them.
std::vector<Failing> failing(const Predicate&, const Subject&, std::size_t most = 16);

}  // namespace tocsin::rules
