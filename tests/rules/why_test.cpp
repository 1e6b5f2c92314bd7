#include "tocsin/rules/why.h"

#include <gtest/gtest.h>

#include <string>

#include "rules/random_rules.h"

namespace tocsin::rules {
namespace {

Predicate one(std::string_view text) { return {matcher_of(text)}; }

/// x="a" (has "b") and so on.
std::string show(const std::vector<Failing>& all) {
  std::string out;
  for (const Failing& failing : all) {
    if (!out.empty()) out += "; ";
    if (failing.should_not_hold) out += "not ";
    out += failing.matcher + (failing.value.empty() ? "" : " has " + failing.value);
  }
  return out;
}

TEST(Why, NamesTheMatchersThatKeepAPredicateFromHolding) {
  const Labels labels = {{"x", "a"}, {"y", "b"}};
  const Labels annotations = {{"summary", "full"}};
  const Subject subject{.labels = labels, .annotations = annotations, .source = "prom"};
  struct Case {
    Predicate predicate;
    std::uint32_t count;
    const char* failing;
  };
  const Case cases[] = {
      {one("x=a"), 0, ""},
      {one("x=c"), 1, "x=\"c\" has a"},
      {one("z=c"), 1, "z=\"c\""},
      {one("annotations.summary=empty"), 1, "annotations.summary=\"empty\" has full"},
      {one("meta.source=graf"), 1, "meta.source=\"graf\" has prom"},
      {{AllOf{{one("x=a"), one("y=c"), one("z")}}}, 2, "y=\"c\" has b; z"},
      {{AnyOf{{one("x=c"), one("y=c")}}}, 1, "x=\"c\" has a"},
      {{AnyOf{{{AllOf{{one("x=c"), one("y=c")}}}, one("z=1")}}}, 1, "z=\"1\""},
      {{AnyOf{{one("x=c"), one("y=b")}}}, 0, ""},
      {{Not{{one("x=a")}}}, 1, "not x=\"a\" has a"},
      {{Not{{one("x=c")}}}, 0, ""},
      {{Not{{{AllOf{{one("x=a"), one("y=b")}}}}}}, 1, "not x=\"a\" has a"},
      {{Not{{{AnyOf{{one("x=a"), one("y=b"), one("z")}}}}}},
       2,
       "not x=\"a\" has a; not y=\"b\" has b"},
      {{Not{{{Not{{one("x=c")}}}}}}, 1, "x=\"c\" has a"},
      {{AllOf{}}, 0, ""},
      {{AnyOf{}}, 1, "never"},
      {{AllOf{{one("x=c"), {AnyOf{}}}}}, 2, "x=\"c\" has a; never"},
      {{Not{{{AllOf{}}}}}, 1, "never"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(failing_count(c.predicate, subject), c.count) << c.failing;
    EXPECT_EQ(show(failing(c.predicate, subject)), c.failing);
  }
}

TEST(Why, ListsNoMoreThanAsked) {
  AllOf all;
  for (int i = 0; i < 100; ++i) all.terms.push_back(one("x" + std::to_string(i)));
  const Predicate predicate{std::move(all)};
  EXPECT_EQ(failing_count(predicate, {}), 100u);
  EXPECT_EQ(failing(predicate, {}).size(), 16u);
  EXPECT_EQ(failing(predicate, {}, 3).size(), 3u);
}

TEST(Why, CountsNothingExactlyWhereThePredicateHolds) {
  for (std::uint64_t seed = 1; seed <= 5'000; ++seed) {
    RandomRules random(seed);
    const Predicate predicate = random.predicate(4);
    const Labels labels = random.labels();
    const Subject subject{.labels = labels};
    const std::uint32_t count = failing_count(predicate, subject);
    ASSERT_EQ(count == 0, holds(predicate, subject)) << seed;
    ASSERT_EQ(failing(predicate, subject, 1'000).size(), count) << seed;
  }
}

}  // namespace
}  // namespace tocsin::rules
