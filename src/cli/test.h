#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "tocsin/base/diagnostic.h"
#include "tocsin/trial/trial.h"

/// `tocsin test`
namespace tocsin::cli {

enum class TestFormat { text, tap, junit, json };

struct TestOptions {
  std::string config;  ///< Path of tocsin.yaml.
  std::string rules;   ///< A folder instead of those tocsin.yaml names; "" = those.
  std::vector<std::string>
      paths;  ///< Files and folders of cases; none: each `tests` below the rules folders.
  bool verbose = false;           ///< Name the cases that passed, too.
  bool coverage = false;          ///< Print how often each rule had a say.
  unsigned require_coverage = 0;  ///< Per cent of the rules that must decide something.
};

/// What came of it.
struct TestRun {
  trial::Results results;  ///< Of the cases that ran.
  std::size_t files = 0;   ///< Which they stand in.
  bool has_rules = true;   ///< False: nothing could run.
  Diagnostics errors;      ///< Of rules, or of files of cases, none of whose cases ran then.
};

/// Runs the cases and prints the results: 0 if all is as expected, 1 if not or if rules or cases
/// have mistakes, 2 if there is no case to run.
int test(const TestOptions&, TestFormat, Terminal&);

/// The printing half; errors go to the terminal's `err`, too.
int print_run(const TestRun&, const TestOptions&, TestFormat, Terminal&);

}  // namespace tocsin::cli
