#include "cli/test.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <ostream>
#include <utility>

#include "cli/table.h"
#include "tocsin/config/config.h"
#include "tocsin/config/test_cases.h"

namespace tocsin::cli {
namespace {

constexpr int kWrongUsage = 2;

/// Settings and rules as `check` reads them.
struct Compiled {
  std::shared_ptr<const triage::Policy> policy;
  std::vector<std::string> folders;
  Diagnostics diagnostics;
};

Compiled compile(const TestOptions& options) {
  if (options.rules.empty()) {
    config::Loaded loaded = config::load(options.config);
    return {std::move(loaded.policy), std::move(loaded.settings.rules),
            std::move(loaded.diagnostics)};
  }
  config::SettingsResult read = config::read_settings(options.config);
  config::FilesResult files = config::read_rules_files({options.rules});
  Compiled out{nullptr, {options.rules}, std::move(read.diagnostics)};
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
int print_errors(const Diagnostics& diagnostics, Terminal& terminal) {
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.level != Diagnostic::Level::error) continue;
    terminal.err << painted(printable(format(diagnostic)), Tone::bad, terminal.colour) << '\n';
  }
  return 1;
}

std::vector<std::string> default_paths(const std::vector<std::string>& folders) {
  std::vector<std::string> out;
  for (const std::string& folder : folders) {
    const std::filesystem::path tests =
        (std::filesystem::path(folder) / "tests").lexically_normal();
    std::error_code ignored;
    if (std::filesystem::is_directory(tests, ignored)) out.push_back(tests.string());
  }
  return out;
}

int nothing_to_run(std::string problem, Terminal& terminal) {
  report(terminal, {std::move(problem), "name a file of cases, or a folder, such as rules/tests"});
  return kWrongUsage;
}

}  // namespace

int test(const TestOptions& options, TestFormat format, Terminal& terminal) {
  const Compiled rules = compile(options);
  if (rules.policy == nullptr) return print_errors(rules.diagnostics, terminal);
  const auto paths = options.paths.empty() ? default_paths(rules.folders) : options.paths;
  for (const std::string& path : paths) {
    std::error_code failed;
    if (!std::filesystem::exists(path, failed)) {
      return nothing_to_run("there is no \"" + path + "\"", terminal);
    }
  }
  config::TestCasesResult read = config::read_test_cases(paths);
  if (has_errors(read.diagnostics)) return print_errors(read.diagnostics, terminal);
  if (read.cases.empty()) return nothing_to_run("there are no cases to run", terminal);
  const Diagnostics unknown = trial::check(read.cases, *rules.policy);
  if (!unknown.empty()) return print_errors(unknown, terminal);
  return print_results(trial::run(read.cases, rules.policy), read.files, options, format, terminal);
}

}  // namespace tocsin::cli
