#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "tocsin/trial/trial.h"

/// `tocsin test`
namespace tocsin::cli {

enum class TestFormat { text, tap, junit, json };

struct TestOptions {
  std::string config;  ///< Path of tocsin.yaml.
  std::string rules;   ///< A folder instead of those tocsin.yaml names; "" = those.
  std::vector<std::string>
      paths;              ///< Files and folders of cases; none: `tests` in each rules folder.
  bool verbose = false;   ///< Name the cases that passed, too.
  bool coverage = false;  ///< Print how often each rule had a say.
  unsigned require_coverage = 0;  ///< Per cent of the rules that must decide something.
};

/// Runs the cases and prints the results: 0 if all is as expected, 1 if not or if rules or cases
/// have mistakes, 2 if there is no case to run.
int test(const TestOptions&, TestFormat, Terminal&);

/// The printing half. `files` is how many files of cases were read.
int print_results(const trial::Results&, std::size_t files, const TestOptions&, TestFormat,
                  Terminal&);

}  // namespace tocsin::cli
