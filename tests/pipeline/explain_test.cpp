// What an explanation foretells is what happens.
#include "tocsin/triage/explain.h"

#include <gtest/gtest.h>

#include "pipeline/world.h"

namespace tocsin::pipeline {
namespace {

using triage::GroupAsked;

constexpr const char* kDisk = "alertname=Disk service=checkout severity=warning";

triage::Explanation explain(const triage::Policy& policy, const Labels& labels,
                            std::string_view source = "prometheus") {
  return triage::explain(policy, {.labels = labels, .source = source});
}

triage::Policy shop() {
  triage::Policy policy = World::small_shop();
  rules::compile(policy.rules);
  return policy;
}

const Labels kLabels{{"alertname", "Disk"}, {"service", "checkout"}, {"severity", "warning"}};

TEST(Explanation, ForetellsWhoIsPagedWhen) {
  const triage::Policy policy = shop();
  const triage::EscalationPlan plan = explain(policy, kLabels).escalation;
  EXPECT_EQ(plan.name, "payments");
  EXPECT_EQ(plan.from, triage::EscalationPlan::From::service);
  EXPECT_EQ(plan.chosen_by.rule, "checkout");
  World world;
  world.fires(kDisk);
  world.keep_firing(kDisk);
  std::string story = world.story();
  // Just before each moment nothing is new; right after it every channel of the step is paged.
  Duration passed(0);
  for (const triage::PlannedStep& step : plan.steps) {
    if (step.after > passed) {
      world.advance(step.after - passed - seconds(1));
      EXPECT_EQ(world.story().find(" page "), std::string::npos) << step.number;
      world.advance(seconds(2));
      passed = step.after + seconds(1);
      story = world.story();
    }
    for (const std::string& channel : step.channels) {
      EXPECT_NE(story.find("page " + channel), std::string::npos) << step.number << ": " << story;
    }
  }
  const Duration end = plan.round * static_cast<int>(plan.rounds);
  world.advance(end - passed - seconds(1));
  EXPECT_EQ(world.story().find(" page "), std::string::npos);
  world.advance(seconds(2));
  story = world.story();
  for (const std::string& channel : plan.fallback) {
    EXPECT_NE(story.find("page " + channel), std::string::npos) << story;
  }
}

GroupAsked group_of(const triage::Policy& policy, const Labels& labels) {
  const triage::Explanation explained = explain(policy, labels);
  const auto& rule =
      policy.rules.correlation[static_cast<std::size_t>(explained.rules.verdict.correlation)];
  return {*explained.rules.key, GroupAsked::Terms{rule.window, rule.max_age}};
}

TEST(Explanation, ForetellsWhichIncidentIsJoined) {
  const triage::Policy policy = shop();
  World world;
  const GroupAsked group = group_of(policy, kLabels);
  EXPECT_FALSE(would_join(world.state(), policy, group, Instant{}));
  world.fires(kDisk);
  const Instant joined = world.incident(1).last_joined;
  EXPECT_EQ(would_join(world.state(), policy, group, joined + minutes(1)), IncidentId{1});
  EXPECT_FALSE(would_join(world.state(), policy, group, joined + group.terms->window));
  const Labels elsewhere{{"alertname", "Disk"}, {"service", "search"}};
  EXPECT_FALSE(would_join(world.state(), policy, group_of(policy, elsewhere), joined));
  world.advance(minutes(1));
  world.fires("alertname=Other service=checkout severity=warning");
  EXPECT_FALSE(world.has_incident(2));
}

TEST(Explanation, AnAlertThatStandsForItselfJoinsItsOwnIncident) {
  triage::Policy policy = World::small_shop();
  policy.rules.correlation.clear();
  World world(policy);
  rules::compile(policy.rules);
  world.fires(kDisk);
  const triage::Alert* alert = world.state().find(AlertId{1});
  ASSERT_NE(alert, nullptr);
  EXPECT_EQ(would_join(world.state(), policy, {alert->key, {}}, Instant{}), IncidentId{1});
}

TEST(Explanation, WhatIsDroppedOrOfNoSeverityOpensNothing) {
  triage::Policy policy = World::small_shop();
  policy.rules.triage.push_back({.name = "noise", .when = {rules::AllOf{}}, .drop = true});
  rules::compile(policy.rules);
  EXPECT_FALSE(explain(policy, kLabels).opens);
  EXPECT_FALSE(explain(shop(), Labels{{"alertname", "A"}, {"severity", "none"}}).opens);
  EXPECT_TRUE(explain(shop(), kLabels).opens);
}

TEST(Explanation, NoRuleDecidesAboutTheDaemonsOwnAlarms) {
  triage::Policy policy = World::small_shop();
  policy.rules.triage.push_back({.name = "noise", .when = {rules::AllOf{}}, .drop = true});
  rules::compile(policy.rules);
  const triage::Explanation own =
      explain(policy, Labels{{"alertname", "Files"}, {"severity", "critical"}}, "tocsin");
  EXPECT_TRUE(own.is_own);
  EXPECT_TRUE(own.opens);
  EXPECT_EQ(own.severity, Severity::sev3);
  EXPECT_TRUE(own.rules.held.empty());
  EXPECT_FALSE(own.rules.key.has_value());
}

}  // namespace
}  // namespace tocsin::pipeline
