#include "tocsin/base/time.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

namespace tocsin {
namespace {

Instant at(std::int64_t milliseconds) { return Instant(Duration(milliseconds)); }

TEST(Rfc3339, IsReadToTheMillisecond) {
  struct Case {
    const char* text;
    std::int64_t milliseconds;
  };
  const Case cases[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"1970-01-01T00:00:00.001Z", 1},
      {"1969-12-31T23:59:59.999Z", -1},
      {"2026-11-23T04:16:09.632Z", 1795407369632},
      {"2026-11-23T04:16:09.6Z", 1795407369600},
      {"2026-11-23T04:16:09.63Z", 1795407369630},
      {"2026-11-23T04:16:09.6329999Z", 1795407369632},
      {"2026-11-23T04:16:09.63299999999999999999999999999Z", 1795407369632},
      {"2026-11-23T05:16:09.632+01:00", 1795407369632},
      {"2026-11-22T23:46:09.632-04:30", 1795407369632},
      {"2026-11-23T04:16:09.632-00:00", 1795407369632},
      {"2026-11-23T04:16:09.632+00:00", 1795407369632},
      {"2026-11-23T04:16:09", 1795407369000},
      {"2026-11-23 04:16:09", 1795407369000},
      {"2026-11-23 04:16:09.5", 1795407369500},
      {"2026-11-23 04:16:09Z", 1795407369000},
      {"2024-02-29T00:00:00Z", 1709164800000},
      {"2000-02-29T23:59:59Z", 951868799000},
      {"0001-01-01T00:00:00Z", -62135596800000},
      {"0001-01-01T00:00:00.000Z", -62135596800000},
      {"9999-12-31T23:59:59.999Z", 253402300799999},
      {"0000-01-01T00:00:00+23:59", -62167219200000 - 86340000},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const auto read = parse_rfc3339(c.text);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->time_since_epoch().count(), c.milliseconds);
  }
}

TEST(Rfc3339, IsRefusedWhenItIsNoInstant) {
  const char* cases[] = {"",
                         "now",
                         "1795407369",
                         "2026-11-23",
                         "2026-11-23T",
                         "2026-11-23T04:16Z",
                         "2026-11-23t04:16:09Z",
                         "2026-11-23T04:16:09z",
                         "2026-11-23T04:16:09+0200",
                         "2026-11-23T04:16:09+02",
                         "2026-11-23T04:16:09 +02:00",
                         "2026-11-23T04:16:09+24:00",
                         "2026-11-23T04:16:09+02:60",
                         "2026-11-23T04:16:09ZZ",
                         "2026-11-23T04:16:09Z ",
                         " 2026-11-23T04:16:09Z",
                         "2026-11-23T04:16:09.Z",
                         "2026-11-23T04:16:09,5Z",
                         "2026-11-23T04:16:60Z",
                         "2026-11-23T04:60:09Z",
                         "2026-11-23T24:00:00Z",
                         "2026-02-29T00:00:00Z",
                         "1900-02-29T00:00:00Z",
                         "2026-02-30T00:00:00Z",
                         "2026-04-31T00:00:00Z",
                         "2026-13-01T00:00:00Z",
                         "2026-00-01T00:00:00Z",
                         "2026-01-00T00:00:00Z",
                         "2026-1-01T00:00:00Z",
                         "12026-01-01T00:00:00Z",
                         "-2026-01-01T00:00:00Z",
                         "2026-11-23T04:16:09PDT"};
  for (const char* text : cases) EXPECT_FALSE(parse_rfc3339(text).has_value()) << text;
  EXPECT_FALSE(parse_rfc3339(std::string("2026-11-23T04:16:09\0Z", 21)).has_value());
}

TEST(Rfc3339, IsWrittenInUtcWithMilliseconds) {
  EXPECT_EQ(format_rfc3339(at(1795407369632)), "2026-11-23T04:16:09.632Z");
  EXPECT_EQ(format_rfc3339(at(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(at(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_rfc3339(at(-62135596800000)), "0001-01-01T00:00:00.000Z");
}

TEST(Rfc3339, ShowsInstantsBeyondFourDigitYearsAsTheNearestOneInside) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(format_rfc3339(at(kMost)), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(format_rfc3339(at(kLeast)), "0000-01-01T00:00:00.000Z");
}

TEST(Rfc3339, ComesBackAsItWasWritten) {
  std::mt19937_64 random(20261123);
  std::uniform_int_distribution<std::int64_t> any(-62167219200000, 253402300799999);
  for (int i = 0; i < 20'000; ++i) {
    const Instant instant = at(any(random));
    ASSERT_EQ(parse_rfc3339(format_rfc3339(instant)), instant) << format_rfc3339(instant);
  }
}

TEST(Rfc3339, NeverReadsBeyondHostileText) {
  std::mt19937_64 random(7);
  const std::string good = "2026-11-23T04:16:09.632+01:00";
  constexpr std::string_view kBytes = "0123456789-:.TZ +\0\xff";
  for (int i = 0; i < 50'000; ++i) {
    std::string text = good.substr(0, random() % (good.size() + 1));
    if (!text.empty()) text[random() % text.size()] = kBytes[random() % kBytes.size()];
    const auto read = parse_rfc3339(text);
    if (read) {
      EXPECT_EQ(parse_rfc3339(format_rfc3339(*read)), read) << text;
    }
  }
}

TEST(Duration, IsReadAsPrometheusDoes) {
  struct Case {
    const char* text;
    std::int64_t milliseconds;
  };
  const Case cases[] = {
      {"0", 0},
      {"0s", 0},
      {"250ms", 250},
      {"90s", 90'000},
      {"5m", 300'000},
      {"1h30m", 5'400'000},
      {"2d", 172'800'000},
      {"1w", 604'800'000},
      {"1y", 31'536'000'000},
      {"1y2w3d4h5m6s7ms", 31'536'000'000 + 1'209'600'000 + 259'200'000 + 14'706'007},
      {"1m1ms", 60'001},
      {"007s", 7'000},
      {"100y", 3'153'600'000'000},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const auto read = parse_duration(c.text);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->count(), c.milliseconds);
  }
}

TEST(Duration, IsRefusedWithoutUnitInDisorderOrBeyondACentury) {
  const char* cases[] = {"",
                         "5",
                         "00",
                         "-5m",
                         "+5m",
                         "5 m",
                         " 5m",
                         "5m ",
                         "m",
                         "5M",
                         "5min",
                         "1.5h",
                         "30m1h",
                         "5m5m",
                         "1ms1s",
                         "1h30",
                         "1hm",
                         "101y",
                         "100y1ms",
                         "99999999999999999999s",
                         "18446744073709551615ms"};
  for (const char* text : cases) EXPECT_FALSE(parse_duration(text).has_value()) << text;
}

TEST(Duration, IsWrittenShort) {
  struct Case {
    std::int64_t milliseconds;
    const char* text;
  };
  const Case cases[] = {
      {0, "0s"},
      {1, "1ms"},
      {90'000, "1m30s"},
      {5'400'000, "1h30m"},
      {86'400'000, "1d"},
      {864'000'000, "10d"},
      {1'209'600'000, "2w"},
      {31'536'000'000, "1y"},
      {31'536'000'000 + 86'400'000, "366d"},
      {3'600'007, "1h7ms"},
      {-300'000, "-5m"},
  };
  for (const Case& c : cases) EXPECT_EQ(format_duration(Duration(c.milliseconds)), c.text);
  EXPECT_EQ(format_duration(Duration::min()), "-106751991167d7h12m55s808ms");
}

TEST(Duration, ComesBackAsItWasWritten) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 20'000; ++i) {
    // Shifted, so that short durations are as frequent as long ones.
    const auto milliseconds =
        static_cast<std::int64_t>(random() % 3'153'600'000'000u >> random() % 40);
    const Duration duration(milliseconds);
    ASSERT_EQ(parse_duration(format_duration(duration)), duration) << milliseconds;
  }
}

}  // namespace
}  // namespace tocsin
