#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "http/world.h"

namespace tocsin::http {
namespace {

namespace json = boost::json;

rules::Predicate when(const char* matcher) {
  return {*rules::parse_matcher(matcher, rules::Grammar::extended)};
}

class Rules : public testing::Test {
 protected:
  Rules() {
    world.policy.rules.hash = 0xAB;
    for (const char* name : {"disk-filling", "disk-full", "canary"}) {
      rules::TriageRule rule;
      rule.name = name;
      rule.when = when(R"(alertname="Disk")");
      rule.at = {name == std::string("canary") ? "rules/team/a.yaml" : "rules/a.yaml", 7, 3};
      world.policy.rules.triage.push_back(std::move(rule));
    }
    world.policy.rules.severity.criteria.push_back(
        {"outage", Severity::sev1, when(R"(tier="0")"), {"rules/severity.yaml", 9, 5}});
    world.policy.rules.correlation.push_back({.name = "same-service", .when = when("service")});
    world.metrics.expect_rules(std::make_shared<const triage::Policy>(world.policy));
  }

  /// Names with their hits, and the cursor.
  std::string names(const std::string& query) {
    const Answer answer = world.ask(get("/v1/rules" + query));
    EXPECT_EQ(answer.status, 200) << answer.body;
    const json::value document = json::parse(answer.body);
    std::string out;
    for (const json::value& one : document.at("rules").as_array()) {
      out += std::string(one.at("name").as_string()) + ' ';
    }
    const json::value& next = document.at("next");
    return out + (next.is_null() ? "." : std::string(next.as_string()));
  }

  World world;
};

TEST_F(Rules, EachIsShownWithItsPlaceItsConditionAndItsHits) {
  triage::AlertOpened opened;
  opened.verdict.rules_hash = 0xAB;
  rules::Effects effects;
  effects.rules = {1};
  opened.verdict.effects = std::make_shared<const rules::Effects>(effects);
  world.metrics.observe({opened}, {"prometheus"});
  world.start();
  const json::value document = json::parse(world.ask(get("/v1/rules")).body);
  EXPECT_EQ(document.at("rules_hash").as_string(), "00000000000000ab");
  const json::value& hit = document.at("rules").as_array().at(1);
  EXPECT_EQ(hit.at("name").as_string(), "disk-full");
  EXPECT_EQ(hit.at("kind").as_string(), "triage");
  EXPECT_EQ(hit.at("at").as_string(), "rules/a.yaml:7");
  EXPECT_EQ(hit.at("file").as_string(), "rules/a.yaml");
  EXPECT_EQ(hit.at("line").as_int64(), 7);
  EXPECT_EQ(hit.at("when").as_string(), R"(alertname="Disk")");
  EXPECT_EQ(hit.at("hits").as_int64(), 1);
  EXPECT_TRUE(parse_rfc3339(std::string(hit.at("last_hit").as_string())).has_value());
  const json::value& quiet = document.at("rules").as_array().at(0);
  EXPECT_EQ(quiet.at("hits").as_int64(), 0);
  EXPECT_TRUE(quiet.at("last_hit").is_null());
}

TEST_F(Rules, TheListIsFilteredAndGoesByPages) {
  world.start();
  const std::pair<const char*, const char*> cases[] = {
      {"", "disk-filling disk-full canary outage same-service ."},
      {"?limit=2", "disk-filling disk-full 2"},
      {"?limit=2&cursor=2", "canary outage 4"},
      {"?limit=2&cursor=4", "same-service ."},
      {"?limit=5", "disk-filling disk-full canary outage same-service ."},
      {"?cursor=99", "."},
      {"?kind=severity", "outage ."},
      {"?kind=correlation", "same-service ."},
      {"?file=rules/team/a.yaml", "canary ."},
      {"?q=disk", "disk-filling disk-full ."},
      {"?q=disk&limit=1", "disk-filling 1"},
      {"?q=disk&limit=1&cursor=1", "disk-full ."},
      {"?q=nothing", "."},
  };
  for (const auto& [query, expected] : cases) EXPECT_EQ(names(query), expected) << query;
}

TEST_F(Rules, WordsThatMeanNothingAreRefused) {
  world.start();
  for (const char* query : {"?kind=silence", "?limit=0", "?cursor=x", "?name=disk"}) {
    EXPECT_EQ(world.ask(get("/v1/rules" + std::string(query))).status, 400) << query;
  }
}

}  // namespace
}  // namespace tocsin::http
