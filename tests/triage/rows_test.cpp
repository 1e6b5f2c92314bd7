#include "tocsin/triage/rows.h"

#include <gtest/gtest.h>

#include "tocsin/triage/triage.h"

namespace tocsin::triage {
namespace {

/// Changes that are decided into one batch.
class OneBatch : public ::testing::Test {
 protected:
  void happens(const Change& change) {
    evolve(state_, change);
    rows_.take(change, "source:prometheus", Instant{});
  }
  static AlertOpened opened(std::uint64_t id) {
    AlertOpened change;
    change.id = AlertId{id};
    change.key = {id, id};
    return change;
  }
  /// By a new alert.
  void opens(std::uint64_t incident, std::uint64_t alert) {
    happens(opened(alert));
    Incident begun;
    begun.id = IncidentId{incident};
    begun.firing = 1;
    happens(IncidentOpened{.incident = std::make_shared<const Incident>(begun),
                           .alert = AlertId{alert},
                           .by_new_alert = true});
  }
  void joins(std::uint64_t incident, std::uint64_t alert, bool new_alert) {
    if (new_alert) happens(opened(alert));
    AlertJoined change;
    change.incident = IncidentId{incident};
    change.alert = AlertId{alert};
    change.new_alert = new_alert;
    happens(change);
  }
  Rows finish() { return rows_.finish(state_, Instant{}); }

  State state_;
  RowCollector rows_;
};

TEST_F(OneBatch, ANewAlertThatEndedIsWrittenAsItBeganAndAsItIs) {
  happens(opened(5));
  happens(AlertEnded{.id = AlertId{5}, .by = EndedBy::resolve, .at = {}, .sender_end = {}});
  const Rows rows = finish();
  ASSERT_EQ(rows.new_alerts.size(), 1U);
  EXPECT_EQ(rows.new_alerts[0].opened.status.state, AlertState::firing);
  EXPECT_EQ(rows.new_alerts[0].status.state, AlertState::resolved);
  EXPECT_TRUE(rows.alerts.empty()) << "its own row says it";
}

TEST_F(OneBatch, AnAlertMayBeOpenedAndForgottenWithoutEverBeingWrittenBetween) {
  happens(opened(5));
  happens(AlertEnded{.id = AlertId{5}, .by = EndedBy::resolve, .at = {}, .sender_end = {}});
  AlertStatus last = state_.find(AlertId{5})->status;
  happens(AlertForgotten{AlertId{5}, last});
  const Rows rows = finish();
  ASSERT_EQ(rows.new_alerts.size(), 1U);
  ASSERT_EQ(rows.alerts.size(), 1U);
  EXPECT_TRUE(rows.alerts[0].forgotten);
  EXPECT_EQ(rows.alerts[0].status.state, AlertState::resolved);
}

TEST_F(OneBatch, TextsOutliveTheDeliveryTheyCameWith) {
  {
    const Labels labels{{"alertname", "DiskFull"}};
    const std::string link = "http://prometheus.example.net/graph";
    AlertOpened change = opened(1);
    change.labels = labels;
    change.generator_url = link;
    happens(change);
  }
  const Rows rows = finish();
  EXPECT_EQ(rows.new_alerts[0].opened.labels.get("alertname"), "DiskFull");
  EXPECT_EQ(rows.new_alerts[0].opened.generator_url, "http://prometheus.example.net/graph");
}

TEST_F(OneBatch, AnIncidentIsCountedOnceHoweverManyNewAlertsJoin) {
  opens(7, 1);
  opens(8, 2);
  finish();
  joins(8, 3, true);
  joins(7, 4, true);
  joins(8, 5, true);
  const Rows rows = finish();
  ASSERT_EQ(rows.incident_counts.size(), 2U);
  EXPECT_EQ(rows.incident_counts[0].id, IncidentId{7});
  EXPECT_EQ(rows.incident_counts[1].id, IncidentId{8});
  EXPECT_EQ(rows.incident_counts[1].firing, 3U) << "with the one that opened it";
  for (const auto& counts : rows.incident_counts) EXPECT_TRUE(counts.only_new_alerts);
  EXPECT_TRUE(rows.timeline.empty()) << "their own rows say what they joined";
  EXPECT_TRUE(finish().empty());
}

TEST_F(OneBatch, AKnownAlertThatJoinsIsToldOnTheTimeline) {
  opens(7, 1);
  happens(opened(2));
  finish();
  joins(7, 3, true);
  joins(7, 2, false);
  const Rows rows = finish();
  ASSERT_EQ(rows.incident_counts.size(), 1U);
  EXPECT_FALSE(rows.incident_counts[0].only_new_alerts);
  ASSERT_EQ(rows.timeline.size(), 1U);
  EXPECT_EQ(rows.timeline[0].detail, "+1 alert");
  EXPECT_EQ(rows.timeline[0].alerts, std::vector{AlertId{2}});
}

TEST_F(OneBatch, AnIncidentWithARowOfItsOwnIsNotCountedBesides) {
  opens(7, 1);
  joins(7, 2, true);
  const Rows rows = finish();
  ASSERT_EQ(rows.incidents.size(), 1U);
  EXPECT_EQ(rows.incidents[0].firing, 2U);
  EXPECT_TRUE(rows.incident_counts.empty());
}

TEST_F(OneBatch, WhatIsFinishedDoesNotComeAgain) {
  happens(opened(1));
  EXPECT_EQ(finish().new_alerts.size(), 1U);
  EXPECT_TRUE(finish().empty());
  happens(opened(2));
  const Rows rows = finish();
  ASSERT_EQ(rows.new_alerts.size(), 1U);
  EXPECT_EQ(rows.new_alerts[0].opened.id, AlertId{2});
}

}  // namespace
}  // namespace tocsin::triage
