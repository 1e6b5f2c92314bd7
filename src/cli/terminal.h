#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "tocsin/base/time.h"

namespace tocsin::cli {

enum class Format { table, json, yaml };

/// Where a verb writes, and what it may do there. Tests give their own.
struct Terminal {
  std::ostream& out;
  std::ostream& err;
  bool colour = false;
  Instant now;            ///< For ages such as "12m".
  bool progress = false;  ///< err is a terminal: a line there may be written over.
  std::istream* in = nullptr;  ///< Where a payload comes from, if there is one.
};

/// Why a verb failed and what to do next.
struct Problem {
  std::string problem;
  std::string cure;
};

/// "tocsin: <problem>" and, indented below it, the cure. Returns exit code 1.
int report(Terminal&, const Problem&);

/// Text that came from outside, fit for a terminal: control characters, invalid UTF-8 and the marks
/// that turn text around are shown as escapes such as \n, \x1b or \u202e.
std::string printable(std::string_view);

/// Columns the text takes; every code point counts as one.
std::size_t width(std::string_view);

/// The largest unit that fits, rounded down: "42s", "12m", "3h", "2d".
std::string age(Instant from, Instant to);

}  // namespace tocsin::cli
