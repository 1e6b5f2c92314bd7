#include "cli/check.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <sstream>

#include "cli/annotations.h"
#include "cli/terminal.h"

namespace tocsin::cli {
namespace {

struct Said {
  int code = 0;
  std::string out;
};

Said print(const Diagnostics& diagnostics, bool strict, Format format = Format::table) {
  std::ostringstream out;
  std::ostringstream err;
  Terminal terminal{out, err, false, Instant{}};
  CheckOptions options;
  options.config = "config/tocsin.yaml";
  options.strict = strict;
  const int code = print_diagnostics(diagnostics, 3, options, format, terminal);
  EXPECT_TRUE(err.str().empty());
  return {code, out.str()};
}

Diagnostic diagnostic(Diagnostic::Level level) {
  return {level, {"rules/a.yaml", 3, 5}, "unknown key \"wiat\"", "did you mean \"wait\"?"};
}

TEST(Check, SaysOneLineWhenThereIsNoMistake) {
  const Said said = print({}, true);
  EXPECT_EQ(said.code, 0);
  EXPECT_EQ(said.out, "config/tocsin.yaml: 3 rules files, no mistakes\n");
}

TEST(Check, PrintsEveryMistakeAndFails) {
  const Said said =
      print({diagnostic(Diagnostic::Level::error), diagnostic(Diagnostic::Level::warning)}, false);
  EXPECT_EQ(said.code, 1);
  EXPECT_EQ(said.out,
            "rules/a.yaml:3:5: error: unknown key \"wiat\"; did you mean \"wait\"?\n"
            "rules/a.yaml:3:5: warning: unknown key \"wiat\"; did you mean \"wait\"?\n"
            "config/tocsin.yaml: 3 rules files, 1 error, 1 warning\n");
}

TEST(Check, TakesWarningsForErrorsOnlyWhenStrict) {
  const Diagnostics warnings{diagnostic(Diagnostic::Level::warning)};
  EXPECT_EQ(print(warnings, false).code, 0);
  EXPECT_EQ(print(warnings, true).code, 1);
}

TEST(Check, GivesJsonForPrograms) {
  const Said said = print({diagnostic(Diagnostic::Level::error)}, false, Format::json);
  EXPECT_EQ(said.code, 1);
  EXPECT_EQ(
      said.out,
      "{\n  \"diagnostics\": [\n    {\n      \"level\": \"error\",\n      \"file\": "
      "\"rules/a.yaml\",\n"
      "      \"line\": 3,\n      \"column\": 5,\n      \"problem\": \"unknown key \\\"wiat\\\"\",\n"
      "      \"cure\": \"did you mean \\\"wait\\\"?\"\n    }\n  ]\n}\n");
}

TEST(Check, CountsNotesApartAndNeverAsMistakes) {
  const Diagnostics notes{diagnostic(Diagnostic::Level::note)};
  const Said said = print(notes, true);
  EXPECT_EQ(said.code, 0);
  EXPECT_EQ(said.out,
            "rules/a.yaml:3:5: note: unknown key \"wiat\"; did you mean \"wait\"?\n"
            "config/tocsin.yaml: 3 rules files, no mistakes, 1 note\n");
  const Said both = print({notes[0], diagnostic(Diagnostic::Level::warning)}, true);
  EXPECT_EQ(both.code, 1);
  EXPECT_NE(both.out.find("0 errors, 1 warning, 1 note (with --strict a warning is an error)\n"),
            std::string::npos)
      << both.out;
  EXPECT_NE(print(notes, true, Format::json).out.find("\"level\": \"note\""), std::string::npos);
}

Said annotate(const Diagnostics& diagnostics, CodeHost host) {
  std::ostringstream out;
  Terminal terminal{out, out, false, Instant{}};
  CheckOptions options;
  options.config = "config/tocsin.yaml";
  options.host = host;
  const int code = print_diagnostics(diagnostics, 3, options, Format::table, terminal);
  return {code, out.str()};
}

TEST(Annotations, ForGitHubEscapeWhatWouldEndThem) {
  const Diagnostics told{
      {Diagnostic::Level::error, {"rules/a,b:100%.yaml", 3, 5}, "50 %: a, b\nc\rd\x1b", "now"},
      {Diagnostic::Level::warning, {"a.yaml", 7, 0}, "no steps", ""},
      {Diagnostic::Level::note, {"a.yaml", 0, 0}, "users", ""},
      {Diagnostic::Level::error, {}, "no file", ""}};
  EXPECT_EQ(github_annotations(told, "/repository"),
            "::error file=rules/a%2Cb%3A100%25.yaml,line=3,col=5::50 %25: a, b%0Ac%0Dd\\x1b; now\n"
            "::warning file=a.yaml,line=7::no steps\n"
            "::notice file=a.yaml::users\n"
            "::error::no file\n");
  const Said said = annotate(told, CodeHost::github);
  EXPECT_EQ(said.code, 1);
  EXPECT_TRUE(
      said.out.ends_with("\nconfig/tocsin.yaml: 3 rules files, 2 errors, 1 warning, 1 note\n"))
      << said.out;
}

TEST(Annotations, ForGitLabAreAReportWithUniqueFingerprints) {
  const Said said = annotate({diagnostic(Diagnostic::Level::error)}, CodeHost::gitlab);
  EXPECT_EQ(said.code, 1);
  const auto report = boost::json::parse(said.out).as_array();
  ASSERT_EQ(report.size(), 1u);
  EXPECT_EQ(report[0].at("description"), "unknown key \"wiat\"; did you mean \"wait\"?");
  EXPECT_EQ(report[0].at("check_name"), "tocsin-check");
  EXPECT_EQ(report[0].at("severity"), "critical");
  EXPECT_EQ(report[0].at_pointer("/location/path"), "rules/a.yaml");
  EXPECT_EQ(report[0].at_pointer("/location/lines/begin"), 3);

  Diagnostics moved{diagnostic(Diagnostic::Level::error), diagnostic(Diagnostic::Level::error),
                    diagnostic(Diagnostic::Level::warning)};
  moved[0].at.line = 20;
  moved[2].at.line = 0;
  const auto again = gitlab_report(moved, "/repository");
  EXPECT_EQ(again[0].at("fingerprint"), report[0].at("fingerprint")) << "wherever it moved";
  EXPECT_NE(again[1].at("fingerprint"), again[0].at("fingerprint"));
  EXPECT_NE(again[2].at("fingerprint"), again[0].at("fingerprint"));
  EXPECT_EQ(again[0].at("fingerprint").as_string().size(), 32u);
  EXPECT_EQ(again[2].at("severity"), "minor");
  EXPECT_EQ(again[2].at_pointer("/location/lines/begin"), 1) << "lines count from 1";
  EXPECT_EQ(annotate({}, CodeHost::gitlab).out, "[]\n");
}

TEST(Annotations, NamePathsAsTheRepositoryHasThem) {
  EXPECT_EQ(seen_from("/repository", "/repository/rules/a.yaml"), "rules/a.yaml");
  EXPECT_EQ(seen_from("/repository", "config/../rules/a.yaml"), "rules/a.yaml");
  EXPECT_EQ(seen_from("/repository/sub", "../sub/rules/a.yaml"), "rules/a.yaml");
  EXPECT_EQ(seen_from("/repository", "/etc/tocsin/rules/a.yaml"), "/etc/tocsin/rules/a.yaml");
  EXPECT_EQ(seen_from("/repository", "../other/a.yaml"), "../other/a.yaml");
  EXPECT_EQ(seen_from("/repository", ""), "");
}

TEST(Text, FromOutsideCannotSteerATerminal) {
  EXPECT_EQ(printable("plain é 漢"), "plain é 漢");
  EXPECT_EQ(printable("\x1b[31m\a\x7f"), "\\x1b[31m\\x07\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "\\x9b2J");                              // C1: one-byte CSI, in UTF-8
  EXPECT_EQ(printable("a\xff\xc3"), "a\\xff\\xc3");  // no UTF-8
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\u202e");   // turns text around
  EXPECT_EQ(width("é漢a"), 3U);
}

TEST(Text, AgesAreRoundedDownToTheLargestUnit) {
  const Instant begin{};
  const auto after = [&](std::int64_t seconds) {
    return age(begin, begin + std::chrono::seconds(seconds));
  };
  EXPECT_EQ(after(-5), "0s");
  EXPECT_EQ(after(59), "59s");
  EXPECT_EQ(after(60), "1m");
  EXPECT_EQ(after(3'599), "59m");
  EXPECT_EQ(after(3'600), "1h");
  EXPECT_EQ(after(47 * 3'600), "47h");
  EXPECT_EQ(after(48 * 3'600), "2d");
}

}  // namespace
}  // namespace tocsin::cli
