#include "pipeline/lanes.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

namespace tocsin::pipeline {
namespace {

std::unique_ptr<triage::Delivery> delivery(const std::string& source, std::size_t steps) {
  auto made = std::make_unique<triage::Delivery>();
  made->source = source;
  for (std::size_t i = 0; i < steps; ++i) made->steps.emplace_back(triage::Tick{});
  return made;
}

void put(Lanes& lanes, const std::string& source, std::size_t steps) {
  auto one = delivery(source, steps);
  ASSERT_TRUE(lanes.put(one));
}

TEST(Lanes, SourcesTakeTurnsByAlertsWhateverTheirBatches) {
  Lanes lanes(1U << 30);
  for (int i = 0; i < 20; ++i) put(lanes, "large", 1'000);
  for (int i = 0; i < 20'000; ++i) put(lanes, "small", 1);
  for (int i = 0; i < 400; ++i) put(lanes, "usual", 50);
  std::map<std::string, std::size_t> taken;
  for (std::size_t all = 0; all < 30'000;) {
    const auto next = lanes.take();
    all += next->steps.size();
    taken[next->source] += next->steps.size();
  }
  for (const auto& [source, steps] : taken) EXPECT_NEAR(static_cast<double>(steps), 10'000, 1'200);
  EXPECT_EQ(taken.size(), 3U);
}

TEST(Lanes, R24AFloodDelaysAnotherSourceByOneDeliveryAtMost) {
  Lanes lanes(1U << 30);
  for (int i = 0; i < 100; ++i) put(lanes, "flood", 1'000);
  EXPECT_EQ(lanes.take()->source, "flood");
  put(lanes, "quiet", 1);
  EXPECT_EQ(lanes.take()->source, "quiet");
}

TEST(Lanes, R24WhatASourceOwedWhenNobodyWaitedIsForgotten) {
  Lanes lanes(1U << 30);
  put(lanes, "night", 100'000);
  EXPECT_EQ(lanes.take()->source, "night");
  for (int i = 0; i < 100; ++i) put(lanes, "flood", 1'000);
  put(lanes, "night", 1);
  EXPECT_EQ(lanes.take()->source, "flood");
  EXPECT_EQ(lanes.take()->source, "night");
}

TEST(Lanes, R24WhatASourceOwesIsPaidWhileItSendsNothing) {
  Lanes lanes(1U << 30);
  put(lanes, "night", 10'000);
  for (int i = 0; i < 300; ++i) put(lanes, "flood", 128);
  EXPECT_EQ(lanes.take()->source, "flood");
  EXPECT_EQ(lanes.take()->source, "night");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(lanes.take()->source, "flood");
  put(lanes, "night", 1);
  EXPECT_EQ(lanes.take()->source, "night");
}

TEST(Lanes, OneThatSendsAloneWaitsForNobody) {
  Lanes lanes(1U << 30);
  for (int i = 0; i < 3; ++i) put(lanes, "only", 10'000);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(lanes.take()->steps.size(), 10'000U);
  EXPECT_EQ(lanes.take(), nullptr);
}

}  // namespace
}  // namespace tocsin::pipeline
