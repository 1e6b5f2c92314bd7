#include "tocsin/rules/explain.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "rules/nearness.h"

namespace tocsin::rules {
namespace {

Predicate is(std::string_view text) { return {*parse_matcher(text, Grammar::extended)}; }
Predicate all(std::vector<Predicate> terms) { return {AllOf{std::move(terms)}}; }
Predicate any(std::vector<Predicate> terms) { return {AnyOf{std::move(terms)}}; }
Predicate no(Predicate term) {
  Not negated;
  negated.term.push_back(std::move(term));
  return {std::move(negated)};
}

std::string lacks(const Predicate& predicate, const Labels& labels) {
  const Subject subject{.labels = labels};
  std::string out = std::to_string(distance(predicate, subject).failing);
  for (const Failing& one : failing(predicate, subject)) {
    out += (one.must_not_hold ? " not " : " ") + one.matcher + "(" + one.value + ")";
  }
  return out;
}

TEST(Nearness, NamesTheFewestMatchersThatKeepARuleFromHolding) {
  const Labels labels{{"a", "1"}, {"b", "2"}};
  const std::pair<Predicate, const char*> cases[] = {
      {is("a=1"), "0"},
      {is("a=2"), "1 a=\"2\"(1)"},
      {is("c"), "1 c()"},
      {all({}), "0"},
      {any({}), "1"},
      {all({is("a=1"), is("b=1"), is("c")}), "2 b=\"1\"(2) c()"},
      {any({all({is("b=1"), is("c")}), is("a=2")}), "1 a=\"2\"(1)"},
      {any({is("a=2"), is("b=2")}), "0"},
      {no(is("a=1")), "1 not a=\"1\"(1)"},
      {no(all({is("a=1"), is("b=2")})), "1 not a=\"1\"(1)"},
      {no(any({is("a=1"), is("b=2"), is("c")})), "2 not a=\"1\"(1) not b=\"2\"(2)"},
      {no(no(is("c"))), "1 c()"},
      {no(all({})), "1"},
  };
  for (const auto& [predicate, expected] : cases) {
    EXPECT_EQ(lacks(predicate, labels), expected) << to_string(predicate, 200);
  }
}

TEST(Nearness, OfManyOnlyTheFirstAreNamedAndAllAreCounted) {
  std::vector<Predicate> terms;
  for (int i = 0; i < 20; ++i) terms.push_back(is("missing"));
  const Predicate long_one = all(terms);
  EXPECT_EQ(distance(long_one, {}).failing, 20u);
  EXPECT_EQ(failing(long_one, {}).size(), kFailingMax);
}

TEST(Nearness, IsZeroExactlyWhereThePredicateHolds) {
  std::mt19937 random(7);
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  const auto make = [&](auto& self, int depth) -> Predicate {
    const unsigned kind = depth == 0 ? 3 : below(4);
    if (kind == 3) {
      const char* const names[] = {"a", "b", "c"};
      const char* const ops[] = {"=1", "!=1", "=2", "", "=~.*"};
      return is(std::string(names[below(3)]) + ops[below(5)]);
    }
    if (kind == 2) return no(self(self, depth - 1));
    std::vector<Predicate> terms;
    for (unsigned i = below(4); i > 0; --i) terms.push_back(self(self, depth - 1));
    return kind == 0 ? all(std::move(terms)) : any(std::move(terms));
  };
  for (int i = 0; i < 20'000; ++i) {
    const Predicate predicate = make(make, 4);
    std::vector<Label> pairs;
    const char* const values[] = {"", "1", "2"};
    for (const char* name : {"a", "b", "c"}) pairs.push_back({name, values[below(3)]});
    const Labels labels(std::move(pairs));
    const Subject subject{.labels = labels};
    const std::size_t far = distance(predicate, subject).failing;
    ASSERT_EQ(far == 0, holds(predicate, subject)) << to_string(predicate, 500);
    // A matcher that nothing needs, as in an empty `any`, is counted and cannot be named.
    ASSERT_LE(failing(predicate, subject).size(), far);
  }
}

Template text(std::string_view written) { return *parse_template(written); }

/// Rules that decide at random over few names, so that they contradict one another.
RuleSet random_rules(std::mt19937& random) {
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  const char* const texts[] = {"one", "two", "{{labels.a}}", "{{labels.service}}", "{{labels.x}}"};
  RuleSet rules;
  rules.hash = 1;
  for (const char* name : {"1", "one"}) {
    Service service;
    service.name = name;
    service.labels = Labels{{"x", name}};
    rules.services.push_back(service);
  }
  for (int i = 0; i < 6; ++i) {
    TriageRule rule;
    rule.name = std::to_string(i);
    rule.at = {"rules.yaml", i + 1, 1};
    rule.when = below(2) == 0 ? is("a=1") : all({});
    if (below(3) == 0) rule.service = text(texts[below(5)]);
    if (below(3) == 0) rule.team = text(texts[below(5)]);
    if (below(3) == 0) rule.runbook = text(texts[below(5)]);
    for (const char* name : {"x", "service", "team"}) {
      if (below(3) == 0) rule.labels.push_back({name, text(texts[below(5)])});
    }
    if (below(3) == 0) rule.annotations.push_back({"x", text(texts[below(5)])});
    if (below(3) == 0) rule.severity = Severity::sev2;
    if (below(3) == 0) rule.escalation = texts[below(2)];
    if (below(3) == 0) rule.hold = Duration(60'000 * below(2));
    if (below(3) == 0) rule.drop = below(2) == 0;
    rules.triage.push_back(std::move(rule));
  }
  rules.severity.criteria.push_back({"c", Severity::sev1, is("x=one"), {}});
  rules.correlation.push_back({.name = "by-x", .when = is("service"), .by = {"x"}});
  compile(rules);
  return rules;
}

/// What wins, by what it decides.
std::map<std::string, std::string> winners(const Explanation& explanation) {
  std::map<std::string, std::string> out;
  for (const HeldRule& held : explanation.held) {
    for (const Claim& claim : held.claims) {
      if (claim.value.empty() || claim.lost_to) continue;
      EXPECT_TRUE(out.emplace(claim.what, claim.value).second) << claim.what << " is won twice";
    }
  }
  return out;
}

TEST(Explain, SaysWhatMatchSaysAndEachDecisionIsWonOnce) {
  std::mt19937 random(11);
  for (int i = 0; i < 3'000; ++i) {
    const RuleSet rules = random_rules(random);
    const Labels labels = random() % 2 == 0 ? Labels{{"a", "1"}} : Labels{{"b", "1"}};
    const Explanation explanation = explain(rules, {.labels = labels, .near = 3});
    const Verdict verdict = match(rules, labels, {}, "");
    ASSERT_EQ(explanation.verdict.severity, verdict.severity);
    ASSERT_EQ(explanation.verdict.correlation, verdict.correlation);
    if (!verdict.effects) {
      ASSERT_TRUE(explanation.held.empty());
      continue;
    }
    const Effects& effects = *verdict.effects;
    auto won = winners(explanation);
    const auto take = [&](const std::string& what) {
      const auto found = won.find(what);
      std::string value = found == won.end() ? "" : found->second;
      if (found != won.end()) won.erase(found);
      return value;
    };
    for (const char* name : {"service", "team"}) {
      const std::string own = take(name);
      const std::string label = take("labels." + std::string(name));
      ASSERT_TRUE(own.empty() || label.empty());
      ASSERT_EQ(own + label, effects.labels.get(name));
    }
    ASSERT_EQ(take("labels.x"), effects.labels.get("x"));
    ASSERT_EQ(take("annotations.x"), effects.annotations.get("x"));
    ASSERT_EQ(take("runbook"), effects.runbook);
    ASSERT_EQ(take("escalation"), effects.escalation);
    ASSERT_EQ(take("severity"), effects.severity ? "SEV-2" : "");
    ASSERT_EQ(take("drop") == "true", effects.drop);
    ASSERT_EQ(take("hold") == "1m", effects.hold > Duration::zero());
    ASSERT_TRUE(won.empty()) << won.begin()->first;
    for (const LabelOrigin& label : explanation.labels) {
      ASSERT_EQ(label.from == LabelOrigin::From::rule || label.from == LabelOrigin::From::service,
                !label.by.rule.empty())
          << label.name;
    }
  }
}

TEST(Explain, WhatWasDecidedBeforeIsTakenAndNoTriageRuleIsAsked) {
  std::mt19937 random(3);
  const RuleSet rules = random_rules(random);
  Effects effects;
  effects.labels = Labels{{"x", "kept"}};
  const Labels labels{{"a", "1"}};
  const Explanation explanation = explain(
      rules, {.labels = labels, .near = 9, .decided = std::make_shared<const Effects>(effects)});
  EXPECT_TRUE(explanation.held.empty());
  for (const NearRule& near : explanation.near) EXPECT_NE(near.kind, NearRule::Kind::triage);
  ASSERT_EQ(explanation.labels.size(), 2u);
  EXPECT_EQ(explanation.labels[1].value, "kept");
  EXPECT_EQ(explanation.labels[1].from, LabelOrigin::From::rule);
}

TEST(Explain, RulesThatHoldAndNearOnesAreBounded) {
  RuleSet rules;
  rules.hash = 1;
  for (int i = 0; i < 1'000; ++i) {
    TriageRule rule;
    rule.name = std::to_string(i);
    rule.when = i % 2 == 0 ? all({}) : is("missing");
    rules.triage.push_back(std::move(rule));
  }
  compile(rules);
  const Explanation explanation = explain(rules, {.near = 1'000'000});
  EXPECT_EQ(explanation.held.size(), kHeldMax);
  EXPECT_EQ(explanation.held_count, 500u);
  ASSERT_EQ(explanation.near.size(), kNearMax);
  EXPECT_EQ(explanation.near.front().rule, 1u) << "equally near ones in the order of the rules";
}

}  // namespace
}  // namespace tocsin::rules
