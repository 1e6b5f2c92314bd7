#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "rules/index_lists.h"
#include "rules/random_rules.h"

namespace tocsin::rules {
namespace {

Labels with(const Labels& labels, std::string_view name, std::string_view value) {
  std::vector<Label> pairs;
  for (const Label label : labels.view()) {
    if (label.name != name) pairs.push_back(label);
  }
  pairs.push_back({name, value});
  return Labels(std::move(pairs));
}

constexpr std::array kAllStages = {Stage::triage, Stage::criteria, Stage::correlation};

/// One alert through all stages, with labels that change between them. The number of pairs
/// compared, 0 if index and oracle differ.
std::size_t compare(RandomRules& random, const Lists& lists, const Index& index,
                    Matching& matching) {
  Labels labels = random.labels();
  const Labels annotations = random.annotations();
  const std::string source = random.source();
  std::vector<std::uint32_t> found;
  std::vector<std::string> texts;  // Of labels that were set.
  texts.reserve(64);
  matching.begin(index, labels, annotations, source);
  std::size_t pairs = 0;
  Labels now = labels;
  for (const Stage stage : kAllStages) {
    const Subject subject{.labels = now, .annotations = annotations, .source = source};
    matching.match(stage, found);
    const auto expected = lists.linear(stage, subject);
    EXPECT_EQ(found, expected) << labels_to_json(now) << " " << labels_to_json(annotations) << " "
                               << source;
    if (found != expected) return 0;
    pairs += lists.stages[static_cast<std::size_t>(stage)].size();
    for (std::size_t i = random.below(4); i > 0; --i) {
      const std::string& name = texts.emplace_back(random.name());
      const std::string& value = texts.emplace_back(random.chance(0.2) ? "" : random.value());
      matching.set_label(name, value);
      now = with(now, name, value);
    }
  }
  return pairs;
}

/// Sanitizers take ten times as long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kPairs = 200'000;
#else
constexpr std::size_t kPairs = 2'000'000;
#endif

/// Mostly the usual ones, else such that few rules reach them.
Index::Limits random_limits(RandomRules& random) {
  Index::Limits limits;
  if (random.chance(0.2)) limits.set_patterns = 1 + random.below(4);
  if (random.chance(0.1)) limits.set_pattern_bytes = 1 + random.below(60);
  if (random.chance(0.1)) limits.sets_memory = static_cast<std::int64_t>(random.below(200'000));
  if (random.chance(0.2)) limits.guard_labels = static_cast<std::uint32_t>(random.below(12));
  return limits;
}

/// TOCSIN_PAIRS=50000000 test_rules --gtest_filter='Index.SaysWhat*' compares as many.
TEST(Index, SaysWhatTheLinearEvaluatorSays) {
  const char* const wanted = std::getenv("TOCSIN_PAIRS");
  const std::size_t goal = wanted ? std::strtoull(wanted, nullptr, 10) : kPairs;
  Matching usual;
  Matching forgetful(4096);
  std::size_t pairs = 0;
  for (std::uint64_t seed = 1; pairs < goal; ++seed) {
    RandomRules random(seed);
    Lists lists;
    const std::size_t size = 1 + random.below(60);
    for (auto& stage : lists.stages) {
      for (std::size_t i = 0; i < size; ++i) {
        stage.push_back(random.predicate(random.chance(0.05) ? 32 : 3));
      }
    }
    const Index index = lists.index(random_limits(random));
    for (int alert = 0; alert < 40; ++alert) {
      const std::size_t compared =
          compare(random, lists, index, alert % 2 == 0 ? usual : forgetful);
      ASSERT_NE(compared, 0u) << "seed " << seed;
      pairs += compared;
    }
  }
  std::printf("%zu pairs of a rule and an alert\n", pairs);
}

TEST(Index, KnowsWhichPredicatesWaitForNothing) {
  const Lists lists = lists_of({
      "a=\"x\"",         // 0
      "a!=\"x\"",        // 1: holds without a
      "a=\"\"",          // 2
      "a",               // 3
      "a=~\"x.*\"",      // 4
      "a=~\"(x.*)?\"",   // 5: holds without a
      "a!~\"x.*\"",      // 6
      "a!~\"(x.*)?\"",   // 7: not without a
      "a in (x, \"\")",  // 8
      "a > 5",           // 9
      "a!=\"\"",         // 10
  });
  const Index index = lists.index();
  const auto found = index.without_witness(Stage::triage);
  EXPECT_EQ(std::vector(found.begin(), found.end()), (std::vector<std::uint32_t>{1, 2, 5, 6, 8}));
  EXPECT_TRUE(index.without_witness(Stage::criteria).empty());
}

TEST(Index, WaitsForEveryBranchOfAnAny) {
  Lists lists;
  lists.stages[0] = {
      {AnyOf{{{matcher_of("a=x")}, {matcher_of("b=y")}}}},
      {AnyOf{{{matcher_of("a=x")}, {matcher_of("b!=y")}}}},
      {AllOf{{{AnyOf{{{matcher_of("a=x")}, {matcher_of("b!=y")}}}}, {matcher_of("c=z")}}}},
      {AllOf{}},
      {AnyOf{}},
  };
  const Index index = lists.index();
  const auto found = index.without_witness(Stage::triage);
  EXPECT_EQ(std::vector(found.begin(), found.end()), std::vector<std::uint32_t>{1});
  Matching matching;
  EXPECT_EQ(match(matching, index, {{"a", "x"}, {"b", "y"}}),
            (std::vector<std::uint32_t>{0, 1, 3}));
  EXPECT_EQ(match(matching, index, {{"b", "z"}, {"c", "z"}}),
            (std::vector<std::uint32_t>{1, 2, 3}));
}

/// The number of candidates is what the index is for.
TEST(Index, ReadsOnlyWhatAnAlertMayFulfil) {
  std::vector<std::string> texts;
  for (int i = 0; i < 10'000; ++i) {
    texts.push_back("{alertname=\"A" + std::to_string(i) + "\", env=\"prod\", team=~\"t.*\"}");
  }
  Lists lists;
  for (const std::string& text : texts) {
    AllOf all;
    const auto selector = parse_selector(text, Grammar::extended);
    ASSERT_TRUE(selector);
    for (const Matcher& matcher : *selector) {
      all.terms.push_back({matcher});
    }
    lists.stages[0].push_back({std::move(all)});
  }
  const Index index = lists.index();
  Matching matching;
  EXPECT_EQ(match(matching, index, {{"alertname", "A77"}, {"env", "prod"}, {"team", "t1"}}),
            std::vector<std::uint32_t>{77});
  EXPECT_EQ(matching.counters().candidates, 1u);
  EXPECT_EQ(match(matching, index, {{"alertname", "A77"}, {"env", "dev"}, {"team", "t1"}}),
            std::vector<std::uint32_t>{});
  EXPECT_EQ(matching.counters().candidates, 2u);
  EXPECT_EQ(matching.counters().verified, 1u);
}

TEST(Index, ReadsOnlyTheComparisonsThatHold) {
  std::vector<std::string> texts;
  for (int i = 0; i < 10'000; ++i) texts.push_back("cpu > " + std::to_string(i));
  for (int i = 0; i < 10'000; ++i) texts.push_back("cpu <= " + std::to_string(-i));
  for (int i = 0; i < 10'000; ++i) texts.push_back("mem >= " + std::to_string(i));
  const Index index = lists_of(texts).index();
  Matching matching;
  struct Case {
    Labels labels;
    std::vector<std::uint32_t> found;
  };
  const Case cases[] = {
      {{{"cpu", "2.5"}}, {0, 1, 2}},
      {{{"cpu", "2"}}, {0, 1}},
      {{{"cpu", "-1.5"}}, {10'000, 10'001}},
      {{{"cpu", "0"}}, {10'000}},
      {{{"cpu", "-0"}}, {10'000}},
      {{{"cpu", "1"}, {"mem", "1"}}, {0, 20'000, 20'001}},
      {{{"cpu", "high"}}, {}},
      {{{"cpu", "NaN"}}, {}},
      {{{"cpu", ""}}, {}},
  };
  for (const Case& c : cases) {
    const std::uint64_t before = matching.counters().candidates;
    EXPECT_EQ(match(matching, index, c.labels), c.found) << labels_to_json(c.labels);
    EXPECT_EQ(matching.counters().candidates - before, c.found.size());
  }
}

TEST(Index, LetsAComparisonWaitWhereAllRulesShareAName) {
  Lists lists;
  for (int i = 0; i < 1000; ++i) {
    lists.stages[0].push_back({AllOf{{{matcher_of("alertname=Load")},
                                      {matcher_of("cpu")},
                                      {matcher_of("cpu >= " + std::to_string(i))}}}});
  }
  const Index index = lists.index();
  Matching matching;
  EXPECT_EQ(match(matching, index, {{"alertname", "Load"}, {"cpu", "1e0"}}),
            (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(matching.counters().candidates, 2u);
}

/// Each edge from below, on it and above; also what only code can write.
TEST(Index, ComparesAsTheLinearEvaluatorDoes) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kMax = std::numeric_limits<double>::max();
  constexpr double kLeast = std::numeric_limits<double>::denorm_min();
  Lists lists;
  for (const double number :
       {-kInfinity, -kMax, -5.0, -kLeast, -0.0, 0.0, kLeast, 4.999, 5.0, std::nextafter(5.0, 6.0),
        kMax, kInfinity, std::numeric_limits<double>::quiet_NaN()}) {
    for (const Op op : {Op::greater, Op::greater_equal, Op::less, Op::less_equal}) {
      Predicate one{Matcher{.op = op, .name = "a", .number = number}};
      lists.stages[0].push_back({Not{{one}}});
      lists.stages[0].push_back({AllOf{{one, {matcher_of("b=x")}}}});
      lists.stages[0].push_back({AnyOf{{one, {matcher_of("b=x")}}}});
      lists.stages[0].push_back(std::move(one));
    }
  }
  const Index index = lists.index();
  Matching matching;
  for (const char* const value : {"",
                                  "x",
                                  "NaN",
                                  "-Inf",
                                  "-1.7976931348623157e308",
                                  "-5.0001",
                                  "-5",
                                  "-5e-324",
                                  "-0",
                                  "0",
                                  "+0",
                                  "5e-324",
                                  "1e-320",
                                  "4.999",
                                  "4.9999999999999991",
                                  "5",
                                  "5.0",
                                  "5.000000000000001",
                                  "5.000000000000002",
                                  "1.7976931348623157e308",
                                  "+Inf",
                                  "Inf"}) {
    for (const char* const other : {"x", "y"}) {
      const Labels labels = {{"a", value}, {"b", other}};
      EXPECT_EQ(match(matching, index, labels), lists.linear(Stage::triage, {.labels = labels}))
          << value;
    }
  }
}

/// Up to thirty values of a label have a bit of their own, more share them.
TEST(Index, TellsApartAsManyValuesAsRulesName) {
  for (const int values : {1, 29, 30, 31, 61, 200}) {
    std::vector<std::string> texts;
    for (int i = 0; i < values; ++i) {
      const std::string value = "v" + std::to_string(i);
      texts.push_back("a=" + value);
      texts.push_back("a!=" + value);
    }
    const Lists lists = lists_of(texts);
    const Index index = lists.index();
    Matching matching;
    for (int i = 0; i <= values; ++i) {
      const Labels labels = {{"a", "v" + std::to_string(i)}};
      ASSERT_EQ(match(matching, index, labels), lists.linear(Stage::triage, {.labels = labels}));
    }
  }
}

TEST(Index, TakesThePlaceOfAnotherUnderOneMatching) {
  Matching matching;
  const Labels labels = {{"a", "prod-1"}, {"b", "x"}};
  for (int i = 0; i < 3; ++i) {
    const Index first = lists_of({"a=~\"prod.*\"", "b=x", "a=~\"dev.*\""}).index();
    EXPECT_EQ(match(matching, first, labels), (std::vector<std::uint32_t>{0, 1}));
    const Index second = lists_of({"a=~\"dev.*\"", "a=~\"[pq]rod.*\"", "c=x"}).index();
    EXPECT_EQ(match(matching, second, labels), (std::vector<std::uint32_t>{1}));
    const Index none = Lists().index();
    EXPECT_EQ(match(matching, none, labels), (std::vector<std::uint32_t>{}));
  }
}

TEST(Index, KnowsLabelsWhereverTheyStandAmongTheOthers) {
  const Index index = lists_of({"a=x", "b=x", "c=x", "annotations.a=x", "annotations.b=x"}).index();
  Matching matching;
  std::vector<Label> all = {{"a", "x"}, {"b", "x"}, {"c", "x"}, {"d", "x"}, {"ab", "x"}};
  for (unsigned chosen = 0; chosen < 32; ++chosen) {
    for (unsigned noted = 0; noted < 32; ++noted) {
      const auto some = [&](unsigned mask) {
        std::vector<Label> pairs;
        for (std::size_t i = 0; i < all.size(); ++i) {
          if ((mask >> i & 1U) != 0) pairs.push_back(all[i]);
        }
        return Labels(std::move(pairs));
      };
      std::vector<std::uint32_t> expected;
      for (std::uint32_t i = 0; i < 3; ++i) {
        if ((chosen >> i & 1U) != 0) expected.push_back(i);
      }
      for (std::uint32_t i = 0; i < 2; ++i) {
        if ((noted >> i & 1U) != 0) expected.push_back(3 + i);
      }
      const Labels labels = some(chosen);
      const Labels annotations = some(noted);
      matching.begin(index, labels, annotations, "source");
      std::vector<std::uint32_t> held;
      matching.match(Stage::triage, held);
      ASSERT_EQ(held, expected) << chosen << " " << noted;
    }
  }
}

TEST(Index, AsksThePatternsOfAValueTwiceHoweverOftenItComes) {
  const Index index = lists_of({"a=~\"prod.*\"", "a=~\"[pq]rod.*\"", "b=x"}).index();
  Matching matching;
  for (int i = 0; i < 10; ++i) match(matching, index, {{"a", "prod-1"}, {"b", "y"}});
  EXPECT_EQ(matching.counters().memo_misses, 2u) << "what comes once is not kept";
  match(matching, index, {{"a", "prod-2"}});
  EXPECT_EQ(matching.counters().memo_misses, 3u);
  for (int i = 0; i < 3; ++i) match(matching, index, {{"a", std::string(257, 'p')}});
  EXPECT_EQ(matching.counters().memo_misses, 6u);
}

}  // namespace
}  // namespace tocsin::rules
