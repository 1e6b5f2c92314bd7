// Alerts that are found by a key of their sender's.
#include <gtest/gtest.h>

#include <string>

#include "pipeline/world.h"

namespace tocsin::pipeline {
namespace {

using triage::AlertState;
using triage::Fate;
using triage::IncidentState;

constexpr std::string_view kWarning = "alertname=Disk service=checkout severity=warning";

const triage::Alert& only_alert(const World& world) {
  EXPECT_EQ(world.state().alert_count(), 1U);
  return world.state().at(0);
}

std::string label(const World& world, std::string_view name) {
  return std::string(world.state().labels_of(only_alert(world)).get(name));
}

TEST(Keyed, TheSameLabelsAgainAreARefreshAndWriteNoRow) {
  World world;
  EXPECT_EQ(world.keyed("disk-1", kWarning).fate, Fate::opened);
  const std::size_t rows = world.rows_written();
  EXPECT_EQ(world.keyed("disk-1", kWarning).fate, Fate::refreshed);
  EXPECT_EQ(world.rows_written(), rows);
}

TEST(Keyed, OtherLabelsAreTheSameAlertARowAndRulesAndSeverityAgain) {
  World world;
  world.keyed("disk-1", kWarning);
  EXPECT_EQ(world.incident(1).severity, Severity::sev3);
  const std::size_t rows = world.rows_written();
  EXPECT_EQ(world.keyed("disk-1", "alertname=Disk service=checkout severity=critical").fate,
            Fate::refreshed);
  EXPECT_GT(world.rows_written(), rows);
  EXPECT_EQ(label(world, "severity"), "critical");
  EXPECT_EQ(only_alert(world).status.severity, Severity::sev2);
  EXPECT_EQ(world.incident(1).severity, Severity::sev2);
  EXPECT_EQ(world.state().incidents.size(), 1U);
}

TEST(Keyed, ACriterionThatHoldsOnlyNowRaisesTheIncident) {
  World world;
  world.keyed("disk-1", kWarning);
  world.keyed("disk-1", std::string(kWarning) + " impact=outage");
  EXPECT_EQ(world.incident(1).severity, Severity::sev1);
  EXPECT_EQ(world.incident(1).severity_criterion, "tier-0-outage");
}

TEST(Keyed, C42LabelsThatVanishAreKeptWhileItFires) {
  World world;
  world.keyed("group", "alertname=Disk service=checkout severity=warning instance=a");
  const std::size_t rows = world.rows_written();
  world.keyed("group", "alertname=Disk severity=warning");
  EXPECT_EQ(label(world, "instance"), "a");
  EXPECT_EQ(label(world, "service"), "checkout");
  EXPECT_EQ(world.rows_written(), rows) << "nothing has changed";
}

TEST(Keyed, C42ASeverityThatFallsIsIgnoredWhileItFires) {
  World world;
  world.keyed("group", "alertname=Disk service=checkout severity=critical");
  const std::size_t rows = world.rows_written();
  world.keyed("group", "alertname=Disk service=checkout severity=info");
  EXPECT_EQ(label(world, "severity"), "critical");
  EXPECT_EQ(only_alert(world).status.severity, Severity::sev2);
  EXPECT_EQ(world.rows_written(), rows);
  world.keyed("group", "alertname=Disk service=checkout severity=info env=prod");
  EXPECT_EQ(label(world, "env"), "prod") << "what else changed is taken";
  EXPECT_EQ(label(world, "severity"), "critical");
  EXPECT_EQ(only_alert(world).status.severity, Severity::sev2);
}

TEST(Keyed, AnAlertThatOpenedNothingOpensWhenItsSeverityRises) {
  World world;
  world.keyed("disk-1", "alertname=Disk service=checkout severity=none");
  EXPECT_TRUE(world.state().incidents.empty());
  world.keyed("disk-1", kWarning);
  ASSERT_EQ(world.state().incidents.size(), 1U);
  EXPECT_EQ(world.incident(1).firing, 1U);
  world.keyed("disk-1", "", true);
  EXPECT_EQ(world.incident(1).state, IncidentState::recovering);
}

TEST(Keyed, ANewOccurrenceHasTheLabelsItComesWith) {
  World world;
  world.keyed("disk-1", "alertname=Disk service=checkout severity=critical instance=a");
  EXPECT_EQ(world.keyed("disk-1", "", true).fate, Fate::resolved);
  EXPECT_EQ(label(world, "instance"), "a") << "an end says nothing about labels";
  world.advance(hours(1));
  EXPECT_EQ(world.keyed("disk-1", "alertname=Disk service=search severity=info").fate, Fate::fired);
  EXPECT_EQ(label(world, "severity"), "info");
  EXPECT_EQ(label(world, "instance"), "");
  EXPECT_EQ(only_alert(world).status.severity, Severity::sev4);
  EXPECT_EQ(world.incident(2).service, "search");
}

TEST(Keyed, LabelsThatChangeForEverAreNotGatheredForEver) {
  World world;
  for (int i = 0; i < 1'000; ++i) {
    world.keyed("disk-1", std::string(kWarning) + " run" + std::to_string(i) + "=x");
  }
  EXPECT_LE(world.state().labels_of(only_alert(world)).view().count(), 256U);
  EXPECT_EQ(label(world, "run999"), "x");
}

TEST(Keyed, ASenderWhoseClockIsBehindFiresAgainAfterAnEndWithoutATime) {
  World world;
  const auto fires = [&](Duration ago) {
    return world.report({.labels = std::string(kWarning),
                         .starts_ago = ago,
                         .source = "forever",
                         .sender_key = "disk-1"});
  };
  fires(hours(1));
  world.keyed("disk-1", "", true);
  world.advance(minutes(10));
  EXPECT_EQ(fires(hours(1) + minutes(10)).fate, Fate::late) << "the same start comes late";
  EXPECT_EQ(fires(minutes(30)).fate, Fate::fired) << "a later start by that clock is a new one";
}

TEST(Keyed, ASenderAcknowledgesTheIncidentOfItsAlert) {
  World world;
  world.keyed("disk-1", kWarning);
  EXPECT_EQ(world.acknowledge_by_key("disk-1").fate, Fate::done);
  EXPECT_EQ(world.incident(1).state, IncidentState::acknowledged);
  EXPECT_EQ(world.incident(1).acknowledged_by, "source:forever");
  EXPECT_EQ(world.acknowledge_by_key("disk-1").fate, Fate::already_so);
}

TEST(Keyed, AnAcknowledgementOfWhatIsUnknownOrOverChangesNothing) {
  World world;
  EXPECT_EQ(world.acknowledge_by_key("disk-1").fate, Fate::unknown_acknowledge);
  EXPECT_EQ(world.state().alert_count(), 0U);
  world.keyed("disk-1", kWarning);
  world.keyed("disk-1", "", true);
  EXPECT_EQ(world.acknowledge_by_key("disk-1").fate, Fate::already_so);
  EXPECT_EQ(world.incident(1).state, IncidentState::recovering);
  EXPECT_EQ(world.incident(1).acknowledged_by, "");
}

TEST(Keyed, AKeyIsItsSourcesOwn) {
  World world;
  world.keyed("disk-1", kWarning);
  world.report({.labels = std::string(kWarning), .source = "relay", .sender_key = "disk-1"});
  EXPECT_EQ(world.state().alert_count(), 2U);
}

}  // namespace
}  // namespace tocsin::pipeline
