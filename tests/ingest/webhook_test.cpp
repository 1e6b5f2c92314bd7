// Alertmanager's webhook, version 4.
#include <gtest/gtest.h>

#include "ingest/world.h"

namespace tocsin::ingest {
namespace {

class Webhook : public ::testing::Test {
 protected:
  Webhook() { world_.kind = Kind::alertmanager; }
  std::expected<Decoded, BodyError> decode(std::string_view body) { return world_.decode(body); }
  World world_;
};

TEST_F(Webhook, GivesWhatAlertmanagerSends) {
  const auto decoded = decode(R"({
    "version":"4","groupKey":"{}:{alertname=\"Down\"}","truncatedAlerts":3,"status":"firing",
    "receiver":"tocsin","groupLabels":{"alertname":"Down"},"commonLabels":{},"commonAnnotations":{},
    "externalURL":"http://am.example.net","alerts":[
      {"status":"firing","labels":{"alertname":"Down","instance":"a","empty":""},
       "annotations":{"summary":"a is down"},"startsAt":"2026-11-23T03:33:00.5Z",
       "endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prometheus.example.net/graph",
       "fingerprint":"f404ecabc8dd5cd7"},
      {"status":"resolved","labels":{"alertname":"Down","instance":"b"},"annotations":{},
       "startsAt":"2026-11-23T03:33:00Z","endsAt":"2026-11-23T04:00:00Z","generatorURL":"",
       "fingerprint":"0"}]})");
  ASSERT_TRUE(decoded) << decoded.error().problem;
  ASSERT_EQ(decoded->reports.size(), 2u);
  const Report& down = decoded->reports[0];
  EXPECT_EQ(down.phase, Phase::firing);
  EXPECT_EQ(down.labels.get("instance"), "a");
  EXPECT_EQ(down.labels.count(), 2u) << "an empty label is none";
  EXPECT_EQ(down.annotations.get("summary"), "a is down");
  EXPECT_EQ(down.generator_url, "http://prometheus.example.net/graph");
  EXPECT_EQ(format_rfc3339(*down.starts_at), "2026-11-23T03:33:00.500Z");
  EXPECT_FALSE(down.ends_at) << "the zero time is no end";
  EXPECT_EQ(decoded->reports[1].phase, Phase::resolved);
  EXPECT_EQ(format_rfc3339(*decoded->reports[1].ends_at), "2026-11-23T04:00:00.000Z");
}

TEST_F(Webhook, IsTheSameAlertAsPrometheusSendsItself) {
  const auto relayed = decode(R"({"alerts":[{"labels":{"alertname":"Down","instance":"a"}}]})");
  world_.kind = Kind::alertmanager_api;
  const auto direct = decode(R"([{"labels":{"instance":"a","alertname":"Down"}}])");
  EXPECT_EQ(relayed->reports[0].key, direct->reports[0].key);
}

struct StatusCase {
  const char* name;
  const char* body;
  Phase phase;
};

TEST_F(Webhook, AnAlertsOwnStatusCountsThenTheGroupsThenItsEnd) {
  const StatusCase cases[] = {
      {"own", R"({"status":"firing","alerts":[{"status":"resolved","labels":{"a":"x"}}]})",
       Phase::resolved},
      {"the group's", R"({"status":"resolved","alerts":[{"labels":{"a":"x"}}]})", Phase::resolved},
      {"the group's, said last", R"({"alerts":[{"labels":{"a":"x"}}],"status":"resolved"})",
       Phase::resolved},
      {"another word", R"({"status":"resolved","alerts":[{"status":"bad","labels":{"a":"x"}}]})",
       Phase::resolved},
      {"no word", R"({"status":7,"alerts":[{"labels":{"a":"x"}}]})", Phase::firing},
      {"an end", R"({"alerts":[{"labels":{"a":"x"},"endsAt":"2017-05-09T07:08:37.8Z"}]})",
       Phase::resolved},
      {"firing with an end",
       R"({"alerts":[{"status":"firing","labels":{"a":"x"},"endsAt":"2017-05-09T07:08:37Z"}]})",
       Phase::firing},
  };
  for (const StatusCase& c : cases) {
    SCOPED_TRACE(c.name);
    const auto decoded = decode(c.body);
    ASSERT_TRUE(decoded);
    ASSERT_EQ(decoded->reports.size(), 1u);
    EXPECT_EQ(decoded->reports[0].phase, c.phase);
  }
}

TEST_F(Webhook, OneBadAlertIsRefusedWithItsPlaceAndTheOthersKept) {
  const auto decoded =
      decode(R"({"alerts":[{"labels":{"a":"x"}},{"labels":{"a":5}},{"labels":{}},7]})");
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->reports.size(), 1u);
  ASSERT_EQ(decoded->refused.size(), 3u);
  EXPECT_EQ(decoded->refused[0].at, "/alerts/1/labels/a");
  EXPECT_EQ(decoded->refused[1].at, "/alerts/2/labels");
  EXPECT_EQ(decoded->refused[2].at, "/alerts/3");
}

struct BodyCase {
  const char* body;
  const char* at;
  const char* reason;
};

TEST_F(Webhook, ABodyThatIsNoneIsRefusedWithWhatWouldBeRight) {
  const BodyCase cases[] = {
      {"[]", "", "not_an_object"},
      {"null", "", "not_an_object"},
      {"{}", "/alerts", "not_an_array"},
      {R"({"alerts":{}})", "/alerts", "not_an_array"},
      {R"({"alerts":null})", "/alerts", "not_an_array"},
      {"{\"alerts\":[", "", "malformed"},
  };
  for (const BodyCase& c : cases) {
    SCOPED_TRACE(c.body);
    const auto decoded = decode(c.body);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().at, c.at);
    EXPECT_EQ(decoded.error().reason, c.reason);
  }
  EXPECT_TRUE(decode(R"({"alerts":[]})"));
}

}  // namespace
}  // namespace tocsin::ingest
