// What triage rules decide, as people and senders live through it.
#include <gtest/gtest.h>

#include "pipeline/world.h"

namespace tocsin::pipeline {
namespace {

using triage::IncidentState;

constexpr const char* kDisk = "alertname=Disk service=checkout severity=warning";

rules::Predicate when(std::string_view selector) {
  rules::AllOf all;
  auto read = rules::parse_selector(selector, rules::Grammar::extended);
  if (!read) ADD_FAILURE() << selector << ": " << read.error().problem;
  for (rules::Matcher& matcher : *read) all.terms.push_back({std::move(matcher)});
  return {std::move(all)};
}

triage::Policy with(std::vector<rules::TriageRule> rules, std::uint64_t hash = 1) {
  triage::Policy policy = World::small_shop();
  policy.rules.triage = std::move(rules);
  policy.rules.hash = hash;
  return policy;
}

const triage::AlertStatus& status(const World& world, std::uint64_t alert = 1) {
  return world.state().find(AlertId{alert})->status;
}

TEST(Drop, KeepsTheAlertAndOpensNothing) {
  World world(with({{.name = "noise", .when = when("alertname=Disk"), .drop = true}}));
  EXPECT_EQ(world.fires(kDisk).fate, triage::Fate::opened);
  world.keep_firing(kDisk);
  world.advance(minutes(30));
  EXPECT_TRUE(status(world).dropped);
  EXPECT_EQ(status(world).state, triage::AlertState::firing);
  EXPECT_EQ(world.state().incidents.size(), 0U);
  world.stop_firing(kDisk);
  world.clears(kDisk);
  EXPECT_EQ(world.story(), "");
}

TEST(Drop, OfALaterOccurrenceLeavesTheFormerIncidentAlone) {
  const auto rule = rules::TriageRule{.name = "n", .when = when("alertname=Disk"), .drop = true};
  World world;
  world.fires(kDisk);
  world.clears(kDisk);
  world.set_policy(with({rule}, 2));
  world.advance(seconds(1));
  world.report({.labels = kDisk, .starts_ago = Duration(0), .ends_in = minutes(4)});
  EXPECT_TRUE(status(world).dropped);
  EXPECT_EQ(world.incident(1).firing, 0U);
  EXPECT_EQ(world.incident(1).state, IncidentState::recovering);
  world.clears(kDisk);
  EXPECT_EQ(world.incident(1).resolved, 1U) << "its end counts nowhere";
}

TEST(Hold, OpensOnlyIfItStillFiresWhenTheTimeIsOver) {
  World world(with({{.name = "wait", .when = when("alertname=Disk"), .hold = minutes(2)}}));
  world.fires(kDisk);
  world.keep_firing(kDisk);
  world.advance(seconds(119));
  EXPECT_EQ(world.story(), "");
  EXPECT_EQ(world.state().incidents.size(), 0U);
  world.advance(seconds(1));
  EXPECT_EQ(world.story(), "00:02:00 page sink-a incident.triggered INC-1\n");
  EXPECT_EQ(world.incident(1).firing, 1U);
  EXPECT_EQ(status(world).held_until, Instant{});
}

TEST(Hold, OfWhatClearsMeanwhileIsTheEndOfIt) {
  World world(with({{.name = "wait", .when = when("alertname=Disk"), .hold = minutes(2)}}));
  world.fires(kDisk);
  world.advance(minutes(1));
  world.clears(kDisk);
  world.advance(hours(1));
  EXPECT_EQ(world.story(), "");
  EXPECT_EQ(world.state().counters.last_incident, 0U);
  world.report({.labels = kDisk, .starts_ago = Duration(0), .ends_in = minutes(9)});
  world.advance(minutes(1));
  EXPECT_EQ(world.story(), "") << "a new occurrence waits its own time";
  world.advance(minutes(1));
  EXPECT_NE(world.story(), "");
}

TEST(Hold, NeverAppliesToSev1) {
  World world(with({{.name = "wait", .when = when("alertname=Disk"), .hold = minutes(2)}}));
  world.fires("alertname=Disk service=checkout impact=outage");
  EXPECT_EQ(world.incident(1).severity, Severity::sev1);
}

TEST(Hold, IsOverWhenItsSenderSaysThatItIsSev1) {
  World world(with({{.name = "wait", .when = when("alertname=Disk"), .hold = minutes(2)}}));
  world.keyed("k", kDisk);
  world.advance(seconds(10));
  EXPECT_EQ(world.state().incidents.size(), 0U);
  world.keyed("k", "alertname=Disk service=checkout impact=outage");
  EXPECT_EQ(world.incident(1).severity, Severity::sev1);
  world.advance(hours(1));
  EXPECT_EQ(world.state().incidents.size(), 1U);
}

TEST(Hold, IsOverWhenOtherRulesMakeItSev1) {
  const std::vector<rules::TriageRule> rules = {
      {.name = "wait", .when = when("alertname=Disk"), .hold = minutes(30)}};
  World world(with(rules));
  world.report({.labels = kDisk, .ends_in = hours(9)});
  triage::Policy stricter = with(rules, 2);
  stricter.rules.severity.criteria.push_back({"all", Severity::sev1, {}, {}});
  world.set_policy(stricter);
  world.advance(seconds(1));
  ASSERT_TRUE(world.has_incident(1));
  EXPECT_EQ(world.incident(1).severity, Severity::sev1);
}

TEST(Hold, StaysAsItWasDecidedWhenRulesChange) {
  World world(with({{.name = "wait", .when = when("alertname=Disk"), .hold = minutes(2)}}));
  world.report({.labels = kDisk, .ends_in = hours(9)});
  world.set_policy(with({}, 2));
  world.advance(minutes(1));
  EXPECT_EQ(world.state().incidents.size(), 0U);
  world.advance(minutes(1));
  EXPECT_EQ(world.state().incidents.size(), 1U);
}

TEST(Hold, RemembersItsAnnotationsForTheRulesThatAskForThem) {
  triage::Policy policy =
      with({{.name = "wait", .when = when("alertname=Disk"), .hold = minutes(2)}});
  rules::CorrelationRule by_name{
      .name = "by-name", .when = when("annotations.group=name"), .by = {"alertname"}};
  policy.rules.correlation.insert(policy.rules.correlation.begin(), by_name);
  World world(policy);
  world.report({.labels = kDisk, .annotations = "group=name", .ends_in = hours(9)});
  world.advance(minutes(2));
  EXPECT_EQ(world.incident(1).key_rule, "by-name");
  EXPECT_TRUE(world.state().held_annotations.empty());
}

TEST(TriageRules, DecideServiceTeamRunbookAndEscalationOfTheIncident) {
  World world(with({{.name = "disk",
                     .when = when("alertname=Disk"),
                     .service = *rules::parse_template("search"),
                     .team = *rules::parse_template("storage"),
                     .runbook = *rules::parse_template("https://runbooks.example.net/disk"),
                     .escalation = "major"}}));
  world.fires(kDisk);
  const triage::Incident& incident = world.incident(1);
  EXPECT_EQ(incident.service, "search");
  EXPECT_EQ(incident.team, "storage");
  EXPECT_EQ(incident.runbook, "https://runbooks.example.net/disk");
  EXPECT_EQ(incident.escalation.name, "major");
  EXPECT_EQ(incident.rule_escalation, "major");
  EXPECT_EQ(incident.title, "Disk on search");
}

TEST(TriageRules, AnEscalationTheyChoseOutlivesARiseOfSeverity) {
  World world(with({{.name = "disk", .when = when("alertname=Disk"), .escalation = "default"}}));
  world.fires(kDisk);
  EXPECT_EQ(world.incident(1).escalation.name, "default");
  world.fires("alertname=Disk service=checkout impact=outage");
  EXPECT_EQ(world.incident(1).severity, Severity::sev1);
  EXPECT_EQ(world.incident(1).escalation.name, "default");
}

TEST(TriageRules, OfAnAlertThatRaisesTheSeverityChooseThePath) {
  World world(with({{.name = "outage", .when = when("impact=outage"), .escalation = "default"}}));
  world.fires(kDisk);
  EXPECT_EQ(world.incident(1).escalation.name, "payments");
  world.fires("alertname=Disk service=checkout impact=outage");
  EXPECT_EQ(world.incident(1).escalation.name, "default");
}

TEST(TriageRules, TheTeamOfAnAlertWithoutServiceSelectsItsEscalation) {
  World world(with({{.name = "own",
                     .when = when("alertname=Net"),
                     .team = *rules::parse_template("payments")}}));
  world.fires("alertname=Net");
  EXPECT_EQ(world.incident(1).escalation.name, "payments");
}

TEST(Reapply, DropsAndReleasesAlertsByTheRulesOfToday) {
  World world;
  world.report({.labels = kDisk, .ends_in = hours(9)});
  const auto drop = rules::TriageRule{.name = "n", .when = when("alertname=Disk"), .drop = true};
  world.set_policy(with({drop}, 2), true);
  world.advance(seconds(1));
  EXPECT_TRUE(status(world).dropped);
  EXPECT_EQ(world.incident(1).firing, 0U);
  EXPECT_EQ(world.incident(1).state, IncidentState::recovering);
  world.set_policy(with({}, 3), true);
  world.advance(seconds(1));
  EXPECT_FALSE(status(world).dropped);
  EXPECT_EQ(world.incident(1).firing, 1U) << "back where it was, which still recovers";
}

TEST(Reapply, DoesNotHoldUpWhatCountsAlready) {
  World world;
  world.report({.labels = kDisk, .ends_in = hours(9)});
  const auto hold =
      rules::TriageRule{.name = "n", .when = when("alertname=Disk"), .hold = hours(1)};
  world.set_policy(with({hold}, 2), true);
  world.advance(seconds(1));
  EXPECT_EQ(status(world).held_until, Instant{});
  EXPECT_EQ(world.incident(1).firing, 1U);
}

TEST(Relabelled, WhatCountsAlreadyIsNotDropped) {
  World world(with({{.name = "n", .when = when("env=canary"), .drop = true}}));
  world.keyed("k", kDisk);
  world.keyed("k", "alertname=Disk service=checkout severity=warning env=canary");
  EXPECT_FALSE(status(world).dropped);
  EXPECT_EQ(world.incident(1).firing, 1U);
}

TEST(OwnAlarms, NoRuleDropsOrHolds) {
  World world(with({{.name = "all", .drop = true}}));
  world.report({.labels = "alertname=TocsinConfigBroken service=tocsin", .source = "tocsin"});
  ASSERT_TRUE(world.has_incident(1));
  EXPECT_EQ(world.incident(1).severity, Severity::sev3);
}

TEST(Severity, ThatRisesFromNoneOpensAnIncident) {
  World world;
  world.report({.labels = "alertname=Quiet severity=none service=search", .ends_in = hours(9)});
  EXPECT_EQ(world.state().incidents.size(), 0U);
  triage::Policy stricter = with({}, 2);
  stricter.rules.severity.criteria.push_back({"all", Severity::sev3, {}, {}});
  world.set_policy(stricter);
  world.advance(seconds(1));
  EXPECT_TRUE(world.has_incident(1));
}

}  // namespace
}  // namespace tocsin::pipeline
