#pragma once

#include <string>
#include <utility>

namespace tocsin::simulation {

/// A promise was broken. Thrown by the oracle, caught where a seed is run.
struct Violation {
  std::string text;  ///< "I10: the state loaded at seq 17 differs from …"
};

inline void require(bool holds, const std::string& otherwise) {
  if (!holds) throw Violation{otherwise};
}

}  // namespace tocsin::simulation
