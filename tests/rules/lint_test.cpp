#include "tocsin/rules/lint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "rules/random_rules.h"
#include "rules/regex.h"

namespace tocsin::rules {
namespace {

Predicate all_of(const std::vector<std::string>& texts) {
  AllOf all;
  for (const std::string& text : texts) all.terms.push_back({matcher_of(text)});
  return {std::move(all)};
}

Predicate any_of(std::vector<Predicate> terms) { return {AnyOf{std::move(terms)}}; }
Predicate not_of(Predicate term) { return {Not{{std::move(term)}}}; }

Predicate both(Predicate a, Predicate b) { return {AllOf{{std::move(a), std::move(b)}}}; }

TEST(Lint, RefutesMatchersThatExcludeEachOther) {
  const std::vector<std::vector<std::string>> never = {
      {"x=a", "x=b"},
      {"x=a", "x!=a"},
      {"x=a", "x=~\"b.*\""},
      {"x=a", "x!~\"a|b\""},
      {"x=\"\"", "x"},
      {"x=\"\"", "x=~\"a.*\""},
      {"x!=\"\"", "x=\"\""},
      {"x in (a, b)", "x in (c, d)"},
      {"x in (a, b)", "x!=a", "x!=b"},
      {"x=~\"a|b\"", "x!=a", "x!=b"},
      {"x=~\"(a|b)-1\"", "x!~\"[ab]-[0-9]\""},
      {"x=~\"prod-.*\"", "x!~\"prod.*\""},
      {"x=~\"prod-.+\"", "x!~\".*-.*\""},
      {"x=~\".*-prod\"", "x!~\".*prod\""},
      {"x=~\"a.+\"", "x!~\".+\""},
      {"x=~\"a[0-9]+\"", "x!~\"a[0-9]+\""},
      {"x=~\"a[0-9]+\"", "y=b", "x=\"\""},
      {"x > 5", "x < 5"},
      {"x > 5", "x <= 5"},
      {"x >= 6", "x <= 5"},
      {"x > 5", "x=4"},
      {"x > 5", "x=many"},
      {"x > 5", "x=\"\""},
      {"x > 5", "x in (1, 2, many)"},
      {"x=~\"foo.*\"", "x=~\"bar.*\""},
      {"x=~\"foo.+\"", "y=b", "x=~\"fo|bar.*\""},
      {"x=~\".*foo\"", "x=~\".*bar|baz\""},
      {"x=~\"foo|baz.*\"", "x=~\"bar.*\""},
      {"annotations.x=a", "annotations.x=b"},
      {"meta.source=a", "meta.source=b"},
  };
  for (const auto& texts : never) EXPECT_FALSE(can_hold(all_of(texts))) << texts[0] << texts[1];
  EXPECT_FALSE(can_hold({AnyOf{}}));
  EXPECT_FALSE(can_hold(not_of({AllOf{}})));
  EXPECT_FALSE(can_hold(any_of({all_of({"x=a", "x=b"}), all_of({"y=a", "y=b"})})));
  EXPECT_FALSE(can_hold(not_of(any_of({all_of({"x=a"}), all_of({"x!=a"})}))));
  EXPECT_FALSE(can_hold(both(any_of({all_of({"x=a"}), all_of({"x=b"})}),
                             any_of({all_of({"x=c"}), all_of({"x=d"})}))));
}

TEST(Lint, RefutesNothingThatSomeAlertFulfils) {
  const std::vector<std::vector<std::string>> sometimes = {
      {"x=a", "y=b"},
      {"x=a", "annotations.x=b"},
      {"x=a", "meta.source=b"},
      {"x!=a", "x!=b"},
      {"x!=a", "x"},
      {"x in (a, b)", "x!=a"},
      {"x=~\"prod.*\"", "x!~\"prod-.*\""},
      {"x=~\"prod.*\"", "x!~\"prod.+\""},
      {"x=~\"a|prod.*\"", "x!~\"prod.*\""},
      {"x=~\".*prod.*\"", "x!~\".*prod\""},
      {"x=~\".*\"", "x!~\".+\""},
      {"x=~\"foo.*\"", "x=~\"foo-.*\""},
      {"x=~\"foo.*\"", "x=~\".*bar\""},
      {"x=~\"foo.*\"", "x=~\".*bar.*\""},
      {"x=~\"foo|bar.*\"", "x=~\"fo.+\""},
      {"x=~\"a.*|b.*\"", "x=~\"bc.*|d\""},
      {"x!~\".*\"", "x"},  // With a line end.
      {"x=~\"a|\"", "x!=a"},
      {"x >= 5", "x <= 5"},
      {"x > 5", "x=7"},
      {"x > 5", "x!=7"},
      {"x > 1", "x < 2"},
  };
  for (const auto& texts : sometimes) EXPECT_TRUE(can_hold(all_of(texts))) << texts[0] << texts[1];
  // What is no number is not greater and not less.
  EXPECT_TRUE(can_hold(both(not_of(all_of({"x > 5"})), not_of(all_of({"x <= 5"})))));
  EXPECT_TRUE(can_hold(any_of({all_of({"x=a", "x=b"}), all_of({"y=a"})})));
}

TEST(Lint, KnowsWhatOnlyLineEndsFulfil) {
  const std::vector<std::vector<std::string>> never = {
      {"x!~\".*\""}, {"x!~\".*\"", "x"}, {"x!~\".+\"", "x"}, {"x!~\"a|.+\"", "x!=\"\""}};
  for (const auto& texts : never) {
    EXPECT_TRUE(can_hold(all_of(texts))) << texts[0];
    EXPECT_FALSE(can_hold(all_of(texts), Values::on_one_line)) << texts[0];
  }
  EXPECT_TRUE(can_hold(all_of({"x!~\".+\""}), Values::on_one_line)) << "it is missing";
  EXPECT_TRUE(can_hold(all_of({"x!~\"a.*\"", "x"}), Values::on_one_line));
  Matcher two_lines = matcher_of("x=a");
  two_lines.value = "a\nb";
  EXPECT_TRUE(can_hold(both({two_lines}, all_of({"x!~\".*\""})), Values::on_one_line))
      << "its line end is written there";
}

TEST(Lint, KnowsWhatAlwaysHolds) {
  EXPECT_TRUE(always_holds({AllOf{}}));
  EXPECT_TRUE(always_holds(any_of({all_of({"x=a"}), all_of({"x!=a"})})));
  EXPECT_TRUE(always_holds(any_of({all_of({"x"}), all_of({"x=\"\""})})));
  EXPECT_TRUE(always_holds(not_of(all_of({"x > 5", "x < 5"}))));
  EXPECT_FALSE(always_holds({AnyOf{}}));
  EXPECT_FALSE(always_holds(all_of({"x=a"})));
  EXPECT_FALSE(always_holds(all_of({"x=~\".*\""})));  // Not with a line end.
  EXPECT_FALSE(always_holds(any_of({all_of({"x > 5"}), all_of({"x <= 5"})})));
}

TEST(Lint, KnowsWhatFollowsFromWhat) {
  struct Case {
    std::vector<std::string> narrow, wide;
    bool implied;
  };
  const Case cases[] = {
      {{"x=a"}, {"x=a"}, true},
      {{"x=a", "y=b"}, {"x=a"}, true},
      {{"x=a"}, {"x=a", "y=b"}, false},
      {{"x=a"}, {"x in (a, b)"}, true},
      {{"x in (a, b)"}, {"x=a"}, false},
      {{"x in (a, b)"}, {"x in (c, b, a)"}, true},
      {{"x=a"}, {"x"}, true},
      {{"x=a"}, {"x!=b"}, true},
      {{"x=prod-1"}, {"x=~\"prod-[0-9]\""}, true},
      {{"x=prod-1"}, {"x!~\"stage.*\""}, true},
      {{"x=~\"prod-.*\""}, {"x=~\"prod.*\""}, true},
      {{"x=~\"prod.*\""}, {"x=~\"prod-.*\""}, false},
      {{"x=~\"prod-[0-9]\""}, {"x=~\"prod-[0-9]\""}, true},
      {{"x=~\"prod-[0-9]\""}, {"x"}, true},
      {{"x=~\"prod-[0-9]\""}, {"x!=\"\""}, true},
      {{"x > 5"}, {"x > 3"}, true},
      {{"x > 5"}, {"x >= 5"}, true},
      {{"x > 5"}, {"x"}, true},
      {{"x >= 5"}, {"x > 5"}, false},
      {{"x=7"}, {"x > 5"}, true},
      {{"x!=a"}, {"x!=a"}, true},
      {{"x!~\"a.*\""}, {"x!=abc"}, true},
      {{"x=\"\""}, {"x!=a"}, true},
      {{"x=a"}, {}, true},
      {{}, {"x=a"}, false},
      {{"x=a", "x=b"}, {"y=c"}, true},  // Nothing fulfils it.
  };
  for (const Case& c : cases) {
    EXPECT_EQ(implies(all_of(c.narrow), all_of(c.wide)), c.implied)
        << (c.narrow.empty() ? "always" : c.narrow[0]) << " -> "
        << (c.wide.empty() ? "always" : c.wide[0]);
  }
  const Predicate either = any_of({all_of({"x=a", "y=1"}), all_of({"x=b", "y=1"})});
  EXPECT_TRUE(implies(either, all_of({"x in (a, b)", "y=1"})));
  EXPECT_FALSE(implies(either, all_of({"x=a"})));
  EXPECT_TRUE(implies(all_of({"x=a", "y=1", "z=2"}), either));
}

TEST(Lint, SaysWhichPredicatesEveryAlertMeets) {
  EXPECT_TRUE(has_witness(all_of({"x=a", "y!=b"})));
  EXPECT_TRUE(has_witness(all_of({"x"})));
  EXPECT_TRUE(has_witness(any_of({all_of({"x=a"}), all_of({"y=~\"b.*\""})})));
  EXPECT_TRUE(has_witness({AllOf{}}));
  EXPECT_FALSE(has_witness(all_of({"x!=a", "y=\"\""})));
  EXPECT_FALSE(has_witness(any_of({all_of({"x=a"}), all_of({"y!=b"})})));
  EXPECT_FALSE(has_witness(all_of({"x=~\"a*\""})));
  EXPECT_FALSE(has_witness(not_of(all_of({"x=a"}))));
}

/// What each predicate decides, as given.
class Given : public Decisions {
 public:
  explicit Given(std::vector<std::uint64_t> bits) : bits_(std::move(bits)) {}
  std::uint64_t of(std::uint32_t predicate) override { return bits_[predicate]; }
  std::uint64_t taken(std::uint32_t earlier, std::uint32_t) override { return bits_[earlier]; }

 private:
  std::vector<std::uint64_t> bits_;
};

using Hiding = std::vector<std::vector<std::uint32_t>>;

Hiding hidden(const std::vector<Predicate>& predicates, std::vector<std::uint64_t> decisions = {}) {
  std::vector<const Predicate*> pointers;
  for (const Predicate& predicate : predicates) pointers.push_back(&predicate);
  decisions.resize(predicates.size(), 1);
  Given given(std::move(decisions));
  return hidden_by(pointers, given);
}

TEST(Lint, FindsTheFirstThatHidesAnother) {
  const std::vector<Predicate> predicates = {
      all_of({"x=a", "y=b", "z=c"}),                      // 0
      all_of({"x=a"}),                                    // 1: wider than 0, but later
      all_of({"y=b"}),                                    // 2
      all_of({"x=a", "y=b"}),                             // 3: 1 before 2
      all_of({"w=~\"prod-.*\"", "x=d"}),                  // 4
      all_of({"w=~\"prod-[0-9]+\""}),                     // 5
      all_of({"w=prod-7"}),                               // 6: 5
      all_of({"w=~\"prod-[0-9]+\"", "v"}),                // 7: 5
      all_of({"x=a", "x=b"}),                             // 8: never holds
      all_of({"u!=a"}),                                   // 9
      all_of({"u=\"\"", "t=1"}),                          // 10: 9
      all_of({"n > 5"}),                                  // 11
      all_of({"n > 7", "n < 9"}),                         // 12: 11
      any_of({all_of({"x=a", "k=1"}), all_of({"y=b"})}),  // 13: neither alone
      {AllOf{}},                                          // 14
      all_of({"q=1"}),                                    // 15: 14
  };
  EXPECT_EQ(hidden(predicates),
            (Hiding{{}, {}, {}, {1}, {}, {}, {5}, {5}, {}, {}, {9}, {}, {11}, {}, {}, {14}}));
}

TEST(Lint, FindsWhatIsHiddenThoughNoValueOfAPatternIsKnown) {
  EXPECT_EQ(hidden({all_of({"x=~\"a[0-9]+b\""}), all_of({"x=~\"a[0-9]+b\"", "y=1"})}),
            (Hiding{{}, {0}}));
  EXPECT_EQ(hidden({all_of({"x"}), all_of({"x=~\"a[0-9]+b\""})}), (Hiding{{}, {0}}));
}

TEST(Lint, FindsThoseThatTogetherDecideAllThatAnotherDecides) {
  const Predicate x = all_of({"x=a"});
  EXPECT_EQ(hidden({{AllOf{}}, x, x}, {4, 1, 1}), (Hiding{{}, {}, {1}}))
      << "what decides something else is passed over";
  EXPECT_EQ(hidden({x, x, x, x}, {1, 2, 4, 7}), (Hiding{{}, {}, {}, {0, 1, 2}}));
  EXPECT_EQ(hidden({x, x, x}, {1, 2, 7}), (Hiding{{}, {}, {}}));
  EXPECT_EQ(hidden({x, x, x}, {1, 7, 3}), (Hiding{{}, {}, {1}})) << "one alone is enough";
  EXPECT_EQ(hidden({x, all_of({"y=b"}), all_of({"x=a", "y=b"})}, {1, 2, 3}),
            (Hiding{{}, {}, {0, 1}}));
  EXPECT_EQ(hidden({x, x}, {1, 0}), (Hiding{{}, {}})) << "it is not asked about";
}

TEST(Lint, SaysWhatTwoPredicatesExcludeInEachOther) {
  EXPECT_TRUE(can_hold_together(all_of({"x=a"}), all_of({"y=b"})));
  EXPECT_FALSE(can_hold_together(all_of({"x=a", "y=b"}), all_of({"x!=a"})));
}

/// Whatever is claimed must be true of every alert.
TEST(Lint, ClaimsNothingThatAnAlertContradicts) {
  std::size_t refuted = 0;
  std::size_t implied = 0;
  std::size_t hiding = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    RandomRules random(seed);
    std::vector<Predicate> predicates;
    for (int i = 0; i < 12; ++i) predicates.push_back(random.predicate(2));
    // Some that follow from others more often than chance would have it.
    for (int i = 0; i < 4; ++i) predicates.push_back(both(predicates[i], predicates[i + 4]));
    const auto hides = hidden(predicates);
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    for (std::size_t i = 0; i < predicates.size(); ++i) {
      for (std::size_t j = 0; j < predicates.size(); ++j) {
        if (i != j && implies(predicates[i], predicates[j])) pairs.emplace_back(i, j);
      }
      for (const std::uint32_t hiding_it : hides[i]) {
        EXPECT_LT(hiding_it, i);
        EXPECT_TRUE(implies(predicates[i], predicates[hiding_it]));
        ++hiding;
      }
    }
    implied += pairs.size();
    for (int alert = 0; alert < 40; ++alert) {
      const Labels labels = random.labels();
      const Labels annotations = random.annotations();
      const std::string source = random.source();
      const Subject subject{.labels = labels, .annotations = annotations, .source = source};
      const auto is_line = [](const Label& label) { return matches_dots(label.value); };
      const bool on_one_line = std::ranges::all_of(labels.view(), is_line) &&
                               std::ranges::all_of(annotations.view(), is_line) &&
                               matches_dots(source);
      std::vector<bool> held;
      for (const Predicate& predicate : predicates) held.push_back(holds(predicate, subject));
      for (const auto& [narrow, wide] : pairs) ASSERT_TRUE(!held[narrow] || held[wide]) << seed;
      for (std::size_t i = 0; i < predicates.size(); ++i) {
        const bool possible = can_hold(predicates[i]);
        ASSERT_TRUE(!on_one_line || !held[i] || can_hold(predicates[i], Values::on_one_line))
            << seed;
        ASSERT_TRUE(possible || !held[i]) << seed;
        ASSERT_TRUE(held[i] || !always_holds(predicates[i])) << seed;
        refuted += possible ? 0 : 1;
      }
    }
  }
  EXPECT_GT(refuted, 1'000u);
  EXPECT_GT(implied, 2'000u);
  EXPECT_GT(hiding, 200u);
}

/// Neither ever holds; that is not found out at any price.
TEST(Lint, GivesUpWhereAProofWouldTakeTooLong) {
  AllOf wide;
  AllOf deep;
  for (int i = 0; i < 3'000; ++i) {
    const std::string name = "x" + std::to_string(i);
    wide.terms.push_back({matcher_of(name + "=a")});
    deep.terms.push_back(any_of({all_of({name + "=a"}), all_of({name + "=b"})}));
  }
  wide.terms.push_back({matcher_of("x0=b")});
  deep.terms.push_back(all_of({"x2999=c"}));
  EXPECT_TRUE(can_hold({std::move(wide)}));
  EXPECT_TRUE(can_hold({std::move(deep)}));
}

}  // namespace
}  // namespace tocsin::rules
