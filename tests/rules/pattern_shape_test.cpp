#include "rules/pattern_shape.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <algorithm>
#include <random>
#include <string>

#include "rules/regex.h"

namespace tocsin::rules {
namespace {

using Where = PatternPiece::Where;

std::string show(const std::optional<std::vector<PatternPiece>>& pieces) {
  if (!pieces) return "regex";
  std::string out;
  for (const PatternPiece& piece : *pieces) {
    const std::string dots = piece.longer ? ".+" : ".*";
    if (!out.empty()) out += " or ";
    if (piece.where == Where::suffix || piece.where == Where::inside) out += dots;
    out += "<" + piece.text + ">";
    if (piece.where == Where::prefix || piece.where == Where::inside) out += dots;
  }
  return out;
}

TEST(PatternShape, IsSimpleWhereThePatternIs) {
  struct Case {
    const char* pattern;
    const char* shape;
  };
  const Case cases[] = {
      {"", "<>"},
      {"foo", "<foo>"},
      {"^foo$", "<foo>"},
      {"a|b|c", "<a> or <b> or <c>"},
      {"^(a|b|a)$", "<a> or <b>"},
      {"^a|b$", "<a> or <b>"},
      {"(?:a|b)", "<a> or <b>"},
      {"a|", "<> or <a>"},
      {"https?", "<http> or <https>"},
      {"(web|api)-(1|2)", "<api-1> or <api-2> or <web-1> or <web-2>"},
      {"[ab]c", "<ac> or <bc>"},
      {"a\\.b\\|c", "<a.b|c>"},
      {"a\\.?", "<a> or <a.>"},
      {"a\\.\\.?b?", "<a.> or <a..> or <a..b> or <a.b>"},
      {"é?", "<> or <é>"},
      {"foo.*", "<foo>.*"},
      {"foo.+", "<foo>.+"},
      {"foo.*?", "<foo>.*"},
      {"(foo|bar).*", "<bar>.* or <foo>.*"},
      {"(foo.*|bar)", "<bar> or <foo>.*"},
      {"foo(-.*)?", "<foo> or <foo->.*"},
      {".*foo", ".*<foo>"},
      {".+foo", ".+<foo>"},
      {".*foo.*", ".*<foo>.*"},
      {"^.*foo.*$", ".*<foo>.*"},
      {".*", "<>.*"},
      {".+", "<>.+"},
      {"é.*", "<é>.*"},
      {"a\nb", "<a\nb>"},
      // RE2's.
      {"a\n.*", "regex"},
      {".+foo.*", "regex"},
      {".*foo.+", "regex"},
      {"a.*b", "regex"},
      {".*.*", "regex"},
      {"(?i)foo", "regex"},
      {"(?s)foo.*", "regex"},
      {"(?P<x>foo)", "regex"},
      {"fo*", "regex"},
      {"fo+", "regex"},
      {"fo{2}", "regex"},
      {"fo??", "regex"},
      {"a.b", "regex"},
      {"[a-c]", "regex"},
      {"[^a]", "regex"},
      {"\\d", "regex"},
      {"\\Qa\\E", "regex"},
      {"\\x61", "regex"},
      {"(^a)", "regex"},
      {"a^b", "regex"},
      {"a$b", "regex"},
      {"a\\.*", "regex"},
      {"a\\", "regex"},
      {"ab\xff", "regex"},
      {"a\\b", "regex"},
      {"x]", "regex"},
  };
  for (const Case& c : cases) EXPECT_EQ(show(read_pattern(c.pattern)), c.shape) << c.pattern;
}

TEST(PatternShape, LeavesProductsThatGrowToRe2) {
  std::string pattern;
  for (int i = 0; i < 30; ++i) pattern += "(a|b)";
  EXPECT_FALSE(read_pattern(pattern));
  EXPECT_FALSE(read_pattern(std::string(40, '(') + "a" + std::string(40, ')')));
}

std::string repeat(std::string_view part, int times) {
  std::string out;
  for (; times > 0; --times) out += part;
  return out;
}

/// At their full size each once took seconds: alternatives were copied for every element after
/// them.
std::vector<std::string> growing_patterns(int part) {
  return {
      "(" + repeat("ab|c|", 1500 / part) + "d)" + repeat("\\.", 4000 / part),
      "(" + repeat("ab|c|", 1500 / part) + "d)" + repeat("(?:x)", 1600 / part),
      "(" + repeat("ab|c|", 1500 / part) + "d)" + repeat("[x]", 2600 / part),
      repeat("(a|b)?", 8) + repeat("(?:x)", 3000 / part),
      repeat("(?:x)", 3200 / part),
      repeat("\\.", 8000 / part),
      repeat("(", 15) + repeat("a|", 8000 / part) + repeat(")", 15),
      repeat("(?:", 15) + "x" + repeat("y)", 15) + repeat("(?:x)", 3000 / part),
      "(" + repeat("x", 8000 / part) + "|" + repeat("y|", 4000 / part) + ")(?:z)",
      repeat(".*|", 5000 / part),
      repeat("é?", 9) + repeat("(?:é)", 2000 / part),
  };
}

TEST(PatternShape, WritesInProportionToThePattern) {
  for (const std::string& pattern : growing_patterns(1)) {
    ASSERT_LE(pattern.size(), 16u * 1024);
    std::size_t written = 0;
    const auto pieces = read_pattern(pattern, &written);
    EXPECT_LE(written, 32 * (pattern.size() + 64)) << pattern.substr(0, 40);
    std::size_t bytes = 0;
    if (pieces) {
      for (const PatternPiece& piece : *pieces) bytes += sizeof piece + piece.text.size();
    }
    EXPECT_LE(bytes, 32 * (pattern.size() + 64)) << pattern.substr(0, 40);
  }
}

TEST(PatternShape, OfRunsOfEscapesIsWrittenOnce) {
  std::size_t written = 0;
  EXPECT_EQ(show(read_pattern(repeat("\\.", 8000), &written)), "<" + repeat(".", 8000) + ">");
  EXPECT_EQ(written, 0u);
  EXPECT_EQ(show(read_pattern("(a|b)" + repeat("\\.c", 5000), &written)),
            "<a" + repeat(".c", 5000) + "> or <b" + repeat(".c", 5000) + ">");
  EXPECT_EQ(written, 2u * (1 + 1 + 10'000));
}

TEST(PatternShape, OfPatternsThatGrowSaysWhatRe2Says) {
  const std::string values[] = {"",
                                "a",
                                "y",
                                "yz",
                                repeat("x", 800) + "z",
                                "ab" + repeat(".", 400),
                                "ab" + repeat(".", 399),
                                "d" + repeat("x", 160),
                                "d" + repeat("x", 260),
                                "ba" + repeat("x", 300),
                                repeat("x", 320),
                                repeat(".", 800),
                                "x" + repeat("y", 15) + repeat("x", 300),
                                repeat("é", 205)};
  int matches = 0;
  for (const std::string& pattern : growing_patterns(10)) {
    const auto regex = Regex::read(pattern);
    ASSERT_TRUE(regex) << pattern.substr(0, 40) << ": " << regex.error();
    const re2::RE2 other(pattern, re2::RE2::Quiet);
    for (const std::string& value : values) {
      const bool expected = re2::RE2::FullMatch(value, other);
      EXPECT_EQ((*regex)->matches_whole(value), expected)
          << pattern.substr(0, 40) << " on " << value.substr(0, 40);
      matches += expected ? 1 : 0;
    }
  }
  EXPECT_GT(matches, 20);
}

bool holds(const PatternPiece& piece, std::string_view value, bool plain) {
  const bool longer = !piece.longer || value.size() > piece.text.size();
  switch (piece.where) {
    case Where::whole:
      return value == piece.text;
    case Where::prefix:
      return plain && longer && value.starts_with(piece.text);
    case Where::suffix:
      return plain && longer && value.ends_with(piece.text);
    case Where::inside:
      return plain && value.contains(piece.text);
  }
  return false;
}

std::string random_text(std::mt19937& random, const std::vector<std::string>& parts,
                        std::size_t size) {
  std::string out;
  for (size = random() % (size + 1); size > 0; --size) out += parts[random() % parts.size()];
  return out;
}

TEST(PatternShape, HoldsForWhatRe2Matches) {
  const std::vector<std::string> pattern_parts = {
      "a", "b", "é", ".*",  ".+",   ".",  "|",   "(", ")", "^",
      "$", "?", "*", "(?:", "[ab]", "\n", "\\.", "a", "b"};
  const std::vector<std::string> value_parts = {"a", "b", "é", "\n", "\xff", "\xc3", "."};
  std::mt19937 random(7);
  const re2::RE2 dots(".*");
  int simple = 0;
  for (int i = 0; i < 40'000; ++i) {
    const std::string pattern = random_text(random, pattern_parts, 8);
    const auto pieces = read_pattern(pattern);
    if (!pieces) continue;
    const re2::RE2 regex(pattern, re2::RE2::Quiet);
    ASSERT_TRUE(regex.ok()) << pattern << " is no mistake here, but one to RE2";
    ++simple;
    for (int j = 0; j < 12; ++j) {
      const std::string value = random_text(random, value_parts, 5);
      const bool plain = re2::RE2::FullMatch(value, dots);
      const bool simply = std::ranges::any_of(
          *pieces, [&](const PatternPiece& piece) { return holds(piece, value, plain); });
      ASSERT_EQ(simply, re2::RE2::FullMatch(value, regex)) << pattern << " on " << value;
    }
  }
  EXPECT_GT(simple, 5'000);
}

}  // namespace
}  // namespace tocsin::rules
