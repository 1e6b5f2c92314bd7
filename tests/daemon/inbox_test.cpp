// What other threads leave for the core thread: bounds, wake-ups, and nothing counted as one.
#include "daemon/inbox.h"

#include <gtest/gtest.h>

#include <thread>

namespace tocsin::daemon {
namespace {

std::unique_ptr<triage::Delivery> delivery(triage::Lane lane, const std::string& source) {
  auto made = std::make_unique<triage::Delivery>();
  made->lane = lane;
  made->source = source;
  made->steps.emplace_back(
      triage::AddNote{.incident = IncidentId{1}, .text = std::string(500, 'x')});
  return made;
}

TEST(Inbox, TwoBatchesThatWereDoneBetweenTwoLooksAreBothCounted) {
  Inbox inbox({.lane_bytes = 1000});
  inbox.batch_done();
  inbox.batch_written();
  inbox.batch_done();
  Inbox::Taken taken;
  inbox.take(taken, Duration(0));
  EXPECT_EQ(taken.batches_done, 2);
  EXPECT_TRUE(taken.batch_written);
  inbox.take(taken, Duration(0));
  EXPECT_EQ(taken.batches_done, 0);
  EXPECT_FALSE(taken.batch_written);
}

TEST(Inbox, ALaneIsFullUntilWhatItHeldIsAnswered) {
  Inbox inbox({.lane_bytes = 600});
  std::vector<std::unique_ptr<triage::Delivery>> taken_out;
  auto first = delivery(triage::Lane::intake, "prometheus");
  auto second = delivery(triage::Lane::intake, "prometheus");
  const std::size_t bytes = first->bytes();
  ASSERT_GT(2 * bytes, 600U);
  ASSERT_EQ(inbox.put(first), Inbox::Put::taken);
  EXPECT_EQ(inbox.put(second), Inbox::Put::lane_full);
  ASSERT_NE(second, nullptr) << "the caller keeps what was refused";
  auto elsewhere = delivery(triage::Lane::intake, "grafana");
  EXPECT_EQ(inbox.put(elsewhere), Inbox::Put::taken) << "each source has a lane of its own";
  Inbox::Taken taken;
  inbox.take(taken, Duration(0));
  EXPECT_EQ(inbox.put(second), Inbox::Put::lane_full) << "taken is not answered";
  inbox.answered(taken.deliveries);
  EXPECT_EQ(inbox.bytes(), 0U);
  EXPECT_EQ(inbox.put(second), Inbox::Put::taken);
}

TEST(Inbox, RefreshesFindALaneFullFirstAndWhatMayBeSev1Last) {
  const std::size_t bytes = delivery(triage::Lane::intake, "prometheus")->bytes();
  Inbox inbox({.lane_bytes = 8 * bytes});
  const auto put = [&](triage::Shed shed) {
    auto one = delivery(triage::Lane::intake, "prometheus");
    one->shed = shed;
    return inbox.put(one);
  };
  for (int i = 0; i < 4; ++i) ASSERT_EQ(put(triage::Shed::first), Inbox::Put::taken);
  EXPECT_EQ(put(triage::Shed::first), Inbox::Put::lane_full);
  for (int i = 0; i < 2; ++i) ASSERT_EQ(put(triage::Shed::middle), Inbox::Put::taken);
  EXPECT_EQ(put(triage::Shed::middle), Inbox::Put::lane_full);
  for (int i = 0; i < 2; ++i) ASSERT_EQ(put(triage::Shed::last), Inbox::Put::taken);
  EXPECT_EQ(put(triage::Shed::last), Inbox::Put::lane_full);
}

TEST(Inbox, AllSourcesTogetherAreBoundedButForASmallDeliveryOfEach) {
  const std::size_t bytes = delivery(triage::Lane::intake, "s00")->bytes();
  Inbox inbox({.lane_bytes = 100 * bytes, .intake_bytes = 8 * bytes});
  std::size_t taken = 0;
  for (int i = 10; i < 20; ++i) {
    const std::string source = "s" + std::to_string(i);
    auto one = delivery(triage::Lane::intake, source);
    EXPECT_EQ(inbox.put(one), Inbox::Put::taken) << "whoever sends little finds room";
    auto another = delivery(triage::Lane::intake, source);
    if (inbox.put(another) == Inbox::Put::taken) ++taken;
  }
  EXPECT_EQ(taken, 4U) << "the first four sources found room for two";
  auto person = delivery(triage::Lane::people, "");
  EXPECT_EQ(inbox.put(person), Inbox::Put::taken) << "people do not wait behind machines";
}

TEST(Inbox, WhatWasPutQuietlyIsTakenWhenItWakes) {
  Inbox inbox({});
  Inbox::Taken taken;
  std::thread core([&] {
    while (taken.deliveries.empty()) inbox.take(taken, std::chrono::hours(1));
  });
  auto one = delivery(triage::Lane::intake, "prometheus");
  EXPECT_EQ(inbox.put_quietly(one), Inbox::Put::taken);
  inbox.wake();
  core.join();
  EXPECT_EQ(taken.deliveries.size(), 1U);
}

TEST(Inbox, AnEmptyLaneTakesADeliveryOfAnySize) {
  Inbox inbox({.lane_bytes = 1});
  auto large = delivery(triage::Lane::intake, "prometheus");
  EXPECT_EQ(inbox.put(large), Inbox::Put::taken);
}

TEST(Inbox, OutcomesPassWhereOthersDoNot) {
  Inbox inbox({.lane_bytes = 1});
  for (int i = 0; i < 3; ++i) {
    auto outcome = delivery(triage::Lane::outcomes, "");
    EXPECT_EQ(inbox.put(outcome), Inbox::Put::taken);
  }
  inbox.close();
  auto late = delivery(triage::Lane::outcomes, "");
  EXPECT_EQ(inbox.put(late), Inbox::Put::taken);
  auto person = delivery(triage::Lane::people, "");
  EXPECT_EQ(inbox.put(person), Inbox::Put::closed);
}

TEST(Inbox, WaitsUntilAnotherThreadHasSomething) {
  Inbox inbox({.lane_bytes = 1000});
  std::thread other([&] { inbox.wake(); });
  Inbox::Taken taken;
  inbox.take(taken, std::chrono::seconds(60));
  other.join();
  EXPECT_TRUE(taken.deliveries.empty());
}

}  // namespace
}  // namespace tocsin::daemon
