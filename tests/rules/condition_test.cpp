#include "rules/condition.h"

#include <gtest/gtest.h>

#include <string>

#include "rules/random_rules.h"

namespace tocsin::rules {
namespace {

TEST(Vocabulary, KeepsWhatRulesAskOnce) {
  std::string many = "a in (x";
  std::string as_pattern = "a=~\"x";
  for (int i = 0; i < 100; ++i) {
    many += ", v" + std::to_string(i);
    as_pattern += "|v" + std::to_string(i);
  }
  struct Case {
    std::string one, same;
  };
  const Case cases[] = {
      {"a=x", "a in (x)"},
      {"a in (x, y, z)", "a in (z, y, x, y)"},
      {"a in (x, \"\")", "a in (\"\", x)"},
      {"a in (x, y)", "a=~\"x|y\""},
      {many + ")", as_pattern + "\""},
      {"a > 5", "a > 5.0"},
      {"a > 5", "a > 5e0"},
      {"a >= 0", "a >= -0"},
      {"a < 0", "a < -0.0"},
      {"a=~\"x.+y\"", "a=~\"x.+y\""},
  };
  for (const Case& c : cases) {
    Vocabulary vocabulary;
    const Condition one = vocabulary.condition_of({matcher_of(c.one)});
    const Condition same = vocabulary.condition_of({matcher_of(c.same)});
    ASSERT_EQ(one.kind, Condition::Kind::leaf) << c.one;
    ASSERT_EQ(same.kind, Condition::Kind::leaf) << c.same;
    EXPECT_EQ(one.leaf, same.leaf) << c.one << " and " << c.same;
    EXPECT_LE(vocabulary.sets.size() + vocabulary.patterns.size() + vocabulary.thresholds.size(),
              1u);
  }
}

TEST(Vocabulary, TellsApartWhatDiffers) {
  Vocabulary vocabulary;
  const std::vector<std::string> texts = {
      "a in (x, y)", "b in (x, y)", "a in (x, z)", "a in (x, y, z)", "a in (x, \"\")", "a > 5",
      "a >= 5",      "a < 5",       "a <= 5",      "a > 6",          "b > 5"};
  std::vector<Leaf> seen;
  for (const std::string& text : texts) {
    const Condition condition = vocabulary.condition_of({matcher_of(text)});
    ASSERT_EQ(condition.kind, Condition::Kind::leaf) << text;
    for (const Leaf& other : seen) EXPECT_NE(condition.leaf, other) << text;
    seen.push_back(condition.leaf);
  }
}

TEST(Vocabulary, LeavesOutATermThatIsSaidTwice) {
  Vocabulary vocabulary;
  for (const char* const text : {"a in (x, y)", "a > 5", "a=~\"x.+y\"", "a=x"}) {
    const Predicate term{matcher_of(text)};
    EXPECT_EQ(vocabulary.condition_of({AllOf{{term, term}}}).kind, Condition::Kind::leaf) << text;
    EXPECT_EQ(vocabulary.condition_of({AnyOf{{term, term}}}).kind, Condition::Kind::leaf) << text;
    EXPECT_EQ(vocabulary.condition_of({Not{{{AllOf{{term, term}}}}}}).kind, Condition::Kind::leaf)
        << text;
  }
}

}  // namespace
}  // namespace tocsin::rules
