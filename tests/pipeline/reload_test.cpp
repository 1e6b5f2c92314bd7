#include <gtest/gtest.h>

#include <functional>

#include "pipeline/world.h"

namespace tocsin::pipeline {
namespace {

using triage::Fate;
using triage::IncidentState;

constexpr const char* kSlow = "alertname=Slow service=checkout severity=warning";

/// small_shop() with other rules.
triage::Policy changed(const std::function<void(triage::Policy&)>& change) {
  triage::Policy policy = World::small_shop();
  policy.rules.hash = 2;
  change(policy);
  return policy;
}

TEST(Reload, OfTheSameFilesChangesNothingAtAll) {  // R38, I10
  World world;
  world.fires(kSlow);
  world.keep_firing(kSlow);
  world.advance(minutes(2));
  const std::uint64_t before = triage::durable_digest(world.state());
  for (int i = 0; i < 10; ++i) world.set_policy(World::small_shop());
  EXPECT_EQ(triage::durable_digest(world.state()), before);
}

TEST(Reload, OfOtherRulesMovesNoTimerAndNoGroup) {  // R38, P6
  World world;
  world.fires(kSlow);
  world.keep_firing(kSlow);
  world.advance(minutes(2));
  const triage::Incident before = world.incident(1);
  world.story();
  world.set_policy(changed([](triage::Policy& policy) {
    policy.rules.correlation.clear();
    for (triage::Escalation& path : policy.escalations) {
      for (triage::EscalationStep& step : path.steps) step.wait = hours(9);
    }
  }));
  world.advance(seconds(30));
  EXPECT_EQ(world.incident(1).escalation, before.escalation);
  EXPECT_EQ(world.incident(1).key, before.key);
  EXPECT_EQ(world.story(), "");
  world.advance(minutes(3));
  EXPECT_EQ(world.story(), "00:05:00 page sink-b incident.escalated INC-1\n") << "due as before";
}

TEST(Reload, LeavesAnAttemptThatRunsAlone) {  // R38
  World world;
  world.hold("sink-a");
  world.fires(kSlow);
  world.set_policy(changed([](triage::Policy& policy) { policy.channels = {"log"}; }));
  world.advance(seconds(5));
  EXPECT_EQ(world.state().pages.size(), 1U);
  world.finish(triage::Outcome::delivered);
  world.advance(seconds(5));
  EXPECT_EQ(world.state().pages.size(), 0U);
}

TEST(Reapply, MovesAnAlertToWhereTheRulesOfTodayGroupIt) {
  World world;
  world.report({.labels = kSlow, .ends_in = hours(9)});
  world.report({.labels = "alertname=Down service=checkout severity=warning", .ends_in = hours(9)});
  ASSERT_EQ(world.state().incidents.size(), 1U);
  const auto policy = changed([](triage::Policy& other) {
    for (rules::CorrelationRule& rule : other.rules.correlation) rule.by = {"alertname"};
  });
  world.set_policy(policy);
  world.advance(seconds(1));
  EXPECT_EQ(world.state().incidents.size(), 1U) << "what was decided stays";
  world.set_policy(policy, true);
  world.advance(seconds(1));
  EXPECT_EQ(world.incident(1).state, IncidentState::recovering);
  EXPECT_EQ(world.incident(1).firing, 0U);
  ASSERT_TRUE(world.has_incident(2));
  ASSERT_TRUE(world.has_incident(3));
  EXPECT_EQ(world.incident(2).title, "Slow on checkout");
  EXPECT_EQ(world.incident(3).title, "Down on checkout");
  world.advance(minutes(6));
  EXPECT_EQ(world.incident(1).state, IncidentState::resolved) << "who was told hears of its end";
}

TEST(Reapply, MayLowerAnAlertsSeverityButNoIncidents) {
  World world;
  world.report({.labels = kSlow, .ends_in = hours(9)});
  const Severity before = world.incident(1).severity;
  world.set_policy(changed([](triage::Policy& policy) {
                     for (auto& mapping : policy.rules.severity.map)
                       mapping.severity = Severity::sev4;
                   }),
                   true);
  world.advance(seconds(1));
  const triage::Alert* alert = world.state().find(AlertId{1});
  EXPECT_EQ(alert->status.severity, Severity::sev4);
  EXPECT_EQ(alert->status.rules_hash, 2U);
  EXPECT_EQ(world.incident(1).severity, before);
  EXPECT_EQ(world.incident(1).firing, 1U);
}

TEST(Reapply, RaisesAnIncidentAsARiseAlwaysDoes) {
  World world;
  world.report({.labels = kSlow, .ends_in = hours(9)});
  world.act(triage::Acknowledge{.incident = IncidentId{1}, .note = {}});
  world.set_policy(changed([](triage::Policy& policy) {
                     for (auto& mapping : policy.rules.severity.map)
                       mapping.severity = Severity::sev1;
                   }),
                   true);
  world.advance(seconds(1));
  EXPECT_EQ(world.incident(1).severity, Severity::sev1);
  EXPECT_EQ(world.incident(1).state, IncidentState::triggered);
}

TEST(Reapply, TakesAnAlertOutOfItsIncidentThatNobodyIsToBePagedFor) {
  World world;
  world.report({.labels = kSlow, .ends_in = hours(9)});
  const auto quiet = changed([](triage::Policy& policy) {
    for (auto& mapping : policy.rules.severity.map) mapping.severity = Severity::none;
  });
  world.set_policy(quiet, true);
  world.advance(seconds(1));
  EXPECT_EQ(world.incident(1).state, IncidentState::recovering);
  EXPECT_FALSE(world.state().find(AlertId{1})->status.incident);
  world.advance(minutes(10));
  world.clears(kSlow);
  EXPECT_EQ(world.incident(1).resolved, 0U) << "it no longer counts there";

  triage::Policy loud = World::small_shop();
  loud.rules.hash = 3;
  world.report({.labels = kSlow, .ends_in = hours(9)});
  world.set_policy(loud, true);
  world.advance(seconds(1));
  EXPECT_TRUE(world.has_incident(2) || world.incident(1).state == IncidentState::triggered);
}

TEST(Reapply, WithUnchangedRulesDecidesWhatOlderRulesDecided) {
  World world;
  world.report({.labels = kSlow, .ends_in = hours(9)});
  const auto other = changed([](triage::Policy& policy) {
    for (rules::CorrelationRule& rule : policy.rules.correlation) rule.by = {"alertname"};
  });
  world.set_policy(other);
  world.advance(seconds(1));
  world.set_policy(other, true);
  world.advance(seconds(1));
  EXPECT_TRUE(world.has_incident(2));
  const std::uint64_t settled = triage::durable_digest(world.state());
  world.set_policy(other, true);
  world.advance(seconds(1));
  EXPECT_EQ(triage::durable_digest(world.state()), settled) << "nothing is left to decide";
}

/// A criterion and a correlation rule that ask for annotations, before the others.
triage::Policy with_annotations(std::uint64_t hash, const char* matcher) {
  return changed([&](triage::Policy& policy) {
    policy.rules.hash = hash;
    const rules::Predicate when{*rules::parse_matcher(matcher, rules::Grammar::extended)};
    policy.rules.severity.criteria.push_back(
        {.name = "said", .severity = Severity::sev1, .when = when, .at = {}});
    policy.rules.correlation.insert(policy.rules.correlation.begin(),
                                    {.name = "by-name", .when = when, .by = {"alertname"}});
  });
}

TEST(Reload, RaisesNothingByAnnotationsThatAreNotAtHand) {
  World world;
  world.report({.labels = kSlow, .ends_in = hours(9)});
  const Severity before = world.incident(1).severity;
  world.set_policy(with_annotations(7, "annotations.runbook=\"\""));
  world.advance(seconds(1));
  EXPECT_EQ(world.incident(1).severity, before);
}

TEST(Reapply, LeavesWhatAnnotationsMayHaveDecided) {
  World world(with_annotations(7, "annotations.impact!=\"none\""));
  world.report({.labels = kSlow, .ends_in = hours(9)});
  ASSERT_EQ(world.incident(1).severity, Severity::sev1);
  ASSERT_EQ(world.incident(1).key_rule, "by-name");
  world.set_policy(with_annotations(8, "annotations.impact!=\"none\""), true);
  world.advance(seconds(1));
  EXPECT_EQ(world.incident(1).state, IncidentState::triggered);
  EXPECT_EQ(world.state().incidents.size(), 1U);
  EXPECT_EQ(world.state().find(AlertId{1})->status.severity, Severity::sev1);
}

}  // namespace
}  // namespace tocsin::pipeline
