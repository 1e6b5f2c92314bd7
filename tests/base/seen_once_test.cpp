#include "tocsin/base/seen_once.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

std::uint64_t hash_of(std::uint64_t number) { return number * 0x9e3779b97f4a7c15; }

TEST(SeenOnce, KnowsWhatItWasGivenBefore) {
  SeenOnce once(1024);
  for (std::uint64_t i = 1; i <= 1'000; ++i) EXPECT_FALSE(once.seen(hash_of(i)));
  for (std::uint64_t i = 1; i <= 1'000; ++i) EXPECT_TRUE(once.seen(hash_of(i)));
}

TEST(SeenOnce, KeepsThoseThatTakeTurnsInOnePlace) {
  SeenOnce once(1);
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t i = 1; i <= 4; ++i) EXPECT_EQ(once.seen(i << 33U), round > 0);
  }
}

TEST(SeenOnce, ForgetsTheOldestOfAPlace) {
  SeenOnce once(1);
  for (std::uint64_t i = 1; i <= 5; ++i) EXPECT_FALSE(once.seen(i << 33U));
  EXPECT_TRUE(once.seen(std::uint64_t{2} << 33U));
  EXPECT_FALSE(once.seen(std::uint64_t{1} << 33U));
}

}  // namespace
}  // namespace tocsin
