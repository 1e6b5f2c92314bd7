#include <ostream>

#include "cli/test_report.h"
#include "tocsin/base/text.h"

namespace tocsin::cli {
namespace {

std::string quoted(const std::string& text) {
  std::string out;
  append_json_string(text, out);
  return out;
}

/// A description of TAP: "#" would begin a directive.
std::string tap_name(const std::string& name) {
  std::string out;
  for (const char c : printable(name)) {
    if (c == '#' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

/// Without rules there is nothing a case could run through.
void bail_out(const Diagnostics& errors, std::ostream& out) {
  for (const Diagnostic& error : errors) out << "# " << printable(format(error)) << '\n';
  out << "Bail out! the rules have errors\n";
}

/// A file of cases none of which ran.
void print_unread(const std::string& file, const std::vector<const Diagnostic*>& errors,
                  std::size_t number, std::ostream& out) {
  out << "not ok " << number << " - " << tap_name(file) << " can be run\n  ---\n  errors:\n";
  for (const Diagnostic* error : errors) out << "    - " << quoted(format(*error)) << '\n';
  out << "  ...\n";
}

}  // namespace

/// Source: https://testanything.org/tap-version-14-specification.html
void print_tap(const TestRun& run, const TestOptions& options, Terminal& terminal) {
  std::ostream& out = terminal.out;
  out << "TAP version 14\n";
  if (!run.has_rules) return bail_out(run.errors, out);
  const ErrorsOfFiles errors = by_file(run.errors);
  out << "1.." << run.results.cases.size() + errors.size() << '\n';
  std::size_t number = 0;
  for (const trial::CaseResult& result : run.results.cases) {
    out << (result.failures.empty() ? "ok " : "not ok ") << ++number << " - "
        << tap_name(result.name) << '\n';
    if (result.failures.empty()) continue;
    out << "  ---\n  at: " << quoted(place(result.at)) << "\n  failures:\n";
    for (const trial::Failure& failure : result.failures) {
      out << "    - at: " << quoted(place(failure.at)) << '\n'
          << "      expected: " << quoted(failure.expected) << '\n'
          << "      happened: " << quoted(failure.happened) << '\n';
    }
    out << "  ...\n";
  }
  for (const auto& [file, all] : errors) print_unread(file, all, ++number, out);
  if (options.coverage) print_coverage(run.results, "# ", terminal);
  out << "# " << summary(run) << '\n';
}

}  // namespace tocsin::cli
