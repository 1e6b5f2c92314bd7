#include "tocsin/rules/explain.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace tocsin::rules {
namespace {

Predicate is(std::string_view text) { return {*parse_matcher(text, Grammar::extended)}; }
Predicate all(std::vector<Predicate> terms) { return {AllOf{std::move(terms)}}; }
/// The near rules' names in their order, with what they lack.
std::string near_of(const std::vector<Predicate>& whens, const Labels& labels) {
  RuleSet rules;
  rules.hash = 1;
  for (const Predicate& when : whens) {
    TriageRule rule;
    rule.name = std::to_string(rules.triage.size());
    rule.when = when;
    rules.triage.push_back(std::move(rule));
  }
  compile(rules);
  std::string out;
  for (const NearRule& near : explain(rules, {.labels = labels, .near = 9}).near) {
    out += std::to_string(near.rule) + ":" + std::to_string(near.failing_count) + " ";
  }
  return out;
}

TEST(Explain, RulesAreNearByWhatTheyLackThenByWhatTheyHave) {
  const Labels labels{{"a", "1"}, {"b", "2"}};
  const Predicate two = all({is("c"), is("d"), is("a=1")});
  const Predicate one = is("c");
  const Predicate one_of_two = all({is("a=1"), is("c")});
  const Predicate holds = is("a=1");
  Not negated;
  negated.term.push_back(is("a=1"));
  const Predicate otherwise = all({is("b=2"), is("a"), Predicate{negated}});
  EXPECT_EQ(near_of({two, one, one_of_two, holds, otherwise}, labels), "4:1 2:1 1:1 0:2 ");
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
      if (!claim.wins()) continue;
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
