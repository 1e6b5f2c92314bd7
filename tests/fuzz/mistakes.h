#pragma once

#include <string_view>

#include "tocsin/base/check.h"
#include "tocsin/base/diagnostic.h"

namespace tocsin::fuzz {

/// Everything said about files has a place and a sentence. `file`: where it must be; "": anywhere.
inline void check_places(const Diagnostics& diagnostics, std::string_view file) {
  for (const Diagnostic& diagnostic : diagnostics) {
    CHECK(!diagnostic.problem.empty());
    CHECK(!diagnostic.at.file.empty());
    CHECK(file.empty() || diagnostic.at.file == file);
    // What is said of a whole file is no mistake.
    CHECK(diagnostic.at.line >= (diagnostic.level == Diagnostic::Level::note ? 0 : 1));
    CHECK(diagnostic.at.column >= 0);
    CHECK(!format(diagnostic).empty());
  }
}

}  // namespace tocsin::fuzz
