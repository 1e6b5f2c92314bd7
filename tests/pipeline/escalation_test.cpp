#include <gtest/gtest.h>

#include <algorithm>

#include "pipeline/world.h"

namespace tocsin::pipeline {

using triage::Acknowledge;
using triage::EndedBy;
using triage::Fate;
using triage::IncidentState;
using triage::Outcome;
using triage::Refusal;

constexpr std::string_view kDisk = "alertname=Disk service=checkout severity=critical";
constexpr std::string_view kOther = "alertname=Memory service=checkout severity=critical";

TEST(Escalation, AcknowledgingStopsTheNextPage) {
  struct Case {
    const char* name;
    Duration acknowledged_after;
    const char* story;
  };
  const Case cases[] = {
      {"just before the deadline", minutes(5) - Duration(1),
       "00:00:00 page sink-a incident.triggered INC-1\n"
       "00:04:59 page sink-a incident.acknowledged INC-1\n"},
      {"exactly at the deadline: the deadline wins the tie", minutes(5),
       "00:00:00 page sink-a incident.triggered INC-1\n"
       "00:05:00 page sink-b incident.escalated INC-1\n"
       "00:05:00 page sink-a incident.acknowledged INC-1\n"
       "00:05:00 page sink-b incident.acknowledged INC-1\n"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    World world;
    world.fires(kDisk);
    world.keep_firing(kDisk);
    world.advance(c.acknowledged_after);
    world.act(Acknowledge{IncidentId{1}, ""});
    world.advance(hours(3));
    EXPECT_EQ(world.story(), c.story);
  }
}

TEST(Escalation, GoesThroughEveryStepAndEndsWithTheFallback) {
  World world;
  world.fires("alertname=Slow service=checkout severity=warning");
  world.keep_firing("alertname=Slow service=checkout severity=warning");
  world.advance(hours(4));
  EXPECT_EQ(world.story(),
            "00:00:00 page sink-a incident.triggered INC-1\n"
            "00:05:00 page sink-b incident.escalated INC-1\n"
            "00:15:00 page fallback incident.escalated INC-1\n");
  EXPECT_TRUE(world.incident(1).escalation.exhausted);
}

TEST(Escalation, BeginsAgainForSev2UntilSomebodyAcknowledges) {
  World world;
  world.fires(kDisk);
  world.keep_firing(kDisk);
  world.advance(minutes(46));
  EXPECT_EQ(world.story(),
            "00:00:00 page sink-a incident.triggered INC-1\n"
            "00:05:00 page sink-b incident.escalated INC-1\n"
            "00:15:00 page fallback incident.escalated INC-1\n"
            "00:45:00 page sink-a incident.escalated INC-1\n");
}

TEST(Escalation, RepeatsItsRounds) {
  triage::Policy policy = World::small_shop();
  policy.escalations[2].repeat = 1;
  World world(policy);
  world.fires("alertname=Slow service=checkout severity=warning");
  world.keep_firing("alertname=Slow service=checkout severity=warning");
  world.advance(hours(2));
  EXPECT_EQ(world.story(),
            "00:00:00 page sink-a incident.triggered INC-1\n"
            "00:05:00 page sink-b incident.escalated INC-1\n"
            "00:15:00 page sink-a incident.escalated INC-1\n"
            "00:20:00 page sink-b incident.escalated INC-1\n"
            "00:30:00 page fallback incident.escalated INC-1\n");
}

TEST(Escalation, AStepThatReachesNobodyIsPassedOverAtOnce) {
  triage::Policy policy = World::small_shop();
  policy.escalations[2].steps[0].channels.clear();
  World world(policy);
  world.fires(kDisk);
  EXPECT_EQ(world.story(), "00:00:00 page sink-b incident.triggered INC-1\n");
}

TEST(Escalation, R31AStepWhoseEveryPageFailedThreeTimesIsNotWaitedFor) {
  World world;
  world.answers("sink-a", Outcome::refused);
  world.fires(kDisk);
  world.keep_firing(kDisk);
  world.advance(seconds(10));
  const std::string story = world.story();
  EXPECT_NE(story.find("page sink-a incident.triggered INC-1 attempt 3"), std::string::npos);
  EXPECT_NE(story.find("page sink-b incident.escalated INC-1"), std::string::npos);
}

TEST(Escalation, AnAcknowledgementThatLapsesBeginsThePathAgain) {
  triage::Policy policy = World::small_shop();
  policy.escalations[2].ack_timeout = minutes(20);
  World world(policy);
  world.fires(kDisk);
  world.keep_firing(kDisk);
  world.act(Acknowledge{IncidentId{1}, ""});
  world.story();
  world.advance(minutes(10));
  world.act(triage::AddNote{IncidentId{1}, "still looking"});  // A person acts: it begins anew.
  world.advance(minutes(19));
  EXPECT_EQ(world.story(), "");
  world.advance(minutes(2));
  EXPECT_EQ(world.story(), "00:30:00 page sink-a incident.escalated INC-1\n");
  EXPECT_EQ(world.incident(1).state, IncidentState::triggered);
}

TEST(Escalation, ARiseToSev1TakesThePathOfTheNewSeverityAndPagesOnlyWhoDoesNotKnow) {
  World world;
  world.fires(kDisk);
  world.keep_firing(kDisk);
  world.act(Acknowledge{IncidentId{1}, ""});
  world.story();
  world.advance(minutes(1));
  world.fires("alertname=Down service=checkout impact=outage");
  EXPECT_EQ(world.story(),
            "00:01:00 page sink-a incident.updated INC-1\n"
            "00:01:00 page sink-major incident.escalated INC-1\n");
  EXPECT_EQ(world.incident(1).severity, Severity::sev1);
  EXPECT_EQ(world.incident(1).state, IncidentState::triggered);
  EXPECT_EQ(world.incident(1).escalation.name, "major");
}

TEST(Escalation, ARiseToSev1PagesAgainAChannelThatRefusedTheFirstPage) {
  World world;
  world.answers("sink-a", Outcome::refused);
  world.fires(kDisk);
  world.keep_firing(kDisk);
  world.story();
  world.fires("alertname=Down service=checkout impact=outage");
  const std::string story = world.story();
  EXPECT_NE(story.find("page sink-a incident.escalated INC-1"), std::string::npos) << story;
  EXPECT_EQ(story.find("incident.updated"), std::string::npos) << story;
}

TEST(Escalation, ALowerRiseIsAnUpdateToWhoWasTold) {
  World world;
  world.fires("alertname=Slow service=checkout severity=info");
  world.story();
  world.fires("alertname=Slower service=checkout severity=warning");
  EXPECT_EQ(world.story(), "00:00:00 page sink-a incident.updated INC-1\n");
  EXPECT_EQ(world.incident(1).severity, Severity::sev3);
}

TEST(Escalation, AfterALongSuspendTheOverdueStepRunsOnceAtOnce) {
  World world;
  world.report({.labels = std::string(kDisk), .ends_in = hours(10)});
  world.story();
  world.jump(hours(2));
  EXPECT_EQ(world.story(), "02:00:00 page sink-b incident.escalated INC-1\n");
}

TEST(Recovery, ClearingTellsTheEndToEverybodyWhoWasTold) {
  World world;
  world.fires(kDisk);
  world.keep_firing(kDisk);
  world.advance(minutes(6));
  world.stop_firing(kDisk);
  world.story();
  world.clears(kDisk);
  EXPECT_EQ(world.incident(1).state, IncidentState::recovering);
  world.advance(minutes(5));
  EXPECT_EQ(world.story(),
            "00:11:00 page sink-a incident.resolved INC-1\n"
            "00:11:00 page sink-b incident.resolved INC-1\n");
  EXPECT_EQ(world.incident(1).state, IncidentState::resolved);
  world.advance(hours(25));
  EXPECT_FALSE(world.has_incident(1));
}

TEST(Recovery, FiringAgainReturnsToTheStateBeforeAndThePendingStepStillRuns) {
  World world;
  world.fires(kDisk);
  world.advance(minutes(3));
  world.clears(kDisk);
  world.story();
  world.advance(minutes(4));  // Step 2 was due at 00:05 and waits.
  EXPECT_EQ(world.story(), "");
  world.report({.labels = std::string(kDisk), .starts_ago = Duration(0), .ends_in = minutes(4)});
  EXPECT_EQ(world.incident(1).state, IncidentState::triggered);
  EXPECT_EQ(world.story(), "00:07:00 page sink-b incident.escalated INC-1\n");
}

TEST(Recovery, AnAcknowledgementDuringRecoveryHoldsWhenItFiresAgain) {
  World world;
  world.fires(kDisk);
  world.clears(kDisk);
  world.act(Acknowledge{IncidentId{1}, ""});
  EXPECT_EQ(world.incident(1).state, IncidentState::recovering);
  world.story();
  world.advance(minutes(1));
  world.report({.labels = std::string(kDisk), .starts_ago = Duration(0), .ends_in = hours(4)});
  EXPECT_EQ(world.incident(1).state, IncidentState::acknowledged);
  world.advance(hours(1));
  EXPECT_EQ(world.story(), "");
}

TEST(Recovery, APersonsResolveEndsAlertsThatNobodyElseWouldEnd) {
  World world;
  world.report({.labels = std::string(kDisk), .source = "forever"});
  world.act(triage::Resolve{IncidentId{1}, "fixed by hand"});
  EXPECT_EQ(world.state().firing_count(), 0U);
  world.advance(minutes(5));
  EXPECT_EQ(world.incident(1).state, IncidentState::resolved);
}

TEST(Recovery, WhatStillFiresAfterAPersonsResolveReopens) {
  World world;
  world.fires(kDisk);
  world.keep_firing(kDisk);
  world.act(triage::Resolve{IncidentId{1}, ""});
  world.story();
  world.advance(minutes(5));
  EXPECT_EQ(world.story(), "00:05:00 page sink-a incident.reopened INC-1\n");
  EXPECT_EQ(world.incident(1).cycle, 2U);
}

TEST(Recovery, ANewOccurrenceReopensOnlyWithinReopenWithin) {
  struct Case {
    Duration later;
    std::uint64_t incidents;
    const char* page;
  };
  for (const Case& c : {Case{minutes(10), 1, "incident.reopened INC-1"},
                        Case{minutes(10) + Duration(1), 2, "incident.triggered INC-2"}}) {
    World world;
    world.fires(kDisk);
    world.clears(kDisk);
    world.advance(minutes(5));
    world.story();
    world.advance(c.later);
    world.report({.labels = std::string(kDisk), .starts_ago = Duration(0), .ends_in = minutes(4)});
    EXPECT_EQ(world.state().counters.last_incident, c.incidents);
    EXPECT_NE(world.story().find(c.page), std::string::npos);
  }
}

TEST(Ledger, NobodyIsToldOfAnEndWhoWasNotToldOfTheTrouble) {  // I3, R15
  World world;
  world.answers("sink-a", Outcome::refused);
  world.fires(kDisk);
  world.advance(Duration(500));
  world.clears(kDisk);
  world.story();
  world.advance(minutes(6));
  EXPECT_EQ(world.story(), "");
  EXPECT_TRUE(world.state().pages.empty());
}

TEST(Ledger, AnUnknownOutcomeCountsAsTold) {
  World world;
  world.answers("sink-a", Outcome::unknown);
  world.fires(kDisk);
  world.advance(Duration(500));
  world.clears(kDisk);
  world.answers("sink-a", Outcome::delivered);
  world.story();
  world.advance(minutes(6));
  EXPECT_EQ(world.story(), "00:05:00 page sink-a incident.resolved INC-1\n");
}

TEST(Ledger, APageThatArrivesAfterTheAcknowledgementIsFollowedByIt) {
  World world;
  world.hold("sink-a");
  world.fires(kDisk);
  world.act(Acknowledge{IncidentId{1}, ""});
  world.story();
  world.finish(Outcome::delivered);
  EXPECT_EQ(world.story(), "00:00:00 page sink-a incident.acknowledged INC-1\n");
}

TEST(Ledger, NoTroubleIsAnnouncedAfterAnAcknowledgement) {  // I5, R21
  World world;
  world.answers("sink-a", Outcome::refused);
  world.fires(kDisk);
  world.act(Acknowledge{IncidentId{1}, ""});
  world.story();
  world.advance(hours(1));
  EXPECT_EQ(world.story(), "");
}

TEST(Ledger, R07RetriesBackOffToOneMinute) {
  triage::Policy policy = World::small_shop();
  policy.escalations[0].steps[0].wait = hours(30);
  policy.escalations[0].fallback = {};
  World world(policy);
  world.answers("log", Outcome::refused);
  world.report({.labels = "alertname=Lonely severity=warning", .ends_in = hours(30)});
  world.advance(hours(1));
  const std::string story = world.story();
  const auto attempts = std::count(story.begin(), story.end(), '\n');
  EXPECT_GE(attempts, 50);
  EXPECT_LE(attempts, 70);
  world.advance(hours(24));
  EXPECT_TRUE(world.state().pages.empty());  // Given up after a day, and counted.
}

TEST(People, RepeatingIsFineAndWhatCannotBeIsRefused) {
  World world;
  EXPECT_EQ(world.act(Acknowledge{IncidentId{1}, ""}).refusal, Refusal::unknown_incident);
  world.fires(kDisk);
  EXPECT_EQ(world.act(triage::Reopen{IncidentId{1}, ""}).refusal, Refusal::wrong_state);
  EXPECT_EQ(world.act(triage::Unacknowledge{IncidentId{1}, ""}).refusal, Refusal::wrong_state);
  EXPECT_EQ(world.act(Acknowledge{IncidentId{1}, ""}).fate, Fate::done);
  EXPECT_EQ(world.act(Acknowledge{IncidentId{1}, ""}).fate, Fate::already_so);
  const std::uint32_t version = world.incident(1).version;
  EXPECT_EQ(world.act(triage::Resolve{IncidentId{1}, ""}, "ana", version - 1).refusal,
            Refusal::stale_version);
  EXPECT_EQ(world.act(triage::Resolve{IncidentId{1}, ""}, "ana", version).fate, Fate::done);
  EXPECT_EQ(world.act(triage::Resolve{IncidentId{1}, ""}).fate, Fate::already_so);
}

TEST(Correlation, OneServiceIsOneIncidentWithinItsWindow) {
  World world;
  world.fires(kDisk);
  world.keep_firing(kDisk);
  world.advance(minutes(29));
  EXPECT_EQ(world.fires(kOther).incident, IncidentId{1});
  world.advance(minutes(31));
  EXPECT_EQ(world.fires("alertname=Third service=checkout").incident, IncidentId{2});
  EXPECT_EQ(world.fires("alertname=Far service=search").incident, IncidentId{3});
}

TEST(Correlation, AnAlertThatNoRuleTakesIsAnIncidentOfItsOwn) {
  World world;
  world.fires("alertname=A");
  world.fires("alertname=B");
  EXPECT_EQ(world.state().incidents.size(), 2U);
}

TEST(Severity, NoneIsStoredAndOpensNothing) {
  World world;
  EXPECT_EQ(world.fires("alertname=Watchdog severity=none").fate, Fate::opened);
  EXPECT_EQ(world.state().incidents.size(), 0U);
  EXPECT_EQ(world.story(), "");
}

TEST(Severity, ANewPolicyRaisesWhatFires) {
  World world;
  world.report({.labels = "alertname=Slow service=checkout severity=warning", .ends_in = hours(2)});
  triage::Policy stricter = World::small_shop();
  stricter.rules.hash = 2;
  stricter.rules.severity.map[3].severity = Severity::sev2;
  world.set_policy(stricter);
  world.advance(seconds(1));
  EXPECT_EQ(world.incident(1).severity, Severity::sev2);
}

TEST(Escalation, WithoutAFallbackOfItsOwnPagesTheOneOfTocsinYaml) {
  triage::Policy policy = World::small_shop();
  for (triage::Escalation& path : policy.escalations) path.fallback.clear();
  policy.fallback = {"fallback"};
  World world(policy);
  world.fires("alertname=Slow service=checkout severity=warning");
  world.keep_firing("alertname=Slow service=checkout severity=warning");
  world.advance(hours(4));
  EXPECT_TRUE(world.story().ends_with("00:15:00 page fallback incident.escalated INC-1\n"));
}

TEST(Escalation, ARiseInSeverityBeginsAPathAgainThatHadRunOut) {  // I2
  World world;
  world.fires("alertname=Slow service=checkout severity=warning");
  world.keep_firing("alertname=Slow service=checkout severity=warning");
  world.advance(minutes(16));
  ASSERT_TRUE(world.incident(1).escalation.exhausted);
  world.story();
  world.fires(kDisk);
  world.keep_firing(kDisk);
  EXPECT_EQ(world.story(), "00:16:00 page sink-a incident.escalated INC-1\n");
  world.advance(minutes(6));
  EXPECT_EQ(world.story(), "00:21:00 page sink-b incident.escalated INC-1\n");
}

TEST(Ledger, AnAcknowledgementWhileItRecoversIsToldToNobody) {
  World world;
  world.fires(kDisk);
  world.clears(kDisk);
  world.story();
  world.act(Acknowledge{IncidentId{1}, ""});
  EXPECT_EQ(world.story(), "");
  world.advance(minutes(6));
  EXPECT_EQ(world.story(), "00:05:00 page sink-a incident.resolved INC-1\n");
}

TEST(People, WhatTheyWriteWithARepeatedActionIsKept) {
  World world;
  world.fires(kDisk);
  world.act(Acknowledge{IncidentId{1}, "mine"});
  std::uint32_t version = world.incident(1).version;
  EXPECT_EQ(world.act(Acknowledge{IncidentId{1}, "still mine"}).fate, Fate::already_so);
  EXPECT_EQ(world.incident(1).version, ++version);
  EXPECT_EQ(world.act(Acknowledge{IncidentId{1}, ""}).fate, Fate::already_so);
  EXPECT_EQ(world.incident(1).version, version);
  world.act(triage::Resolve{IncidentId{1}, ""});
  version = world.incident(1).version;
  EXPECT_EQ(world.act(triage::Resolve{IncidentId{1}, "it was the disk"}).fate, Fate::already_so);
  EXPECT_EQ(world.incident(1).version, ++version);
}

TEST(People, AResolveEndsEveryAlertThatNothingElseWouldEnd) {
  triage::Policy policy = World::small_shop();
  policy.escalations.front().repeat = 0;
  World world(policy);
  constexpr int kAlerts = 1'300;  // More than one step may change.
  for (int i = 0; i < kAlerts; ++i) {
    world.report(
        {.labels = "alertname=Stuck service=checkout n=" + std::to_string(i), .source = "forever"});
  }
  ASSERT_EQ(world.incident(1).firing, static_cast<std::uint32_t>(kAlerts));
  world.act(triage::Resolve{IncidentId{1}, ""});
  world.advance(minutes(6));
  EXPECT_EQ(world.incident(1).state, IncidentState::resolved);
  EXPECT_EQ(world.state().firing_count(), 0U);
}

TEST(People, WhatTheyResolvedAndIsStillReportedComesBackOnceRecoveryIsOver) {
  World world;
  const World::Report stuck{
      .labels = "alertname=Stuck service=checkout", .starts_ago = minutes(1), .source = "forever"};
  world.report(stuck);
  world.act(triage::Resolve{IncidentId{1}, ""});
  world.advance(minutes(1));
  World::Report again = stuck;
  again.starts_ago = minutes(2);
  EXPECT_EQ(world.report(again).fate, Fate::late) << "the sender may not have noticed yet";
  world.advance(minutes(5));
  ASSERT_EQ(world.incident(1).state, IncidentState::resolved);
  again.starts_ago = minutes(7);
  EXPECT_EQ(world.report(again).fate, Fate::fired);
  EXPECT_EQ(world.incident(1).state, IncidentState::triggered);
}

TEST(People, ATokenOfATeamActsOnItsIncidentsOnly) {
  World world;
  world.fires(kDisk);
  world.limit_people_to({"search"});
  EXPECT_EQ(world.act(Acknowledge{IncidentId{1}, ""}).refusal, Refusal::wrong_team);
  world.limit_people_to({"search", "payments"});
  EXPECT_EQ(world.act(Acknowledge{IncidentId{1}, ""}).fate, Fate::done);
}

}  // namespace tocsin::pipeline
