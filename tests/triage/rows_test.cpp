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
