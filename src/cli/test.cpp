#include "cli/test.h"

#include <filesystem>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "tocsin/config/config.h"
#include "tocsin/config/test_cases.h"

namespace tocsin::cli {
namespace {

constexpr int kWrongUsage = 2;

/// Settings and rules as `check` reads them.
struct Compiled {
  std::shared_ptr<const triage::Policy> policy;
  std::vector<std::string> tests;
  Diagnostics diagnostics;
};

Compiled compile(const TestOptions& options) {
  if (options.rules.empty()) {
    config::Loaded loaded = config::load(options.config);
    return {std::move(loaded.policy), std::move(loaded.files.tests), std::move(loaded.diagnostics)};
  }
  config::SettingsResult read = config::read_settings(options.config);
  config::FilesResult files = config::read_rules_files({options.rules});
  Compiled out{nullptr, std::move(files.tests), std::move(read.diagnostics)};
  const bool good = !has_errors(out.diagnostics) && !has_errors(files.diagnostics);
  out.diagnostics.insert(out.diagnostics.end(), files.diagnostics.begin(), files.diagnostics.end());
  read.settings.rules = {options.rules};
  auto compiled = config::compile_policy(read.settings, std::move(files.files));
  out.diagnostics.insert(out.diagnostics.end(), compiled.diagnostics.begin(),
                         compiled.diagnostics.end());
  if (good) out.policy = std::move(compiled.policy);
  return out;
}

/// What `check` would call an error; its warnings are not for here.
Diagnostics errors_of(Diagnostics diagnostics) {
  std::erase_if(diagnostics, [](const Diagnostic& diagnostic) {
    return diagnostic.level != Diagnostic::Level::error;
  });
  sort(diagnostics);
  return diagnostics;
}

/// Runs the cases of the files that have no error.
TestRun run_good(config::TestCasesResult read,
                 const std::shared_ptr<const triage::Policy>& policy) {
  const Diagnostics unknown = trial::check(read.cases, *policy);
  read.diagnostics.insert(read.diagnostics.end(), unknown.begin(), unknown.end());
  TestRun out;
  out.errors = errors_of(std::move(read.diagnostics));
  std::set<std::string_view> bad, good;
  for (const Diagnostic& error : out.errors) bad.insert(error.at.file);
  std::erase_if(read.cases, [&](const auto& one) { return bad.contains(one.at.file); });
  for (const auto& one : read.cases) good.insert(one.at.file);
  out.files = good.size();
  out.results = trial::run(read.cases, policy);
  return out;
}

int nothing_to_run(std::string problem, Terminal& terminal) {
  report(terminal, {std::move(problem), "name a file of cases, or a folder, such as rules/tests"});
  return kWrongUsage;
}

}  // namespace

int test(const TestOptions& options, TestFormat format, Terminal& terminal) {
  if (options.coverage && format == TestFormat::junit) {
    report(terminal, {"a JUnit report has no place for --coverage", "use -o text, tap or json"});
    return kWrongUsage;
  }
  const Compiled rules = compile(options);
  if (rules.policy == nullptr) {
    TestRun none;
    none.has_rules = false;
    none.errors = errors_of(rules.diagnostics);
    return print_run(none, options, format, terminal);
  }
  const auto& paths = options.paths.empty() ? rules.tests : options.paths;
  for (const std::string& path : paths) {
    std::error_code failed;
    if (!std::filesystem::exists(path, failed)) {
      return nothing_to_run("there is no \"" + path + "\"", terminal);
    }
  }
  config::TestCasesResult read = config::read_test_cases(paths);
  if (read.cases.empty() && !has_errors(read.diagnostics)) {
    return nothing_to_run("there are no cases to run", terminal);
  }
  return print_run(run_good(std::move(read), rules.policy), options, format, terminal);
}

}  // namespace tocsin::cli
