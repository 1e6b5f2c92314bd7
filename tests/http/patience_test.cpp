#include "http/patience.h"

#include <gtest/gtest.h>

namespace tocsin::http {
namespace {

using std::chrono::seconds;
constexpr Patience::Clock::time_point kStart{};

TEST(Patience, EndsAfterItsLimitHoweverManySmallPiecesCome) {
  Patience patience;
  patience.begin(kStart, seconds(30));
  for (int second = 0; second < 30; ++second) {
    EXPECT_FALSE(patience.is_over(kStart + seconds(second)));
    patience.moved(kStart + seconds(second), 1);
  }
  EXPECT_TRUE(patience.is_over(kStart + seconds(31)));
}

TEST(Patience, AnHonestUploadOnASlowLineMayTakeItsTime) {
  Patience patience;
  patience.begin(kStart, seconds(30));
  int second = 0;
  for (std::uint64_t sent = 0; sent < (32U << 20); sent += kRateMin) {
    ASSERT_FALSE(patience.is_over(kStart + seconds(second))) << second;
    patience.moved(kStart + seconds(++second), kRateMin);
  }
  EXPECT_EQ(second, 2048);
}

TEST(Patience, WhoWasFastMayNotStallForLonger) {
  Patience patience;
  patience.begin(kStart, seconds(30));
  patience.moved(kStart + seconds(1), 31U << 20);
  EXPECT_FALSE(patience.is_over(kStart + seconds(30)));
  EXPECT_TRUE(patience.is_over(kStart + seconds(31)));
}

TEST(Patience, LessThanTheRateEndsLaterButEnds) {
  Patience patience;
  patience.begin(kStart, seconds(30));
  int second = 0;
  while (!patience.is_over(kStart + seconds(second))) {
    patience.moved(kStart + seconds(++second), kRateMin / 2);
  }
  EXPECT_EQ(second, 60);
}

}  // namespace
}  // namespace tocsin::http
