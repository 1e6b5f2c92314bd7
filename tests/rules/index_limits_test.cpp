#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "rules/index_lists.h"
#include "rules/index_tables.h"
#include "rules/random_rules.h"

namespace tocsin::rules {
namespace {

/// In an `all`, a branch of up to 64 keys is a witness.
TEST(IndexAtItsLimits, WaitsForUpToSixtyFourThingsAtOnce) {
  for (const int keys : {2, 63, 64, 65, 200}) {
    AnyOf any;
    for (int i = 0; i < keys; ++i)
      any.terms.push_back({matcher_of("l" + std::to_string(i) + "=x")});
    Lists lists;
    lists.stages[0] = {
        {AllOf{{{any}, {matcher_of("c!=z")}}}},
        {AllOf{{{any}, {matcher_of("c=z")}}}},
        {AllOf{{{any}, {Not{{{any}}}}}}},
        {any},
    };
    const Index index = lists.index();
    const auto found = index.without_witness(Stage::triage);
    EXPECT_EQ(std::vector(found.begin(), found.end()),
              keys <= 64 ? std::vector<std::uint32_t>{} : (std::vector<std::uint32_t>{0, 2}));
    Matching matching;
    const std::string last = "l" + std::to_string(keys - 1);
    for (const Labels& labels : {Labels{{last, "x"}}, Labels{{last, "x"}, {"c", "z"}},
                                 Labels{{"c", "z"}}, Labels{{"l0", "x"}, {"l1", "x"}}, Labels{}}) {
      EXPECT_EQ(match(matching, index, labels), lists.linear(Stage::triage, {.labels = labels}))
          << keys << " keys, " << labels_to_json(labels);
    }
  }
}

TEST(IndexAtItsLimits, NeedsNoGuards) {
  Lists lists;
  for (int i = 0; i < 40; ++i) {
    const std::string name = std::to_string(i % 8);
    lists.stages[0].push_back({AllOf{{{matcher_of("a=v" + std::to_string(i % 10))},
                                      {matcher_of("b" + name + "=x")},
                                      {matcher_of("c" + name + "!=y")},
                                      {matcher_of("d" + name)}}}});
  }
  std::vector<std::uint64_t> verified;
  for (const std::uint32_t labels_with_guard : {0u, 1u, 5u, 10u, 0xffffu, 0xffffffffu}) {
    const Index index = lists.index({.guard_labels = labels_with_guard});
    Matching matching;
    for (int i = 0; i < 40; ++i) {
      const std::string name = std::to_string(i % 8);
      const std::string a = "v" + std::to_string(i % 10), b = "b" + name, c = "c" + name,
                        d = "d" + name;
      const Labels labels = {{"a", a}, {b, "x"}, {c, i % 3 == 0 ? "y" : ""}, {d, "z"}};
      ASSERT_EQ(match(matching, index, labels), lists.linear(Stage::triage, {.labels = labels}))
          << labels_with_guard;
    }
    verified.push_back(matching.counters().verified);
  }
  EXPECT_GT(verified.front(), verified.back()) << "guards spare programs";
  EXPECT_TRUE(std::ranges::is_sorted(verified, std::greater<>()));
}

TEST(IndexAtItsLimits, ReadsPatternsOfALabelInSeveralSets) {
  std::vector<std::string> texts;
  for (int i = 0; i < 50; ++i) texts.push_back("a=~\"[xy]+" + std::to_string(i) + ".?\"");
  const Lists lists = lists_of(texts);
  struct Case {
    Index::Limits limits;
    std::size_t sets;
  };
  const Case cases[] = {{{}, 1},
                        {{.set_patterns = 1}, 0},
                        {{.set_patterns = 7}, 7},  // And the last pattern alone.
                        {{.set_patterns = 25}, 2},
                        {{.set_pattern_bytes = 1}, 0},
                        {{.set_pattern_bytes = 90}, 5}};
  for (const Case& c : cases) {
    const Index index = lists.index(c.limits);
    EXPECT_EQ(index.tables().pattern_index.sets(), c.sets);
    Matching matching;
    for (int i = 0; i < 60; ++i) {
      const std::string value = "xyx" + std::to_string(i);
      const Labels labels = {{"a", value}};
      ASSERT_EQ(match(matching, index, labels), lists.linear(Stage::triage, {.labels = labels}));
    }
  }
}

/// Before an automaton runs, a value is asked for the texts that all of its patterns need.
TEST(IndexAtItsLimits, FindsWhatAPatternNeedsInWhateverCaseItIsWritten) {
  const std::vector<std::string> patterns = {"(?i).*(data loss|corrupt).*",
                                             "(?i)kelvin.*",
                                             ".*Disk[0-9]+full.*",
                                             "(?i).*straße.*",
                                             "[a-z]+(abc|xyz|.*)",
                                             "(?i)(sick|task)s?",
                                             "(abc)+",
                                             "(?s).*new\\nline.*",
                                             "x{3}y*",
                                             "(?i).*no space left on the device.*"};
  const std::vector<std::string> values = {"DATA LOSS on volume 7",
                                           "no data  loss",
                                           "Corrupted",
                                           "kelvin",
                                           "KELVIN",
                                           "\u212Aelvin",
                                           "\u212AELVIN 5",
                                           "Disk12full",
                                           "disk12full",
                                           "STRASSE",
                                           "straße",
                                           "STRAßE",
                                           "qabc",
                                           "zz",
                                           "ſick",
                                           "TaſKs",
                                           "tasks",
                                           "abcabc",
                                           "ABC",
                                           "new\nline",
                                           "a\nnew\nline",
                                           "xxxyy",
                                           "xxx",
                                           "data los",
                                           "No Space Left On The Device 3",
                                           "no space left on the moon"};
  for (std::size_t first = 0; first < patterns.size(); ++first) {
    for (std::size_t count = 1; first + count <= patterns.size(); ++count) {
      std::vector<std::string> texts;
      for (std::size_t i = first; i < first + count; ++i) {
        texts.push_back("a=~\"" + patterns[i] + "\"");
      }
      const Lists lists = lists_of(texts);
      for (const std::size_t set_patterns : {1, 3, 100}) {
        const Index index = lists.index({.set_patterns = set_patterns});
        Matching matching;
        for (const std::string& value : values) {
          const Labels labels = {{"a", value}};
          ASSERT_EQ(match(matching, index, labels), lists.linear(Stage::triage, {.labels = labels}))
              << texts.front() << " and " << count - 1 << " more, for " << value;
        }
      }
    }
  }
}

/// Sets up to 64 members are looked through, larger ones are looked up by value.
TEST(IndexAtItsLimits, KnowsTheMembersOfSetsOfAnySize) {
  Lists lists;
  std::vector<std::size_t> sizes = {1, 2, 63, 64, 65, 66, 300};
  for (const std::size_t size : sizes) {
    for (const bool with_nothing : {false, true}) {
      Matcher in{.op = Op::in, .name = "a"};
      if (with_nothing) in.set.emplace_back();
      for (std::size_t i = in.set.size(); i < size; ++i) in.set.push_back("v" + std::to_string(i));
      std::ranges::sort(in.set);
      const Predicate one{std::move(in)};
      lists.stages[0].push_back({Not{{one}}});
      lists.stages[0].push_back({AllOf{{one, {matcher_of("b=x")}}}});
      lists.stages[0].push_back(one);
    }
  }
  const Index index = lists.index();
  Matching matching;
  for (const char* const b : {"", "x"}) {
    for (int i = -1; i < 302; ++i) {
      const std::string value = i < 0 ? "" : "v" + std::to_string(i);
      const Labels labels = {{"a", value}, {"b", b}};
      ASSERT_EQ(match(matching, index, labels), lists.linear(Stage::triage, {.labels = labels}));
    }
  }
}

/// So many known values that what is remembered of them has no room.
TEST(IndexAtItsLimits, ForgetsPatternsOfKnownValuesAndFindsThemAgain) {
  std::vector<std::string> texts;
  for (int i = 0; i < 200; ++i) texts.push_back("a=v" + std::to_string(i));
  for (int i = 0; i < 10; ++i) texts.push_back("a=~\"v[0-9]*" + std::to_string(i) + "\"");
  const Lists lists = lists_of(texts);
  const Index index = lists.index();
  Matching roomy;
  Matching forgetful(4096);  // A quarter of it for known values: 256 words, two or more for each.
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 200; ++i) {
      const std::string value = "v" + std::to_string(i);
      const Labels labels = {{"a", value}};
      const auto expected = lists.linear(Stage::triage, {.labels = labels});
      ASSERT_EQ(match(roomy, index, labels), expected);
      ASSERT_EQ(match(forgetful, index, labels), expected);
    }
  }
  EXPECT_EQ(roomy.counters().memo_misses, 200u);
  EXPECT_EQ(forgetful.counters().memo_misses, 600u);
}

/// `[ab]*a[ab]{n}c`: a value of many a and b makes an automaton of very many states.
Lists lists_of_growing_patterns() {
  std::vector<std::string> texts;
  for (int i = 0; i < 30; ++i) {
    texts.push_back("a=~\"[ab]*a[ab]{" + std::to_string(i % 10) + "}c" + std::to_string(i) + "\"");
  }
  return lists_of(texts);
}

/// What finds no room in one automaton is asked in several or pattern by pattern. That is so from
/// the beginning, and no event to be counted.
TEST(IndexAtItsLimits, GoesOnWhenRe2HasLittleMemory) {
  const Lists lists = lists_of_growing_patterns();
  std::set<std::size_t> sets;
  for (std::int64_t memory = 0; memory < 60'000; memory += 1'000) {
    const Index index = lists.index({.set_memory = memory});
    Matching matching;
    for (int i = 0; i < 30; ++i) {
      const Labels labels = {{"a", "abbabaabbbaabbaababab" + std::string(std::size_t(i % 10), 'b') +
                                       "c" + std::to_string(i)}};
      ASSERT_EQ(match(matching, index, labels), lists.linear(Stage::triage, {.labels = labels}))
          << memory;
    }
    EXPECT_EQ(matching.counters().out_of_memory, 0u);
    sets.insert(index.tables().pattern_index.sets());
  }
  EXPECT_TRUE(sets.contains(0)) << "pattern by pattern";
  EXPECT_TRUE(sets.contains(1)) << "all at once";
  EXPECT_GT(*sets.rbegin(), 2u) << "in parts";
}

/// What senders' values make of patterns is kept in sets: each may not have memory of its own.
TEST(IndexAtItsLimits, KeepsTheMemoryOfAllSetsWithinOneBound) {
  std::vector<std::string> texts;
  for (int label = 0; label < 1000; ++label) {
    for (int i = 0; i < label % 4; ++i) {
      texts.push_back("l" + std::to_string(label) + "=~\"[ab]*a[ab]{" + std::to_string(i + 7) +
                      "}c\"");
    }
  }
  const Lists lists = lists_of(texts);
  const Labels labels = {
      {"l1", "bbabbabbbbc"}, {"l2", "aaaaaaaaaaac"}, {"l7", "abbbbbbbbc"}, {"l99", "babbbbbbbac"}};
  const auto expected = lists.linear(Stage::triage, {.labels = labels});
  EXPECT_FALSE(expected.empty());
  for (const std::int64_t memory : {0, 1 << 10, 1 << 20, 4 << 20, 256 << 20}) {
    const Index index = lists.index({.sets_memory = memory});
    const PatternIndex& patterns = index.tables().pattern_index;
    EXPECT_LE(patterns.sets_memory(), memory);
    Matching matching;
    EXPECT_EQ(match(matching, index, labels), expected) << memory;
  }
  EXPECT_EQ(lists.index().tables().pattern_index.sets(), 500u) << "a single pattern needs none";
}

}  // namespace
}  // namespace tocsin::rules
