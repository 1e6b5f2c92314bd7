#include "tocsin/base/diagnostic.h"

#include <gtest/gtest.h>

#include <exception>
#include <new>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tocsin/base/check.h"

namespace tocsin {
namespace {

Diagnostic mistake(std::string file, int line, int column, std::string problem) {
  return {Diagnostic::Level::error, {std::move(file), line, column}, std::move(problem), ""};
}

TEST(Diagnostic, NamesPlaceProblemAndCure) {
  const Diagnostic d{Diagnostic::Level::error,
                     {"rules/services.yaml", 12, 5},
                     "unknown key \"escalatoin\"",
                     "did you mean \"escalation\"?"};
  EXPECT_EQ(format(d),
            "rules/services.yaml:12:5: error: unknown key \"escalatoin\"; "
            "did you mean \"escalation\"?");
  EXPECT_EQ(format_short(d.at), "rules/services.yaml:12");
}

TEST(Diagnostic, LeavesOutWhatIsUnknown) {
  Diagnostic d{Diagnostic::Level::warning, {"a.yaml", 0, 0}, "no steps", ""};
  EXPECT_EQ(format(d), "a.yaml: warning: no steps");
  d.at.line = 3;
  EXPECT_EQ(format(d), "a.yaml:3: warning: no steps");
  d.at = {};
  EXPECT_EQ(format(d), "warning: no steps");
}

TEST(Diagnostic, StaysOneLineWhateverTheFileHolds) {
  const Diagnostic d = mistake("a\nb.yaml", 1, 2, std::string("key \"\x1b[31m\t\0\n\"", 14));
  EXPECT_EQ(format(d), "a\\nb.yaml:1:2: error: key \"\\x1b[31m\\t\\x00\\n\"");
}

TEST(Diagnostic, OnlyErrorsCountAsErrors) {
  Diagnostics all{{Diagnostic::Level::warning, {}, "w", ""}};
  EXPECT_FALSE(has_errors(all));
  all.push_back(mistake("", 0, 0, "e"));
  EXPECT_TRUE(has_errors(all));
  EXPECT_FALSE(has_errors({}));
}

TEST(Diagnostic, SortKeepsTheFilesOrderAndDropsRepeats) {
  Diagnostics all{mistake("z.yaml", 9, 1, "a"), mistake("a.yaml", 2, 2, "b"),
                  mistake("z.yaml", 1, 1, "c"), mistake("a.yaml", 2, 1, "d"),
                  mistake("z.yaml", 9, 1, "e"), mistake("z.yaml", 9, 1, "a")};
  sort(all);
  std::string story;
  for (const Diagnostic& d : all) story += format(d) + "\n";
  EXPECT_EQ(story,
            "z.yaml:1:1: error: c\n"
            "z.yaml:9:1: error: a\n"
            "z.yaml:9:1: error: e\n"
            "a.yaml:2:1: error: d\n"
            "a.yaml:2:2: error: b\n");
}

TEST(Nearest, FindsTheKeyThatWasMeant) {
  const std::vector<std::string_view> keys = {"escalation", "services", "severity", "when",
                                              "window",     "by",       "map"};
  struct Case {
    const char* word;
    const char* meant;
  };
  const Case cases[] = {
      {"escalatoin", "escalation"},
      {"service", "services"},
      {"Severity", "severity"},
      {"SEVERTIY", "severity"},
      {"whne", "when"},
      {"windwo", "window"},
      {"bye", "by"},
      {"maps", "map"},
      {"schedules", ""},
      {"x", ""},
      {"zz", ""},
      {"", ""},
      {"correlation", ""},
  };
  for (const Case& c : cases) EXPECT_EQ(nearest(c.word, keys), c.meant) << c.word;
  EXPECT_EQ(nearest("when", {}), "");
  EXPECT_EQ(nearest(std::string(1'000'000, 'a'), keys), "");
  EXPECT_EQ(nearest("aaaaaa", {std::string_view("aaaaab"), "aaaaac"}), "aaaaab");
}

TEST(Check, EndsTheProcessAndSaysWhichInvariantBroke) {
  CHECK(1 + 1 == 2);
  EXPECT_DEATH(CHECK(1 + 1 == 3), "diagnostic_test.cpp:[0-9]+: broken invariant: 1 \\+ 1 == 3");
}

TEST(Check, EachThreadThatEndsTheProcessByAnExceptionSaysWhich) {
  EXPECT_DEATH(
      {
        announce_uncaught_exceptions();
        std::vector<std::jthread> threads;
        for (int n = 0; n < 8; ++n) threads.emplace_back([] { throw std::bad_alloc(); });
      },
      "^uncaught exception: std::bad_alloc\n");
}

TEST(Check, AnExceptionWithoutWordsOrWithTooManyStillEndsWithASentence) {
  announce_uncaught_exceptions();
  EXPECT_DEATH(([]() noexcept { throw 7; }()), "^uncaught exception: of a type without words\n");
  EXPECT_DEATH(([]() noexcept { throw std::runtime_error(std::string(100'000, 'x')); }()),
               "^uncaught exception: x{480,}\n");
  EXPECT_DEATH(std::terminate(), "^uncaught exception: terminated without an exception\n");
}

}  // namespace
}  // namespace tocsin
