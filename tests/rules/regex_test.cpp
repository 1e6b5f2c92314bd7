#include "rules/regex.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace tocsin::rules {
namespace {

TEST(Regex, MatchesWholeValuesAsRe2Does) {
  const std::string values[] = {"",        "a",      "ab",   "abc", "prod",
                                "prod-eu", "x-prod", "a\nb", "é",   "\xff"};
  for (const char* pattern :
       {"", "a", "a|ab|abc", "prod.*", ".*prod", ".*o.*", ".+", ".*", "[ab]b?", "(?i)PROD", "\\w+",
        "a.b", "^a$|^b$", "(a|ab)(c|)", "[^a]", "\\x61", "a{1,2}b?c?"}) {
    const auto regex = Regex::read(pattern);
    ASSERT_TRUE(regex) << pattern << ": " << regex.error();
    EXPECT_EQ((*regex)->pattern(), pattern);
    const re2::RE2 other(pattern, re2::RE2::Quiet);
    for (const std::string& value : values) {
      EXPECT_EQ((*regex)->matches_whole(value), re2::RE2::FullMatch(value, other))
          << pattern << " on " << value;
    }
  }
}

TEST(Regex, IsRefusedWhereItIsRead) {
  for (const char* pattern : {"(", "a**", "[z-a]", "\\8", "x{1001}", "(?z)", "\xff", "a|("}) {
    EXPECT_FALSE(Regex::read(pattern)) << pattern;
  }
}

TEST(Regex, OfRandomPiecesMatchesAsRe2Does) {
  const std::string parts[] = {"a", "b", "é", "\\.", ".*", ".+", "[ab]", "(?:", "(",
                               ")", "|", "|", "?",   "^",  "$",  "\n",   "-",   "b"};
  const std::string letters[] = {"a", "b", "é", ".", "\n", "-", "\xff"};
  std::mt19937_64 random(20261125);
  int simple = 0;
  for (int round = 0; round < 30'000; ++round) {
    std::string pattern;
    for (std::size_t i = random() % 10; i > 0; --i) pattern += parts[random() % std::size(parts)];
    const re2::RE2 other(pattern, re2::RE2::Quiet);
    const auto regex = Regex::read(pattern);
    ASSERT_EQ(regex.has_value(), other.ok()) << pattern;
    if (!regex || !(*regex)->is_simple()) continue;
    ++simple;
    for (int i = 0; i < 8; ++i) {
      std::string value;
      for (std::size_t j = random() % 5; j > 0; --j)
        value += letters[random() % std::size(letters)];
      ASSERT_EQ((*regex)->matches_whole(value), re2::RE2::FullMatch(value, other))
          << pattern << " on " << value;
    }
  }
  EXPECT_GT(simple, 3000);
}

TEST(Regex, MayTakeMoreThanItsSizeSuggests) {
  for (const char* const pattern : {"\\pL{40}", "(\\pL\\d){12}.*"}) {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_max_mem(64 * 1024);
    EXPECT_FALSE(re2::RE2(pattern, options).ok()) << pattern << " is small";
    const auto regex = Regex::read(pattern);
    ASSERT_TRUE(regex) << pattern << ": " << regex.error();
    EXPECT_FALSE((*regex)->matches_whole("x"));
  }
  const auto letters = Regex::read("\\pL{40}");
  EXPECT_TRUE((*letters)->matches_whole(std::string(40, 'x')));
  EXPECT_FALSE(Regex::read("\\pL{500}")) << "2 MiB are not enough for it";
}

TEST(Regex, WhosePiecesGrowIsLeftToRe2) {
  std::string long_text(2000, 'x');
  const auto regex = Regex::read("(a|b|c|d|e|f|g|h)(a|b|c|d|e|f|g|h)" + long_text + "(a|b|c)?");
  ASSERT_TRUE(regex);
  EXPECT_FALSE((*regex)->is_simple());
  EXPECT_TRUE((*regex)->matches_whole("ha" + long_text + "c"));
}

TEST(Patterns, AreSharedByEqualTexts) {
  Patterns patterns;
  const auto one = parse_matcher("env=~\"prod|stage\"", Grammar::extended, patterns);
  const auto other =
      parse_selector("{team!~\"prod|stage\", x=~\"a+\"}", Grammar::extended, patterns);
  ASSERT_TRUE(one && other);
  EXPECT_EQ(one->regex, (*other)[0].regex);
  EXPECT_NE(one->regex, (*other)[1].regex);
  EXPECT_FALSE(parse_matcher("env=~\"(\"", Grammar::extended, patterns));
}

TEST(Patterns, OfAQuestionCostTogetherWhatOneMayCost) {
  std::string selector;
  for (int i = 0; i < 64; ++i) {
    selector += (i == 0 ? "x=~\"" : ",x=~\"") + std::to_string(i) + "\\pL{60}\"";
  }
  const auto read = parse_selector(selector, Grammar::extended);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().problem.find("cost all that patterns may cost"), std::string::npos);
  EXPECT_EQ(read.error().offset, selector.find("\"2\\pL")) << "the second exceeds it";
}

TEST(Patterns, ThatAreTooLargeCostAsMuchAsTheLargest) {
  Patterns patterns(Patterns::Of::rules);
  EXPECT_FALSE(parse_matcher("x=~\"\\pL{500}\"", Grammar::extended, patterns));
  EXPECT_FALSE(patterns.takes("another"));
}

TEST(Patterns, KnownOnesAreTakenWhenAllIsSpent) {
  Patterns patterns;
  const char* const costly = "x=~\"\\pL{100}\"";
  ASSERT_TRUE(parse_matcher(costly, Grammar::extended, patterns));
  ASSERT_TRUE(parse_matcher("x=~\"\\pL{20}\"", Grammar::extended, patterns));
  EXPECT_FALSE(parse_matcher("x=~\"[ab]{2}\"", Grammar::extended, patterns));
  EXPECT_TRUE(parse_matcher(costly, Grammar::extended, patterns));
}

TEST(Patterns, CommonOnesOfRulesNeverCostAllThereIs) {
  Patterns patterns(Patterns::Of::rules);
  for (int i = 0; i < 5'000; ++i) {
    const std::string text = "x=~\"(?i)db-" + std::to_string(i) + "-[0-9]+.*\"";
    ASSERT_TRUE(parse_matcher(text, Grammar::extended, patterns)) << i;
  }
}

}  // namespace
}  // namespace tocsin::rules
