#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/test.h"

/// The pieces of what `tocsin test` prints.
namespace tocsin::cli {

void print_tap(const TestRun&, const TestOptions&, Terminal&);
void print_junit(const TestRun&, Terminal&);

/// Errors by the file they are in.
using ErrorsOfFiles = std::map<std::string, std::vector<const Diagnostic*>>;
ErrorsOfFiles by_file(const Diagnostics&);

/// "rules/tests/a.yaml:5:37"
std::string place(const Position&);
/// "expected that …, but …"
std::string sentence(const trial::Failure&);
/// "2 cases in 1 file: all passed; 3 of 3 rules covered"
std::string summary(const TestRun&);
/// A table of the rules, `indent` before each line.
void print_coverage(const trial::Results&, std::string_view indent, Terminal&);

}  // namespace tocsin::cli
