#include "cli/check.h"

#include <gtest/gtest.h>

#include <sstream>

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
