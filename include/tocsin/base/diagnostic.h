#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

/// Where something stands in a file that a person edits. Line and column count from 1; 0 = unknown.
struct Position {
  std::string file;
  int line = 0;
  int column = 0;
};

/// "rules/severity.yaml:12": what incidents and explanations point at.
std::string format_short(const Position&);

/// One mistake in a file, with its cure; or, as a note, something that is no mistake and that whoever
/// wrote the file has to know. A note is never counted among mistakes.
struct Diagnostic {
  enum class Level { error, warning, note };
  Level level = Level::error;
  Position at;
  std::string problem;  ///< What is wrong, e.g. `unknown key "escalatoin"`.
  std::string cure;     ///< What would be right, e.g. `did you mean "escalation"?`; may be empty.
};
using Diagnostics = std::vector<Diagnostic>;

std::string_view to_string(Diagnostic::Level);  ///< "error", "warning", "note".

/// `file:line:column: error: what is wrong; what would be right`, without a line end.
std::string format(const Diagnostic&);

bool has_errors(const Diagnostics&);

/// Orders by file as first seen, then line, then column, and drops exact repeats.
void sort(Diagnostics&);

/// The candidate nearest to `word` by edit distance, empty if none is near enough to be a typo.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace tocsin
