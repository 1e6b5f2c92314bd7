#include <gtest/gtest.h>

#include "ingest/world.h"

namespace tocsin::ingest {
namespace {

struct RefusedCase {
  const char* alert;
  RefusalReason reason;
  const char* at;
};

TEST(Refusal, ABadAlertIsRefusedAloneAndItsPlaceIsNamed) {
  using enum RefusalReason;
  const RefusedCase cases[] = {
      {R"({})", no_labels, "/1/labels"},
      {R"({"labels":null})", no_labels, "/1/labels"},
      {R"({"labels":{}})", no_labels, "/1/labels"},
      {R"({"labels":{"a":""}})", no_labels, "/1/labels"},
      {R"({"labels":{"a":null}})", no_labels, "/1/labels"},
      {R"({"labels":{"a":"x","a":""}})", no_labels, "/1/labels"},
      {R"({"labels":{"":"x","a":"y"}})", empty_name, "/1/labels/"},
      {R"({"labels":{"a":1}})", wrong_type, "/1/labels/a"},
      {R"({"labels":{"a":1e400}})", wrong_type, "/1/labels/a"},
      {R"({"labels":{"a":true}})", wrong_type, "/1/labels/a"},
      {R"({"labels":{"a":["x"]}})", wrong_type, "/1/labels/a"},
      {R"({"labels":{"a":{"b":"x"}}})", wrong_type, "/1/labels/a"},
      {R"({"labels":{"a/b~c":7}})", wrong_type, "/1/labels/a~1b~0c"},
      {R"({"labels":["a"]})", wrong_type, "/1/labels"},
      {R"({"labels":"a"})", wrong_type, "/1/labels"},
      {R"({"labels":{"a":"x"},"annotations":{"s":3}})", wrong_type, "/1/annotations/s"},
      {R"({"labels":{"a":"x"},"annotations":"s"})", wrong_type, "/1/annotations"},
      {R"({"labels":{"a":"x"},"startsAt":1700000000})", bad_time, "/1/startsAt"},
      {R"({"labels":{"a":"x"},"startsAt":false})", bad_time, "/1/startsAt"},
      {R"({"labels":{"a":"x"},"startsAt":"yesterday"})", bad_time, "/1/startsAt"},
      {R"({"labels":{"a":"x"},"endsAt":"2026-02-30T00:00:00Z"})", bad_time, "/1/endsAt"},
      {R"({"labels":{"a":"x"},"endsAt":"2026-01-01T00:00:00+0200"})", bad_time, "/1/endsAt"},
      {R"({"labels":{"a":"x"},"endsAt":"2026-01-01"})", bad_time, "/1/endsAt"},
      {R"({"labels":{"a":"x"},"endsAt":"0001-01-01"})", bad_time, "/1/endsAt"},
      {R"("text")", wrong_type, "/1"},
      {R"(null)", wrong_type, "/1"},
      {R"(17)", wrong_type, "/1"},
      {R"([])", wrong_type, "/1"},
  };
  for (const RefusedCase& c : cases) {
    SCOPED_TRACE(c.alert);
    World world;
    const auto decoded = world.decode(R"([{"labels":{"first":"kept"}},)" + std::string(c.alert) +
                                      R"(,{"labels":{"last":"kept"}}])");
    ASSERT_TRUE(decoded.has_value());
    ASSERT_EQ(decoded->reports.size(), 2u);
    EXPECT_EQ(decoded->reports[0].labels.get("first"), "kept");
    EXPECT_EQ(decoded->reports[1].labels.get("last"), "kept");
    ASSERT_EQ(decoded->refused.size(), 1u);
    EXPECT_EQ(decoded->refused[0].index, 1u);
    EXPECT_EQ(to_string(decoded->refused[0].reason), to_string(c.reason));
    EXPECT_EQ(decoded->refused[0].at, c.at);
    EXPECT_FALSE(decoded->refused[0].problem.empty());
  }
}

TEST(Refusal, UnsetTimesAreNotRefused) {
  for (const char* unset :
       {R"(null)", R"("")", R"("0001-01-01T00:00:00Z")", R"("0001-01-01T00:00:00.000Z")",
        R"("0001-01-01T00:00:00.000000000Z")", R"("0001-01-01T00:00:00+00:00")"}) {
    SCOPED_TRACE(unset);
    World world;
    const auto decoded = world.decode(R"([{"labels":{"a":"x"},"startsAt":)" + std::string(unset) +
                                      R"(,"endsAt":)" + unset + "}]");
    ASSERT_TRUE(decoded.has_value());
    ASSERT_EQ(decoded->reports.size(), 1u);
    EXPECT_FALSE(decoded->reports[0].starts_at.has_value());
    EXPECT_FALSE(decoded->reports[0].ends_at.has_value());
    EXPECT_EQ(decoded->reports[0].phase, Phase::firing);
  }
}

struct BodyCase {
  std::string body;
  const char* reason;
  const char* at;
  std::size_t offset;
};

TEST(Refusal, AnUnreadableBodySaysWhereAndWhy) {
  using namespace std::string_literals;
  const std::string good = R"({"labels":{"a":"x"}})";
  const BodyCase cases[] = {
      {"", "empty", "", 0},
      {" \r\n\t ", "empty", "", 5},
      {"null", "not_an_array", "", 0},
      {"{}", "not_an_array", "", 0},
      {R"("[]")", "not_an_array", "", 0},
      {"12", "not_an_array", "", 0},
      {"[" + good, "malformed", "/0", 21},
      {"[" + good + "," + good + ",{\"labels\":}]", "malformed", "/2", 53},
      {"[" + good + ",]", "malformed", "/1", 22},
      {"[{\"labels\":{\"a\":\"x\ny\"}}]", "malformed", "/0", 18},
      {"[{'labels':{}}]", "malformed", "/0", 2},
      {"[NaN]", "malformed", "/0", 1},
      {"[{\"labels\":{\"a\":\"\\x\"}}]", "malformed", "/0", 17},
      {"[{\"labels\":{\"a\":\"\\u12\"}}]", "malformed", "/0", 17},
      {"[{\"labels\":{\"a\":01}}]", "malformed", "/0", 18},
      {"alertname=x", "malformed", "", 0},
      {"\x1F\x8B\x08 gzip", "malformed", "", 0},
      {"\xFF\xFE[\0]\0"s, "encoding", "", 0},
      {"[\0]\0"s, "encoding", "", 0},
      {std::string(31'000, '['), "too_deep", "/0", 64},
  };
  for (const BodyCase& c : cases) {
    SCOPED_TRACE(c.body.substr(0, 60));
    World world;
    const auto decoded = world.decode(c.body);
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error().reason, c.reason) << decoded.error().problem;
    EXPECT_EQ(decoded.error().at, c.at);
    EXPECT_EQ(decoded.error().offset, c.offset);
    EXPECT_FALSE(decoded.error().problem.empty());
  }
}

TEST(Refusal, DepthUpToTheLimitIsRead) {
  World world;
  const auto nested = [](std::size_t depth) {
    // The alert is level 2; what it holds unread goes down to `depth`.
    std::string body = R"([{"labels":{"a":"x"},"more":)";
    body += std::string(depth - 2, '[') + "1" + std::string(depth - 2, ']');
    return body + "}]";
  };
  EXPECT_TRUE(world.decode(nested(64)).has_value());
  const auto deeper = world.decode(nested(65));
  ASSERT_FALSE(deeper.has_value());
  EXPECT_EQ(deeper.error().reason, "too_deep");
}

TEST(Refusal, MoreAlertsThanARequestMayHoldAreCountedAndDescribedOnlyUpToALimit) {
  World world;
  world.terms.limits.alerts = 3;
  std::string body = "[";
  for (int i = 0; i < 500; ++i) {
    body += i == 0 ? "" : ",";
    body += R"({"labels":{"n":")" + std::to_string(i) + "\"}}";
  }
  const auto decoded = world.decode(body + "]");
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->reports.size(), 3u);
  EXPECT_EQ(decoded->refused.size(), kRefusedDescribedMax);
  EXPECT_EQ(decoded->refused_by[static_cast<std::size_t>(RefusalReason::too_many)], 497u);
}

}  // namespace
}  // namespace tocsin::ingest
