#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "rules/index.h"
#include "tocsin/alert/labels.h"
#include "tocsin/rules/matcher.h"

namespace tocsin::rules {

/// Predicates that stay where they are, by stage: an index of them, and what is right.
struct Lists {
  std::array<std::vector<Predicate>, kStages> stages;
  Index index(Index::Limits limits = {}) const;
  /// The linear evaluator's word.
  std::vector<std::uint32_t> linear(Stage, const Subject&) const;
};

/// In the first stage.
Lists lists_of(const std::vector<std::string>& matchers);

/// The same.
std::vector<std::uint32_t> match(Matching&, const Index&, const Labels&);

}  // namespace tocsin::rules
