#pragma once

#include <string>
#include <vector>

#include "house/drawing.h"
#include "house/source_text.h"

/// The rules of the house, one function each. All return sentences of the form
/// `src/http/session.cpp:12: what is wrong; what would be right`, in order of files and lines.
namespace tocsin::house {

using Sources = std::vector<SourceText>;
using Findings = std::vector<std::string>;

/// Rooms include their own files and the front doors of rooms they use, nothing else of the tree.
Findings arrows_not_drawn(const Drawing&, const Sources&);
/// include/tocsin: the standard library and other front doors only.
Findings heavy_front_doors(const Sources&);
/// A library is included by rooms that name it, and some by few files only.
Findings strayed_libraries(const Drawing&, const Sources&);
/// The core knows no clock, thread, lock, stream, file, environment, randomness or unordered order.
Findings impure_core(const Sources&);
/// The store, which holds transactions open, has no means to reach anybody outside (R53).
Findings outgoing_store(const Sources&);
/// Tests wait for events, not for time.
Findings sleeping_tests(const Sources&);
/// std::regex backtracks without a bound; RE2 does not.
Findings backtracking(const Sources&);
/// Names that say only "stuff about X".
Findings empty_names(const Sources&);
/// No file of src/ or include/ is longer than the wall.
Findings overlong_files(const Sources&);

}  // namespace tocsin::house
