#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "ingest/world.h"

namespace tocsin::ingest {
namespace {

std::string alert_of(const std::vector<std::pair<std::string, std::string>>& labels) {
  std::string out = "{\"labels\":{";
  for (std::size_t i = 0; i < labels.size(); ++i) {
    out += i == 0 ? "\"" : ",\"";
    out += labels[i].first + "\":\"" + labels[i].second + "\"";
  }
  return out + "}}";
}

TEST(Identity, OrderOfLabelsDoesNotMatter) {
  std::mt19937 random(7);
  std::vector<std::pair<std::string, std::string>> labels;
  for (int i = 0; i < 12; ++i) {
    labels.emplace_back("label_" + std::to_string(i), "value " + std::to_string(i));
  }
  World world;
  Memo memo;
  const Key key = world.key_of(alert_of(labels));
  for (int round = 0; round < 200; ++round) {
    std::shuffle(labels.begin(), labels.end(), random);
    EXPECT_EQ(world.key_of(alert_of(labels)), key);
    EXPECT_EQ(world.key_of(alert_of(labels), &memo), key);
  }
}

struct SameCase {
  const char* name;
  const char* one;
  const char* other;
  bool same;
};

TEST(Identity, DependsOnLabelsWithValuesAlone) {
  const SameCase cases[] = {
      {"empty value is absent", R"({"labels":{"a":"x","b":""}})", R"({"labels":{"a":"x"}})", true},
      {"null is absent", R"({"labels":{"a":"x","b":null}})", R"({"labels":{"a":"x"}})", true},
      {"last of equal names", R"({"labels":{"a":"1","a":"x"}})", R"({"labels":{"a":"x"}})", true},
      {"spelling of characters", R"({"labels":{"a":"\u00e9"}})", R"({"labels":{"a":"é"}})", true},
      {"annotations", R"({"labels":{"a":"x"},"annotations":{"s":"1"}})", R"({"labels":{"a":"x"}})",
       true},
      {"times", R"({"labels":{"a":"x"},"startsAt":"2026-01-01T00:00:00Z"})",
       R"({"labels":{"a":"x"}})", true},
      {"NFC and NFD differ", R"({"labels":{"a":"\u00e9"}})", R"({"labels":{"a":"e\u0301"}})",
       false},
      {"NUL does not end a value", R"({"labels":{"a":"x\u0000y"}})",
       R"({"labels":{"a":"x\u0000z"}})", false},
      {"borders do not blur", R"({"labels":{"a":"x","b":"y"}})", R"({"labels":{"a":"xb","y":"y"}})",
       false},
      {"null is no border", R"({"labels":{"a":null,"b":"c"}})", R"({"labels":{"a":"b","c":"c"}})",
       false},
  };
  for (const SameCase& c : cases) {
    SCOPED_TRACE(c.name);
    World world;
    Memo memo;
    EXPECT_EQ(world.key_of(c.one) == world.key_of(c.other), c.same);
    world.key_of(c.one, &memo);
    EXPECT_EQ(world.key_of(c.one, &memo) == world.key_of(c.other, &memo), c.same);
    EXPECT_NE(world.key_of(c.one), Key{});
  }
}

TEST(Identity, IgnoredLabelsDoNotCount) {
  World world;
  world.ignore = {"prometheus_replica", "replica"};
  const Key key = world.key_of(R"({"labels":{"a":"x","replica":"1"}})");
  EXPECT_EQ(world.key_of(R"({"labels":{"a":"x","replica":"2"}})"), key);
  EXPECT_EQ(world.key_of(R"({"labels":{"a":"x"}})"), key);
  EXPECT_NE(world.key_of(R"({"labels":{"a":"y","replica":"1"}})"), key);
  const auto decoded = world.decode(R"([{"labels":{"a":"x","replica":"1"}}])");
  EXPECT_EQ(decoded->reports[0].labels.get("replica"), "1");
}

TEST(Identity, AnAlertOfIgnoredLabelsOnlyKeepsThem) {
  World world;
  world.ignore = {"replica"};
  EXPECT_NE(world.key_of(R"({"labels":{"replica":"1"}})"),
            world.key_of(R"({"labels":{"replica":"2"}})"));
}

TEST(Identity, R52IsTakenBeforeLimitsCut) {
  World world;
  world.terms.limits.labels = 4;
  world.terms.limits.label_value = 10;
  const std::string common = R"({"labels":{"alertname":"A","b":"1","c":"2","severity":"critical",)";
  const auto one = world.decode("[" + common + R"("d":"3","long":"0123456789 one"}}])");
  const auto two = world.decode("[" + common + R"("d":"3","long":"0123456789 two"}}])");
  ASSERT_EQ(one->reports.size(), 1u);
  EXPECT_NE(one->reports[0].key, two->reports[0].key);
  EXPECT_TRUE(one->reports[0].truncated);
  EXPECT_EQ(labels_to_json(one->reports[0].labels),
            R"({"alertname":"A","b":"1","c":"2","severity":"critical"})");
  EXPECT_EQ(one->reports[0].labels, two->reports[0].labels);
}

TEST(Identity, C41ValuesAreCutBetweenCharacters) {
  World world;
  world.terms.limits.label_value = 6;
  const auto decoded = world.decode(R"([{"labels":{"a":"xxxxéé","b":"12345é","c":"日本語"}}])");
  ASSERT_EQ(decoded->reports.size(), 1u);
  EXPECT_EQ(decoded->reports[0].labels.get("a"), "xxxxé");
  EXPECT_EQ(decoded->reports[0].labels.get("b"), "12345");
  EXPECT_EQ(decoded->reports[0].labels.get("c"), "日本");
  EXPECT_TRUE(decoded->reports[0].truncated);
}

}  // namespace
}  // namespace tocsin::ingest
