#include <gtest/gtest.h>

#include "ingest/world.h"

// What senders have been seen to send, each by its number in the list of such things. What single
// bodies become is in tests/golden; here is what holds for every kind of source.
namespace tocsin::ingest {
namespace {

constexpr Kind kKinds[] = {Kind::alertmanager_api, Kind::alertmanager, Kind::pagerduty, Kind::json};

/// A body of this kind with an alert that has this member besides what it needs.
std::string with_member(Kind kind, const std::string& member) {
  switch (kind) {
    case Kind::alertmanager_api:
      return R"([{"labels":{"alertname":"a"},)" + member + "}]";
    case Kind::alertmanager:
      return R"({"version":"4","alerts":[{"status":"firing","labels":{"alertname":"a"},)" + member +
             "}]}";
    case Kind::pagerduty:
      return R"({"routing_key":"k","event_action":"trigger","dedup_key":"d","payload":)"
             R"({"summary":"s","source":"h","severity":"error"},)" +
             member + "}";
    case Kind::json:
      return R"({"builds":[{"job":{"name":"a"},"stage":"s","result":"FAILURE",)" + member + "}]}";
  }
  return {};
}

std::expected<Decoded, BodyError> decode(Kind kind, std::string_view body) {
  static World world;  // Reports are views into its arena.
  world.kind = kind;
  return world.decode(body);
}

TEST(Wild, C11DeepNestingIsRefusedByEveryKindAndNeverOverflowsTheStack) {
  for (const Kind kind : kKinds) {
    for (const char* open : {"[", "{\"a\":"}) {
      std::string deep = "\"unread\":";
      for (int i = 0; i < 200'000; ++i) deep += open;
      const auto decoded = decode(kind, with_member(kind, deep));
      ASSERT_FALSE(decoded.has_value());
      EXPECT_EQ(decoded.error().reason, "too_deep");
    }
  }
}

TEST(Wild, C12OfEqualKeysTheLastCountsAlsoForTheCredential) {
  World world;
  const char* body = R"({"routing_key":"first","routing_key":"last","event_action":"resolve",)"
                     R"("event_action":"trigger","dedup_key":"d","dedup_key":"e",)"
                     R"("payload":{"summary":"s","source":"h","severity":"error"}})";
  EXPECT_EQ(world.decoder.credential(Kind::pagerduty, body, {}), "last");
  const auto decoded = decode(Kind::pagerduty, body);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->event_key, "e");
  ASSERT_EQ(decoded->reports.size(), 1u);
  EXPECT_EQ(decoded->reports[0].phase, Phase::firing);
}

TEST(Wild, C14BytesThatAreNoUtf8AreReplacedAndNeverCutALabel) {
  for (const Kind kind : {Kind::alertmanager_api, Kind::alertmanager}) {
    const std::string body = with_member(kind, R"("labels":{"alertname":"a)"
                                               "\xE9"
                                               R"(b","n":"x\u0000y","s":"\ud800z"})");
    const auto decoded = decode(kind, "\xEF\xBB\xBF" + body);
    ASSERT_TRUE(decoded.has_value());
    ASSERT_EQ(decoded->reports.size(), 1u);
    using namespace std::string_view_literals;
    EXPECT_EQ(decoded->reports[0].labels.get("alertname"),
              "a\xEF\xBF\xBD"
              "b");
    EXPECT_EQ(decoded->reports[0].labels.get("n"), "x\0y"sv);
    EXPECT_EQ(decoded->reports[0].labels.get("s"), "\xEF\xBF\xBDz");
  }
}

TEST(Wild, C15WhatIsNoNumberInJsonIsMalformedAndLargeOnesAreFine) {
  for (const Kind kind : kKinds) {
    for (const char* number : {"NaN", "Infinity", "-Infinity", "nan", "+1", "01", "1.", ".5"}) {
      SCOPED_TRACE(number);
      const auto decoded = decode(kind, with_member(kind, "\"v\":" + std::string(number)));
      ASSERT_FALSE(decoded.has_value());
      EXPECT_EQ(decoded.error().reason, "malformed");
      EXPECT_GT(decoded.error().offset, 0u);
    }
    for (const std::string& number : {std::string("1.797e308"), std::string(309, '9'),
                                      std::string("-0"), std::string("1E400")}) {
      SCOPED_TRACE(number);
      EXPECT_TRUE(decode(kind, with_member(kind, "\"v\":" + number)).has_value());
    }
  }
}

TEST(Wild, C16NumbersBeyondTwoToThe53AreKeptToTheLastDigit) {
  for (const char* number : {"5615590933959184469", "285731000000025120", "9007199254740993"}) {
    const auto decoded =
        decode(Kind::json, with_member(Kind::json, "\"number\":" + std::string(number)));
    ASSERT_TRUE(decoded.has_value());
    ASSERT_EQ(decoded->reports.size(), 1u);
    EXPECT_EQ(decoded->reports[0].labels.get("number"), number);
  }
}

TEST(Wild, C17AWrongTypeIsNeverRepairedIntoAnAlert) {
  for (const char* wrong : {"7", "true", "[]", R"(["a"])", R"("text")"}) {
    SCOPED_TRACE(wrong);
    for (const Kind kind : {Kind::alertmanager_api, Kind::alertmanager}) {
      const auto decoded = decode(kind, with_member(kind, "\"labels\":" + std::string(wrong)));
      ASSERT_TRUE(decoded.has_value());
      EXPECT_TRUE(decoded->reports.empty());
      EXPECT_EQ(decoded->refused.size(), 1u);
    }
    const auto event =
        decode(Kind::pagerduty, with_member(Kind::pagerduty, "\"payload\":" + std::string(wrong)));
    EXPECT_TRUE(!event || event->reports.empty());
  }
}

TEST(Wild, C18JsonInsideATextIsNotDecodedOnceMore) {
  for (const Kind kind : kKinds) {
    const auto decoded = decode(kind, R"("[{\"labels\":{\"alertname\":\"a\"}}]")");
    EXPECT_FALSE(decoded.has_value());
  }
}

TEST(Wild, C19AndC40TextsThatTemplatesBreakAreMalformedAtTheirByte) {
  const char* broken[] = {
      "\"v\":\"a\nb\"",        // A raw newline.
      R"("v":"a\ b")",         // An escape that is none.
      R"("v":"web\\\.hook")",  // A regexp that was quoted once too often.
      R"("v":"""text""")",
      R"("v":"say "hello" twice")",
      R"("v": ,"w":1)",  // A value that is missing.
      R"(,"v":1)",       // One comma too many, in front.
      R"("v":1,)",       // … and behind.
      R"('v':1)",
      R"("v":{{ .Value }})",
      R"("v":"a)",
  };
  for (const Kind kind : kKinds) {
    for (const char* member : broken) {
      SCOPED_TRACE(member);
      const std::string body = with_member(kind, member);
      const auto decoded = decode(kind, body);
      ASSERT_FALSE(decoded.has_value());
      EXPECT_EQ(decoded.error().reason, "malformed");
      EXPECT_GE(decoded.error().offset, 20u);
      EXPECT_LE(decoded.error().offset, body.size());
    }
  }
}

TEST(Wild, C20ABodyOfNothingIsNoAlert) {
  for (const Kind kind : kKinds) {
    for (const char* nothing : {"", " \r\n\t", "null", "{}", "[]", "\"\"", "0", "false"}) {
      SCOPED_TRACE(nothing);
      const auto decoded = decode(kind, nothing);
      EXPECT_TRUE(!decoded || decoded->reports.empty());
    }
  }
}

TEST(Wild, C22AnEmptyValueIsAbsentAndAnyNameButTheEmptyOneIsFine) {
  for (const Kind kind : {Kind::alertmanager_api, Kind::alertmanager}) {
    const auto empty = decode(
        kind,
        with_member(kind,
                    R"("labels":{"alertname":"a","x":"","proc_aname[2]":"1","é🙂 -.":"2"})"));
    const auto absent = decode(
        kind,
        with_member(kind, R"("labels":{"alertname":"a","proc_aname[2]":"1","é🙂 -.":"2"})"));
    ASSERT_TRUE(empty && absent);
    ASSERT_EQ(empty->reports.size(), 1u);
    EXPECT_EQ(empty->reports[0].key, absent->reports[0].key);
    EXPECT_EQ(empty->reports[0].labels.get("é🙂 -."), "2");
    const auto nameless = decode(kind, with_member(kind, R"("labels":{"":"x"})"));
    ASSERT_TRUE(nameless.has_value());
    EXPECT_EQ(nameless->refused.size(), 1u);
  }
}

struct TimeCase {
  const char* text;
  const char* read;  ///< Null: refused. "": unset.
};

TEST(Wild, C28C29AndC30TimesAreReadAsRfc3339OrRefusedAndZeroOnesAreUnset) {
  const TimeCase cases[] = {
      {R"("0001-01-01T00:00:00Z")", ""},
      {R"("0001-01-01T00:00:00.000Z")", ""},
      {R"("0001-01-01T00:00:00.000000000Z")", ""},
      {R"("")", ""},
      {"null", ""},
      {R"("2026-11-23T04:16:09Z")", "2026-11-23T04:16:09.000Z"},
      {R"("2026-11-23T04:16:09.123Z")", "2026-11-23T04:16:09.123Z"},
      {R"("2026-11-23T04:16:09.123456Z")", "2026-11-23T04:16:09.123Z"},
      {R"("2026-11-23T04:16:09.1234567Z")", "2026-11-23T04:16:09.123Z"},
      {R"("2026-11-23T04:16:09.123456789Z")", "2026-11-23T04:16:09.123Z"},
      {R"("2026-11-23T04:16:09.123456789012Z")", "2026-11-23T04:16:09.123Z"},
      {R"("2026-11-23T04:16:09-04:00")", "2026-11-23T08:16:09.000Z"},
      {R"("2026-11-23T04:16:09+03:00")", "2026-11-23T01:16:09.000Z"},
      {R"("3/22/2019 1:36:31 PM")", nullptr},
      {R"("17:45:41 on 2025.08.20")", nullptr},
      {R"("2021-04-28 21:50:00 PDT")", nullptr},
      {R"("yesterday")", nullptr},
      {"1700000000", nullptr},
      {"true", nullptr},
  };
  for (const Kind kind : {Kind::alertmanager_api, Kind::alertmanager}) {
    for (const TimeCase& c : cases) {
      SCOPED_TRACE(c.text);
      const auto decoded = decode(kind, with_member(kind, "\"startsAt\":" + std::string(c.text)));
      ASSERT_TRUE(decoded.has_value());
      ASSERT_EQ(decoded->reports.size(), c.read == nullptr ? 0u : 1u);
      if (c.read == nullptr) continue;
      const auto starts = decoded->reports[0].starts_at;
      EXPECT_EQ(starts ? format_rfc3339(*starts) : "", c.read);
    }
  }
}

TEST(Wild, C31NumbersAreTimesByTheirMagnitude) {
  for (const char* number : {"1700000000", "1700000000.0", "1700000000000", "1700000000000000",
                             "1700000000000000000", R"("1700000000")", R"("1700000000000")"}) {
    SCOPED_TRACE(number);
    const auto decoded =
        decode(Kind::json, with_member(Kind::json, "\"timestamp\":" + std::string(number)));
    ASSERT_TRUE(decoded.has_value());
    ASSERT_EQ(decoded->reports.size(), 1u);
    ASSERT_TRUE(decoded->reports[0].starts_at.has_value());
    EXPECT_EQ(format_rfc3339(*decoded->reports[0].starts_at), "2023-11-14T22:13:20.000Z");
  }
  for (const char* number : {"-1", "1e300", R"("soon")"}) {
    SCOPED_TRACE(number);
    const auto decoded =
        decode(Kind::json, with_member(Kind::json, "\"timestamp\":" + std::string(number)));
    ASSERT_TRUE(decoded.has_value());
    ASSERT_EQ(decoded->reports.size(), 1u);  // A time that cannot be read costs nobody the page.
    EXPECT_FALSE(decoded->reports[0].starts_at.has_value());
  }
}

TEST(Wild, C44OnePermanentlyBadElementDoesNotPoisonTheBatch) {
  const std::string bad = R"({"status":"firing","labels":{"n":7}})";
  const std::string good = R"({"status":"firing","labels":{"alertname":"a"}})";
  const std::string list = "[" + good + "," + bad + "," + good + "]";
  for (const Kind kind : {Kind::alertmanager_api, Kind::alertmanager}) {
    const auto decoded = decode(
        kind, kind == Kind::alertmanager ? R"({"version":"4","alerts":)" + list + "}" : list);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->reports.size(), 2u);
    EXPECT_EQ(decoded->refused.size(), 1u);
  }
}

}  // namespace
}  // namespace tocsin::ingest
