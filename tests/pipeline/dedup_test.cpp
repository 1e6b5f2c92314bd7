#include <gtest/gtest.h>

#include <string>

#include "pipeline/world.h"

namespace tocsin::pipeline {

using triage::AlertState;
using triage::EndedBy;
using triage::Fate;

constexpr std::string_view kDisk = "alertname=Disk service=checkout severity=warning";

const triage::Alert& only_alert(const World& world) { return world.state().at(0); }

TEST(Dedup, ARefreshWritesNoRowAndMovesTheLease) {
  World world;
  EXPECT_EQ(world.fires(kDisk).fate, Fate::opened);
  const std::size_t rows = world.rows_written();
  world.advance(minutes(3));
  EXPECT_EQ(world.fires(kDisk).fate, Fate::refreshed);
  EXPECT_EQ(world.rows_written(), rows);
  world.advance(minutes(3));
  EXPECT_EQ(only_alert(world).status.state, AlertState::firing);
}

TEST(Dedup, ALeaseThatEndsIsNoRecoveryButAnEndByLease) {
  World world;
  world.fires(kDisk);
  world.advance(minutes(4));
  EXPECT_EQ(only_alert(world).status.state, AlertState::resolved);
  EXPECT_EQ(only_alert(world).status.ended_by, EndedBy::lease);
}

TEST(Dedup, TheSourcesTimeoutIsTheLeaseWhereNoEndIsSent) {
  World world;
  world.report({.labels = std::string(kDisk)});
  world.advance(minutes(5) - Duration(1));
  EXPECT_EQ(only_alert(world).status.state, AlertState::firing);
  world.advance(Duration(1));
  EXPECT_EQ(only_alert(world).status.state, AlertState::resolved);
}

TEST(Dedup, ASourceWithoutATimeoutNeverLetsAlertsExpire) {
  World world;
  world.report({.labels = std::string(kDisk), .source = "forever"});
  world.advance(hours(24 * 30));
  EXPECT_EQ(only_alert(world).status.state, AlertState::firing);
}

TEST(Dedup, ASharedAlertLivesAsLongAsItsLastLeaseAndEndsWithTheFirstResolve) {
  World world;
  world.report({.labels = std::string(kDisk), .ends_in = minutes(4), .source = "prometheus"});
  world.report({.labels = std::string(kDisk), .ends_in = minutes(30), .source = "relay"});
  world.advance(minutes(10));
  EXPECT_EQ(only_alert(world).status.state, AlertState::firing);
  world.report({.labels = std::string(kDisk), .ends_in = minutes(30), .source = "prometheus"});
  EXPECT_EQ(world.report({.labels = std::string(kDisk), .source = "relay", .resolved = true}).fate,
            Fate::resolved);
  EXPECT_EQ(only_alert(world).status.ended_by, EndedBy::resolve);
}

TEST(Dedup, AFurtherSourceIsWrittenOnceAndItsRefreshesAreNot) {
  World world;
  world.report({.labels = std::string(kDisk), .ends_in = minutes(4), .source = "prometheus"});
  const std::size_t before = world.rows_written();
  world.report({.labels = std::string(kDisk), .ends_in = minutes(30), .source = "relay"});
  EXPECT_EQ(world.rows_written(), before + 1);
  world.report({.labels = std::string(kDisk), .ends_in = minutes(30), .source = "relay"});
  EXPECT_EQ(world.rows_written(), before + 1);
}

TEST(Dedup, AFifthSourceDoesNotGrowTheAlert) {
  World world;
  for (const char* source : {"a", "b", "c", "d", "e", "f"}) {
    world.report({.labels = std::string(kDisk), .ends_in = minutes(4), .source = source});
  }
  EXPECT_EQ(only_alert(world).status.more_leases.size() + 1, triage::kLeasesMax);
}

TEST(Dedup, AFiringThatBeganBeforeTheLastEndIsLate) {
  World world;
  world.fires(kDisk);
  world.clears(kDisk);
  world.advance(minutes(1));
  EXPECT_EQ(
      world.report({.labels = std::string(kDisk), .starts_ago = minutes(2), .ends_in = minutes(4)})
          .fate,
      Fate::late);
  EXPECT_EQ(world.state().counters.late_firings, 1U);
  EXPECT_EQ(
      world.report({.labels = std::string(kDisk), .starts_ago = seconds(30), .ends_in = minutes(4)})
          .fate,
      Fate::fired);
  EXPECT_EQ(only_alert(world).status.occurrence, 2U);
}

TEST(Dedup, AfterAnEndByLeaseTheSameStartContinuesTheOccurrenceAndItsIncident) {
  World world;
  world.report({.labels = std::string(kDisk), .starts_ago = minutes(1), .ends_in = minutes(4)});
  world.advance(minutes(10));  // The lease ended at 4m, the incident resolved at 9m.
  EXPECT_EQ(world.incident(1).state, triage::IncidentState::resolved);
  world.report({.labels = std::string(kDisk), .starts_ago = minutes(11), .ends_in = minutes(4)});
  EXPECT_EQ(only_alert(world).status.occurrence, 1U);
  EXPECT_EQ(world.incident(1).state, triage::IncidentState::triggered);
  EXPECT_EQ(world.incident(1).cycle, 2U);
}

TEST(Dedup, AResolveOfAnUnknownAlertIsStoredAndCounted) {
  World world;
  EXPECT_EQ(world.clears(kDisk).fate, Fate::unknown_resolve);
  EXPECT_EQ(world.state().alert_count(), 1U);
  EXPECT_EQ(world.state().counters.unknown_resolves, 1U);
  EXPECT_EQ(world.state().incidents.size(), 0U);
  EXPECT_EQ(world.clears(kDisk).fate, Fate::already_so);
}

TEST(Dedup, R54ASenderWhoseClockIsHoursBehindStillFiresAndResolves) {
  for (const int skew_hours : {-24, -5, -1, 1, 5, 24}) {
    SCOPED_TRACE(skew_hours);
    World world;
    const Duration skew = hours(skew_hours);
    // As Prometheus does: endsAt is four minutes after its own now, and moves with each arrival.
    const auto sends = [&](Duration start_ago, Duration end) {
      return world.report(
          {.labels = std::string(kDisk), .starts_ago = start_ago - skew, .ends_in = end + skew});
    };
    sends(Duration(0), minutes(4));
    world.advance(minutes(1));
    sends(minutes(1), minutes(4));
    EXPECT_EQ(only_alert(world).status.state, AlertState::firing);
    if (skew_hours > 0) continue;  // Ahead: the resolve comes late by as much, by its lease.
    world.advance(minutes(6));
    EXPECT_EQ(only_alert(world).status.state, AlertState::resolved);
  }
}

TEST(Dedup, AClockTenMinutesBehindFiresAtItsSecondArrival) {
  World world;
  const auto sends = [&](Duration age) {
    return world.report({.labels = std::string(kDisk),
                         .starts_ago = minutes(10) + age,
                         .ends_in = minutes(4) - minutes(10)});
  };
  EXPECT_EQ(sends(Duration(0)).fate, Fate::unknown_resolve);
  world.advance(minutes(1));
  EXPECT_EQ(sends(minutes(1)).fate, Fate::fired);
  EXPECT_TRUE(only_alert(world).status.clock_skew);
}

TEST(Dedup, ARepeatedResolveStaysAResolve) {
  World world;
  world.report({.labels = std::string(kDisk), .starts_ago = minutes(2), .ends_in = minutes(4)});
  world.advance(minutes(1));
  EXPECT_EQ(
      world.report({.labels = std::string(kDisk), .starts_ago = minutes(3), .ends_in = -seconds(5)})
          .fate,
      Fate::resolved);
  for (int minute = 1; minute <= 15; ++minute) {
    world.advance(minutes(1));
    EXPECT_EQ(world
                  .report({.labels = std::string(kDisk),
                           .starts_ago = minutes(3 + minute),
                           .ends_in = -seconds(5) - minutes(minute)})
                  .fate,
              Fate::already_so);
  }
}

TEST(Dedup, NewAlertsAreRefusedBelowMinFreeAndRefreshesAndActionsGoOn) {
  World world;
  world.fires(kDisk);
  world.act(triage::SpaceChanged{true}, "tocsin");
  EXPECT_EQ(world.fires("alertname=New").refusal, triage::Refusal::no_space);
  EXPECT_EQ(world.fires(kDisk).fate, Fate::refreshed);
  EXPECT_EQ(world.act(triage::Acknowledge{IncidentId{1}, ""}).fate, Fate::done);
  world.act(triage::SpaceChanged{false}, "tocsin");
  EXPECT_EQ(world.fires("alertname=New").fate, Fate::opened);
}

TEST(Dedup, TheLimitOfActiveAlertsRefusesFurtherOnes) {
  triage::Policy policy = World::small_shop();
  policy.active_alerts_max = 2;
  World world(policy);
  world.fires("alertname=A");
  world.fires("alertname=B");
  EXPECT_EQ(world.fires("alertname=C").refusal, triage::Refusal::too_many_alerts);
  world.clears("alertname=A");
  EXPECT_EQ(world.fires("alertname=C").fate, Fate::opened);
}

TEST(Dedup, TheLimitOfActiveAlertsLeavesASixteenthForSev1) {
  triage::Policy policy = World::small_shop();
  policy.active_alerts_max = 16;
  World world(policy);
  for (int i = 0; i < 16; ++i) {
    ASSERT_EQ(world.fires("alertname=A n=" + std::to_string(i)).fate, Fate::opened);
  }
  EXPECT_EQ(world.fires("alertname=B").refusal, triage::Refusal::too_many_alerts);
  EXPECT_EQ(world.fires("alertname=Down service=checkout impact=outage").fate, Fate::opened);
  EXPECT_EQ(world.fires("alertname=Down service=checkout impact=outage n=2").refusal,
            triage::Refusal::too_many_alerts);
}

TEST(Dedup, AResolvedAlertLeavesMemoryAfterADay) {
  World world;
  world.fires(kDisk);
  world.clears(kDisk);
  world.advance(hours(23));
  EXPECT_EQ(world.state().alert_count(), 1U);
  world.advance(hours(2));
  EXPECT_EQ(world.state().alert_count(), 0U);
}

TEST(Dedup, TheLimitOfActiveAlertsBoundsWhatHasEndedToo) {
  triage::Policy policy = World::small_shop();
  policy.active_alerts_max = 3;
  World world(policy);
  world.fires("alertname=A");
  world.advance(seconds(1));
  for (const char* name : {"B", "C", "D", "E"}) {
    const std::string labels = std::string("alertname=") + name;
    world.fires(labels);
    world.advance(seconds(1));
    world.clears(labels);
    world.advance(seconds(1));
    EXPECT_LE(world.state().alert_count(), 3U) << name;
  }
  // Of those that ended the newest are still known; what never fired makes room in the same way.
  EXPECT_EQ(world.clears("alertname=E").fate, Fate::already_so);
  EXPECT_EQ(world.clears("alertname=F").fate, Fate::unknown_resolve);
  EXPECT_EQ(world.clears("alertname=D").fate, Fate::unknown_resolve);
  EXPECT_EQ(world.fires("alertname=A").fate, Fate::refreshed);
  EXPECT_EQ(world.state().alert_count(), 3U);
}

TEST(Dedup, WithoutAStartAReportContinuesAnOccurrenceForAShortWhileOnly) {
  for (const bool late : {false, true}) {
    SCOPED_TRACE(late);
    World world;
    const auto first = world.report({.labels = std::string(kDisk), .ends_in = minutes(4)});
    world.advance(minutes(5));  // The lease is over; recovery is not.
    world.advance(late ? hours(2) : minutes(1));
    world.report({.labels = std::string(kDisk), .ends_in = minutes(4)});
    const auto& status = world.state().find(first.alert)->status;
    EXPECT_EQ(status.occurrence, late ? 2U : 1U);
    EXPECT_EQ(status.incident, IncidentId{late ? 2U : 1U});
  }
}

}  // namespace tocsin::pipeline
