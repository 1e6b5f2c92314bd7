#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <ostream>

#include "cli/pages.h"
#include "cli/table.h"
#include "cli/test.h"
#include "tocsin/base/text.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;
using trial::CaseResult;
using trial::Failure;
using trial::Results;
using trial::RuleUse;

std::string counted(std::size_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

std::string place(const Position& at) {
  return at.file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

std::string sentence(const Failure& failure) {
  return "expected that " + failure.expected + ", but " + failure.happened;
}

std::string summary(const Results& results, std::size_t files) {
  std::string out = counted(results.cases.size(), "case") + " in " + counted(files, "file");
  const std::size_t failed = results.failed();
  out += failed == 0 ? ": all passed" : ": " + std::to_string(failed) + " failed";
  return out + "; " + std::to_string(results.covered()) + " of " +
         counted(results.rules.size(), "rule") + " covered";
}

bool covers_enough(const Results& results, const TestOptions& options) {
  return results.covered() * 100 >= results.rules.size() * options.require_coverage;
}

void print_coverage(const Results& results, Terminal& terminal) {
  Table table({"DECIDED", "MATCHED", "RULE", "LIST", "PLACE"});
  for (const RuleUse& use : results.rules) {
    const Tone tone = use.decided > 0 ? Tone::plain : Tone::bad;
    table.add({{std::to_string(use.decided), tone},
               {std::to_string(use.matched)},
               {use.name},
               {std::string(use.list)},
               {format_short(use.at)}});
  }
  table.print(terminal.out, terminal.colour);
}

void print_uncovered(const Results& results, std::ostream& out, bool colour) {
  for (const RuleUse& use : results.rules) {
    if (use.decided > 0) continue;
    const std::string line = format_short(use.at) + ": \"" + use.name + "\" of " +
                             std::string(use.list) + " decides nothing in any case";
    out << painted(printable(line), Tone::bad, colour) << '\n';
  }
}

void print_text(const Results& results, std::size_t files, const TestOptions& options,
                Terminal& terminal) {
  for (const CaseResult& result : results.cases) {
    for (const Failure& failure : result.failures) {
      const std::string line = place(failure.at) + ": " + result.name + ": " + sentence(failure);
      terminal.out << painted(printable(line), Tone::bad, terminal.colour) << '\n';
    }
    if (!options.verbose || !result.failures.empty()) continue;
    terminal.out << painted("passed  ", Tone::good, terminal.colour)
                 << printable(format_short(result.at) + "  " + result.name) << '\n';
  }
  if (options.coverage) print_coverage(results, terminal);
  terminal.out << summary(results, files) << '\n';
}

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

/// Source: https://testanything.org/tap-version-14-specification.html
void print_tap(const Results& results, std::size_t files, Terminal& terminal) {
  std::ostream& out = terminal.out;
  out << "TAP version 14\n1.." << results.cases.size() << '\n';
  std::size_t number = 0;
  for (const CaseResult& result : results.cases) {
    out << (result.failures.empty() ? "ok " : "not ok ") << ++number << " - "
        << tap_name(result.name) << '\n';
    if (result.failures.empty()) continue;
    out << "  ---\n  at: " << quoted(place(result.at)) << "\n  failures:\n";
    for (const Failure& failure : result.failures) {
      out << "    - at: " << quoted(place(failure.at)) << '\n'
          << "      expected: " << quoted(failure.expected) << '\n'
          << "      happened: " << quoted(failure.happened) << '\n';
    }
    out << "  ...\n";
  }
  out << "# " << summary(results, files) << '\n';
}

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

void print_junit_case(const CaseResult& result, std::ostream& out) {
  out << "    <testcase name=\"" << xml(result.name) << "\" classname=\"" << xml(result.at.file)
      << "\" file=\"" << xml(result.at.file) << "\" line=\"" << result.at.line << '"';
  if (result.failures.empty()) {
    out << "/>\n";
    return;
  }
  out << ">\n      <failure message=\"" << xml(sentence(result.failures.front())) << "\">";
  for (const Failure& failure : result.failures) {
    out << xml(place(failure.at) + ": " + sentence(failure)) << '\n';
  }
  out << "</failure>\n    </testcase>\n";
}

/// One suite for each file. Source: https://github.com/testmoapp/junitxml
void print_junit(const Results& results, Terminal& terminal) {
  std::ostream& out = terminal.out;
  out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"tocsin test\" tests=\""
      << results.cases.size() << "\" failures=\"" << results.failed() << "\">\n";
  for (std::size_t from = 0; from < results.cases.size();) {
    const std::string& file = results.cases[from].at.file;
    std::size_t to = from, failed = 0;
    for (; to < results.cases.size() && results.cases[to].at.file == file; ++to) {
      failed += results.cases[to].failures.empty() ? 0 : 1;
    }
    out << "  <testsuite name=\"" << xml(file) << "\" tests=\"" << to - from << "\" failures=\""
        << failed << "\">\n";
    for (; from < to; ++from) print_junit_case(results.cases[from], out);
    out << "  </testsuite>\n";
  }
  out << "</testsuites>\n";
}

json::object place_json(const Position& at) {
  return {{"file", at.file}, {"line", at.line}, {"column", at.column}};
}

void print_json(const Results& results, Terminal& terminal) {
  json::array cases, rules;
  for (const CaseResult& result : results.cases) {
    json::array failures;
    for (const Failure& failure : result.failures) {
      failures.push_back(json::object{{"at", place_json(failure.at)},
                                      {"expected", failure.expected},
                                      {"happened", failure.happened}});
    }
    cases.push_back(json::object{{"name", result.name},
                                 {"at", place_json(result.at)},
                                 {"passed", result.failures.empty()},
                                 {"failures", std::move(failures)}});
  }
  for (const RuleUse& use : results.rules) {
    rules.push_back(json::object{{"list", use.list},
                                 {"name", use.name},
                                 {"at", place_json(use.at)},
                                 {"matched", use.matched},
                                 {"decided", use.decided}});
  }
  const json::object document{{"cases", std::move(cases)},
                              {"failed", results.failed()},
                              {"rules", std::move(rules)},
                              {"covered", results.covered()}};
  print_document(document, Format::json, terminal);
}

}  // namespace

int print_results(const Results& results, std::size_t files, const TestOptions& options,
                  TestFormat format, Terminal& terminal) {
  switch (format) {
    case TestFormat::text:
      print_text(results, files, options, terminal);
      break;
    case TestFormat::tap:
      print_tap(results, files, terminal);
      break;
    case TestFormat::junit:
      print_junit(results, terminal);
      break;
    case TestFormat::json:
      print_json(results, terminal);
      break;
  }
  const bool enough = covers_enough(results, options);
  if (!enough) {
    std::ostream& out = format == TestFormat::text ? terminal.out : terminal.err;
    print_uncovered(results, out, terminal.colour);
  }
  return results.failed() == 0 && enough ? 0 : 1;
}

}  // namespace tocsin::cli
