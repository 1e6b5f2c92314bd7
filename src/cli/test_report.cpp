#include "cli/test_report.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <ostream>

#include "cli/pages.h"
#include "cli/table.h"
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

bool covers_enough(const Results& results, const TestOptions& options) {
  return results.covered() * 100 >= results.rules.size() * options.require_coverage;
}

void print_uncovered(const Results& results, std::ostream& out, bool colour) {
  for (const RuleUse& use : results.rules) {
    if (use.decided > 0) continue;
    const std::string line = format_short(use.at) + ": \"" + use.name + "\" of " +
                             std::string(use.list) + " decides nothing in any case";
    out << painted(printable(line), Tone::bad, colour) << '\n';
  }
}

void print_text(const TestRun& run, const TestOptions& options, Terminal& terminal) {
  if (run.results.cases.empty()) return;  // The errors say why.
  for (const CaseResult& result : run.results.cases) {
    for (const Failure& failure : result.failures) {
      const std::string line = place(failure.at) + ": " + result.name + ": " + sentence(failure);
      terminal.out << painted(printable(line), Tone::bad, terminal.colour) << '\n';
    }
    if (!options.verbose || !result.failures.empty()) continue;
    terminal.out << painted("passed  ", Tone::good, terminal.colour)
                 << printable(format_short(result.at) + "  " + result.name) << '\n';
  }
  if (options.coverage) print_coverage(run.results, "", terminal);
  terminal.out << summary(run) << '\n';
}

json::object place_json(const Position& at) {
  return {{"file", at.file}, {"line", at.line}, {"column", at.column}};
}

void print_json(const TestRun& run, Terminal& terminal) {
  const Results& results = run.results;
  json::array cases, rules, errors;
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
  for (const Diagnostic& error : run.errors) {
    errors.push_back(json::object{
        {"at", place_json(error.at)}, {"problem", error.problem}, {"cure", error.cure}});
  }
  const json::object document{{"cases", std::move(cases)},
                              {"failed", results.failed()},
                              {"errors", std::move(errors)},
                              {"rules", std::move(rules)},
                              {"covered", results.covered()}};
  print_document(document, Format::json, terminal);
}

}  // namespace

ErrorsOfFiles by_file(const Diagnostics& errors) {
  ErrorsOfFiles out;
  for (const Diagnostic& error : errors) out[error.at.file].push_back(&error);
  return out;
}

std::string place(const Position& at) {
  return at.file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

std::string sentence(const Failure& failure) {
  return "expected that " + failure.expected + ", but " + failure.happened;
}

std::string summary(const TestRun& run) {
  const Results& results = run.results;
  std::string out = counted(results.cases.size(), "case") + " in " + counted(run.files, "file");
  const std::size_t failed = results.failed(), unread = by_file(run.errors).size();
  out += failed == 0 ? ": all passed" : ": " + std::to_string(failed) + " failed";
  if (unread > 0) out += "; " + counted(unread, "more file") + " with errors did not run";
  return out + "; " + std::to_string(results.covered()) + " of " +
         counted(results.rules.size(), "rule") + " covered";
}

void print_coverage(const Results& results, std::string_view indent, Terminal& terminal) {
  Table table({"DECIDED", "MATCHED", "RULE", "LIST", "PLACE"});
  for (const RuleUse& use : results.rules) {
    const Tone tone = use.decided > 0 ? Tone::plain : Tone::bad;
    table.add({{std::to_string(use.decided), tone},
               {std::to_string(use.matched)},
               {use.name},
               {std::string(use.list)},
               {format_short(use.at)}});
  }
  table.print(terminal.out, terminal.colour, indent);
}

int print_run(const TestRun& run, const TestOptions& options, TestFormat format,
              Terminal& terminal) {
  for (const Diagnostic& error : run.errors) {
    terminal.err << painted(printable(tocsin::format(error)), Tone::bad, terminal.colour) << '\n';
  }
  switch (format) {
    case TestFormat::text:
      print_text(run, options, terminal);
      break;
    case TestFormat::tap:
      print_tap(run, options, terminal);
      break;
    case TestFormat::junit:
      print_junit(run, terminal);
      break;
    case TestFormat::json:
      print_json(run, terminal);
      break;
  }
  if (!run.errors.empty()) return 1;  // Cases that did not run may cover the rest.
  const bool enough = covers_enough(run.results, options);
  if (!enough) {
    std::ostream& out = format == TestFormat::text ? terminal.out : terminal.err;
    print_uncovered(run.results, out, terminal.colour);
  }
  return run.results.failed() == 0 && enough ? 0 : 1;
}

}  // namespace tocsin::cli
