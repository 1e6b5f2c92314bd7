#include "telemetry/rule_tally.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tocsin/telemetry/telemetry.h"

namespace tocsin::telemetry {
namespace {

constexpr Instant kWall{Duration(1'700'000'000'000)};

std::shared_ptr<const triage::Policy> policy(std::uint64_t hash,
                                             const std::vector<std::string>& names) {
  auto made = std::make_shared<triage::Policy>();
  made->rules.hash = hash;
  for (const std::string& name : names) {
    rules::TriageRule rule;
    rule.name = name;
    made->rules.triage.push_back(std::move(rule));
  }
  made->rules.severity.criteria.push_back({.name = "outage"});
  made->rules.correlation.push_back({.name = "same-service"});
  return made;
}

rules::Verdict verdict(std::uint64_t hash, std::vector<std::uint32_t> held) {
  rules::Effects effects;
  effects.rules = std::move(held);
  rules::Verdict made;
  made.rules_hash = hash;
  made.effects = std::make_shared<const rules::Effects>(std::move(effects));
  return made;
}

triage::Change opened(rules::Verdict verdict, std::uint32_t occurrence = 1) {
  triage::AlertOpened change;
  change.id = {1};
  change.status.occurrence = occurrence;
  change.verdict = std::move(verdict);
  return change;
}

triage::Change fired(rules::Verdict verdict, bool continued = false) {
  triage::AlertFired change;
  change.id = {1};
  change.continued = continued;
  change.verdict = std::move(verdict);
  return change;
}

triage::Change relabelled(rules::Verdict verdict) {
  triage::AlertRelabelled change;
  change.id = {1};
  change.verdict = std::move(verdict);
  return change;
}

std::uint64_t triage_hits(const RuleTally& tally, std::size_t number) {
  return tally.hits()->of(RuleKind::triage, number).count;
}

TEST(RuleTally, ARuleIsHitWhenItHoldsForANewOccurrence) {
  RuleTally tally;
  tally.expect(policy(1, {"a", "b"}));
  tally.count({opened(verdict(1, {1})), fired(verdict(1, {0, 1}))}, kWall);
  EXPECT_EQ(triage_hits(tally, 0), 1u);
  EXPECT_EQ(triage_hits(tally, 1), 2u);
  EXPECT_EQ(tally.hits()->of(RuleKind::triage, 1).last, kWall);
  EXPECT_EQ(tally.hits()->of(RuleKind::severity, 0).last, Instant{});
}

TEST(RuleTally, AnEndALateResolveAndAContinuedOccurrenceHitNothing) {
  RuleTally tally;
  tally.expect(policy(1, {"a"}));
  tally.count({opened(verdict(1, {0}), 0), fired(verdict(1, {0}), true), triage::AlertEnded{}},
              kWall);
  EXPECT_EQ(triage_hits(tally, 0), 0u);
}

TEST(RuleTally, AnOccurrenceThatBeginsWithOtherLabelsIsOneHit) {
  RuleTally tally;
  tally.expect(policy(1, {"a"}));
  tally.count({relabelled(verdict(1, {0})), fired(verdict(1, {0}))}, kWall);
  EXPECT_EQ(triage_hits(tally, 0), 1u);
  triage::AlertEnded ended;
  ended.id = {1};
  tally.count({relabelled(verdict(1, {0})), ended, fired(verdict(1, {0}))}, kWall);
  EXPECT_EQ(triage_hits(tally, 0), 3u);
}

TEST(RuleTally, ACriterionAndACorrelationRuleAreHitWhenTheyDecide) {
  RuleTally tally;
  tally.expect(policy(1, {}));
  rules::Verdict decided;
  decided.rules_hash = 1;
  decided.severity_by = rules::SeverityBy::criterion;
  decided.correlation = 0;
  tally.count({opened(decided)}, kWall);
  EXPECT_EQ(tally.hits()->of(RuleKind::severity, 0).count, 1u);
  EXPECT_EQ(tally.hits()->of(RuleKind::correlation, 0).count, 1u);
}

TEST(RuleTally, HitsGoOnOverAReloadByName) {
  RuleTally tally;
  tally.expect(policy(1, {"a", "gone", "b"}));
  tally.count({opened(verdict(1, {0, 1, 2}))}, kWall);
  tally.expect(policy(2, {"new", "b", "a"}));
  EXPECT_EQ(triage_hits(tally, 0), 0u);
  EXPECT_EQ(triage_hits(tally, 1), 1u);
  EXPECT_EQ(triage_hits(tally, 2), 1u);
  tally.count({opened(verdict(1, {0, 1})), opened(verdict(2, {0}))}, kWall);
  EXPECT_EQ(triage_hits(tally, 0), 1u);
  EXPECT_EQ(triage_hits(tally, 2), 2u);  // What the set before decided is told of later.
}

TEST(RuleTally, ANumberThatIsNotOfTheseRulesHitsNothing) {
  RuleTally tally;
  tally.expect(policy(1, {"a"}));
  tally.count({opened(verdict(1, {7})), opened(verdict(9, {0}))}, kWall);
  EXPECT_EQ(triage_hits(tally, 0), 0u);
}

/// The value of one series of the hits, -1 if there is none.
double series(const RuleTally& tally, const std::string& rule) {
  std::vector<prometheus::MetricFamily> families;
  tally.append_families(families);
  for (const prometheus::MetricFamily& family : families) {
    if (family.name != "tocsin_rule_hits_total") continue;
    for (const prometheus::ClientMetric& one : family.metric) {
      if (one.label[1].value == rule) return one.counter.value;
    }
  }
  return -1;
}

TEST(RuleTally, RulesBeyondTheLimitShareASeriesThatNeverFalls) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < RuleTally::kSeriesMax + 2; ++i) names.push_back(std::to_string(i));
  RuleTally tally;
  tally.expect(policy(1, names));
  const auto last = static_cast<std::uint32_t>(RuleTally::kSeriesMax + 1);
  tally.count({opened(verdict(1, {0, last - 1, last}))}, kWall);
  EXPECT_EQ(series(tally, "0"), 1);
  EXPECT_EQ(series(tally, std::to_string(last)), -1);
  EXPECT_EQ(series(tally, "other"), 2);
  // Two of the first rules and one of the others go: there is room, and what was counted stays.
  names.erase(names.begin(), names.begin() + 2);
  names.pop_back();
  tally.expect(policy(2, names));
  EXPECT_EQ(series(tally, "0"), -1);
  EXPECT_EQ(series(tally, std::to_string(last - 1)), -1);
  EXPECT_EQ(series(tally, "other"), 2);
}

TEST(RuleTally, ASeriesThatIsFreeGoesToANewRule) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < RuleTally::kSeriesMax; ++i) names.push_back(std::to_string(i));
  RuleTally tally;
  tally.expect(policy(1, names));
  names.front() = "new";
  tally.expect(policy(2, names));
  EXPECT_EQ(series(tally, "new"), 0);
  tally.expect(policy(3, {"new", "newest"}));
  tally.count({opened(verdict(3, {0, 1}))}, kWall);
  EXPECT_EQ(series(tally, "new"), 1);
  EXPECT_EQ(series(tally, "newest"), 1);
}

TEST(RuleTally, MetricsCountWhatIsObserved) {
  Metrics metrics;
  EXPECT_EQ(metrics.rule_hits(), nullptr);
  metrics.expect_rules(policy(1, {"a"}));
  const Instant before = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  metrics.observe({opened(verdict(1, {0}))}, {"prometheus"});
  const RuleHit hit = metrics.rule_hits()->of(RuleKind::triage, 0);
  EXPECT_EQ(hit.count, 1u);
  EXPECT_GE(hit.last, before);
  EXPECT_NE(metrics.text().find("tocsin_rule_evaluations_total 1\n"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::telemetry
