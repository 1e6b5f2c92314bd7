#include <ostream>

#include "cli/test_report.h"
#include "tocsin/base/text.h"

namespace tocsin::cli {
namespace {

std::string xml(const std::string& text) {
  std::string out;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

void print_junit_case(const trial::CaseResult& result, std::ostream& out) {
  out << "    <testcase name=\"" << xml(result.name) << "\" classname=\"" << xml(result.at.file)
      << "\" file=\"" << xml(result.at.file) << "\" line=\"" << result.at.line << '"';
  if (result.failures.empty()) {
    out << "/>\n";
    return;
  }
  out << ">\n      <failure message=\"" << xml(sentence(result.failures.front())) << "\">";
  for (const trial::Failure& failure : result.failures) {
    out << xml(place(failure.at) + ": " + sentence(failure)) << '\n';
  }
  out << "</failure>\n    </testcase>\n";
}

/// What kept something from running: a suite of its own.
void print_junit_errors(const std::string& suite, const std::string& name,
                        const std::vector<const Diagnostic*>& errors, std::ostream& out) {
  out << "  <testsuite name=\"" << xml(suite)
      << "\" tests=\"1\" failures=\"0\" errors=\"1\">\n    <testcase name=\"" << xml(name)
      << "\" classname=\"" << xml(suite) << "\" file=\"" << xml(suite) << "\" line=\""
      << errors.front()->at.line << "\">\n      <error message=\"" << xml(format(*errors.front()))
      << "\">";
  for (const Diagnostic* error : errors) out << xml(format(*error)) << '\n';
  out << "</error>\n    </testcase>\n  </testsuite>\n";
}

}  // namespace

/// One suite for each file. Source: https://github.com/testmoapp/junitxml
void print_junit(const TestRun& run, Terminal& terminal) {
  std::ostream& out = terminal.out;
  const auto& cases = run.results.cases;
  const ErrorsOfFiles errors = by_file(run.errors);
  out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"tocsin test\" tests=\""
      << cases.size() + errors.size() << "\" failures=\"" << run.results.failed() << "\" errors=\""
      << errors.size() << "\">\n";
  for (std::size_t from = 0; from < cases.size();) {
    const std::string& file = cases[from].at.file;
    std::size_t to = from, failed = 0;
    for (; to < cases.size() && cases[to].at.file == file; ++to) {
      failed += cases[to].failures.empty() ? 0 : 1;
    }
    out << "  <testsuite name=\"" << xml(file) << "\" tests=\"" << to - from << "\" failures=\""
        << failed << "\" errors=\"0\">\n";
    for (; from < to; ++from) print_junit_case(cases[from], out);
    out << "  </testsuite>\n";
  }
  const std::string name = run.has_rules ? "the cases can be run" : "the rules can be used";
  for (const auto& [file, all] : errors) print_junit_errors(file, name, all, out);
  out << "</testsuites>\n";
}

}  // namespace tocsin::cli
