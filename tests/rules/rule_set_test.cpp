#include "tocsin/rules/rule_set.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace tocsin::rules {
namespace {

Predicate when(std::string_view selector) {
  AllOf all;
  auto read = parse_selector(selector, Grammar::extended);
  if (!read) ADD_FAILURE() << selector << ": " << read.error().problem;
  for (Matcher& matcher : *read) all.terms.push_back({std::move(matcher)});
  return {std::move(all)};
}

RuleSet shop() {
  RuleSet rules;
  rules.hash = 7;
  rules.services.push_back(
      {.name = "checkout", .team = "payments", .tier = "0", .escalation = "payments"});
  rules.services.back().escalation_by_severity[0] = "payments-major";
  rules.services.push_back({.name = "search",
                            .team = "discovery",
                            .tier = "2",
                            .labels = Labels{{"severity", "warning"}, {"region", "eu"}}});
  rules.services.push_back({.name = "worker"});
  rules.correlation = {
      {.name = "rack-power", .when = when("alertname=HostDown"), .by = {"rack", "row"}},
      {.name = "same-service", .when = when("service"), .by = {"service", "cluster"}},
      {.name = "same-name", .when = when(""), .by = {"alertname"}}};
  rules.severity.otherwise = Severity::sev3;
  rules.severity.otherwise_at = {"rules/severity.yaml", 2, 3};
  rules.severity.map = {{"critical", Severity::sev2, {"rules/severity.yaml", 4, 9}},
                        {"info", Severity::sev4, {"rules/severity.yaml", 5, 9}},
                        {"none", Severity::none, {"rules/severity.yaml", 6, 9}},
                        {"warning", Severity::sev3, {"rules/severity.yaml", 7, 9}}};
  rules.severity.criteria = {{"lower", Severity::sev4, when(""), {"rules/severity.yaml", 10, 5}},
                             {"first-two",
                              Severity::sev2,
                              when("impact=~\"major|outage\""),
                              {"rules/severity.yaml", 11, 5}},
                             {"second-two",
                              Severity::sev2,
                              when("impact=~\"major|outage\""),
                              {"rules/severity.yaml", 12, 5}},
                             {"tier-0-outage",
                              Severity::sev1,
                              when("tier=0, impact=outage"),
                              {"rules/severity.yaml", 13, 5}}};
  return rules;
}

/// Tests change rule sets as they like.
Verdict judge(RuleSet rules, const Labels& labels) {
  compile(rules);
  return match(rules, labels, LabelsView(), "prometheus");
}

TEST(Severity, ComesFromTheMapAndIsRaisedByCriteria) {
  const RuleSet rules = shop();
  struct Case {
    Labels labels;
    const char* severity;
    SeverityBy by;
    const char* reason;
  };
  const char* kDefault = "default at rules/severity.yaml:2";
  const char* kFirst = "first-two at rules/severity.yaml:11";
  const Case cases[] = {
      {{}, "SEV-3", SeverityBy::otherwise, kDefault},
      {{{"severity", ""}}, "SEV-3", SeverityBy::otherwise, kDefault},
      {{{"severity", "  "}}, "SEV-3", SeverityBy::otherwise, kDefault},
      {{{"severity", "urgent"}}, "SEV-3", SeverityBy::unknown_word, kDefault},
      {{{"severity", "crit"}}, "SEV-3", SeverityBy::unknown_word, kDefault},
      {{{"severity", "criticals"}}, "SEV-3", SeverityBy::unknown_word, kDefault},
      {{{"severity", "critical"}}, "SEV-2", SeverityBy::map, "critical at rules/severity.yaml:4"},
      {{{"severity", " CRITICAL\n"}},
       "SEV-2",
       SeverityBy::map,
       "critical at rules/severity.yaml:4"},
      {{{"severity", "info"}}, "SEV-4", SeverityBy::map, "info at rules/severity.yaml:5"},
      {{{"severity", "Warning"}}, "SEV-3", SeverityBy::map, "warning at rules/severity.yaml:7"},
      // A criterion for SEV-4 that always holds raises `none` and nothing else.
      {{{"severity", "none"}}, "SEV-4", SeverityBy::criterion, "lower at rules/severity.yaml:10"},
      {{{"severity", "info"}, {"impact", "major"}}, "SEV-2", SeverityBy::criterion, kFirst},
      {{{"impact", "major"}}, "SEV-2", SeverityBy::criterion, kFirst},
      {{{"severity", "none"}, {"impact", "major"}}, "SEV-2", SeverityBy::criterion, kFirst},
      // Equal is not raised: the map keeps the word.
      {{{"severity", "critical"}, {"impact", "major"}},
       "SEV-2",
       SeverityBy::map,
       "critical at rules/severity.yaml:4"},
      // The most severe wins, whatever its place in the order.
      {{{"tier", "0"}, {"impact", "outage"}},
       "SEV-1",
       SeverityBy::criterion,
       "tier-0-outage at rules/severity.yaml:13"},
      {{{"service", "checkout"}, {"impact", "outage"}},
       "SEV-1",
       SeverityBy::criterion,
       "tier-0-outage at rules/severity.yaml:13"},
      // The alert's own tier is not replaced by the service's.
      {{{"service", "checkout"}, {"tier", "1"}, {"impact", "outage"}},
       "SEV-2",
       SeverityBy::criterion,
       kFirst},
      // The service's labels fill in the sender's word too.
      {{{"service", "search"}}, "SEV-3", SeverityBy::map, "warning at rules/severity.yaml:7"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(labels_to_json(c.labels));
    const Verdict verdict = judge(rules, c.labels);
    EXPECT_EQ(to_string(verdict.severity), c.severity);
    EXPECT_EQ(verdict.severity_by, c.by);
    const SeverityReason reason = severity_reason(rules, verdict);
    EXPECT_EQ(reason.criterion + " at " + reason.at, c.reason);
    EXPECT_EQ(verdict.rules_hash, 7u);
  }
}

TEST(Severity, NoneStaysNoneWhereNothingRaisesIt) {
  RuleSet rules = shop();
  rules.severity.criteria.erase(rules.severity.criteria.begin());
  const Verdict verdict = judge(rules, {{"severity", "none"}});
  EXPECT_EQ(verdict.severity, Severity::none);
  EXPECT_EQ(verdict.severity_by, SeverityBy::map);
}

TEST(Severity, IsReadFromTheLabelThatThePolicyNames) {
  RuleSet rules = shop();
  rules.severity.from_label = "level";
  EXPECT_EQ(judge(rules, {{"level", "info"}, {"severity", "critical"}}).severity, Severity::sev4);
}

TEST(Correlation, TheFirstRuleThatAppliesTakesTheAlert) {
  const RuleSet rules = shop();
  struct Case {
    Labels labels;
    int rule;
  };
  const Case cases[] = {
      {{{"alertname", "HostDown"}, {"rack", "r1"}, {"service", "search"}}, 0},
      {{{"alertname", "HostDown"}, {"row", "7"}}, 0},           // One label of `by` is enough.
      {{{"alertname", "HostDown"}, {"service", "search"}}, 1},  // None of `by` is there.
      {{{"alertname", "HostDown"}, {"rack", ""}}, 2},           // An empty one is not there.
      {{{"alertname", "Slow"}, {"rack", "r1"}}, 2},             // `when` does not hold.
      {{{"alertname", "Slow"}, {"service", "unknown"}}, 1},
      {{{"alertname", "Slow"}}, 2},
      {{{"env", "prod"}}, -1},
      {{}, -1},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(judge(rules, c.labels).correlation, c.rule) << labels_to_json(c.labels);
  }
}

TEST(Correlation, SeesTheLabelsOfTheService) {
  RuleSet rules = shop();
  rules.correlation = {{.name = "region", .when = when("team=discovery"), .by = {"region"}}};
  const Labels labels{{"service", "search"}};
  const Verdict verdict = judge(rules, labels);
  ASSERT_EQ(verdict.correlation, 0);
  const Subject subject = subject_of(rules, verdict, labels, LabelsView(), "prometheus");
  const Subject other = subject_of(rules, judge(rules, {{"service", "search"}, {"region", "eu"}}),
                                   labels, LabelsView(), "prometheus");
  EXPECT_EQ(correlation_key(rules.correlation[0], subject),
            correlation_key(rules.correlation[0], other));
}

TEST(CorrelationKey, DiffersWheneverRuleOrAValueDiffers) {
  const auto key = [](std::string name, std::vector<std::string> by, const Labels& labels) {
    return correlation_key({.name = std::move(name), .when = {}, .by = std::move(by)},
                           Subject{.labels = labels});
  };
  const std::vector<std::string> ab = {"a", "b"};
  const std::set<Key> keys = {key("r", ab, {{"a", "1"}, {"b", "2"}}),
                                      key("s", ab, {{"a", "1"}, {"b", "2"}}),
                                      key("r", ab, {{"a", "12"}}),
                                      key("r", ab, {{"b", "12"}}),
                                      key("r", ab, {{"a", "1"}}),
                                      key("r", ab, {{"b", "1"}}),
                                      key("r", ab, {{"a", "1,b=2"}}),
                                      key("r", ab,
                                          {{"a",
                                            "1\x01"
                                            "b\x01"
                                            "2"}}),
                                      key("r", {"a"}, {{"a", "1"}}),
                                      key("ra", {}, {}),
                                      key("r", {"a"}, {}),
                                      key("r", {"ab"}, {{"ab", std::string(300, 'x')}}),
                                      key("r", {"ab"}, {{"ab", std::string(301, 'x')}})};
  EXPECT_EQ(keys.size(), 13u);
  EXPECT_EQ(key("r", ab, {{"a", "1"}, {"c", "3"}}), key("r", ab, {{"c", "4"}, {"a", "1"}}));
}

TEST(Match, FindsTheServiceByLabel) {
  const RuleSet rules = shop();
  EXPECT_EQ(judge(rules, {{"service", "checkout"}}).service, 0);
  EXPECT_EQ(judge(rules, {{"service", "search"}}).service, 1);
  EXPECT_EQ(judge(rules, {{"service", "worker"}}).service, 2);
  EXPECT_EQ(judge(rules, {{"service", "zebra"}}).service, -1);
  EXPECT_EQ(judge(rules, {{"service", "Checkout"}}).service, -1);
  EXPECT_EQ(judge(rules, {{"job", "checkout"}}).service, -1);
  EXPECT_EQ(rules.find_service("search"), &rules.services[1]);
  EXPECT_EQ(rules.find_service(""), nullptr);
  EXPECT_EQ(RuleSet().find_service("search"), nullptr);
}

TEST(Match, WorksWithoutAnyRule) {
  const RuleSet empty;
  const Verdict verdict = judge(empty, {{"alertname", "X"}, {"severity", "critical"}});
  EXPECT_EQ(verdict.severity, Severity::sev3);
  EXPECT_EQ(verdict.severity_by, SeverityBy::unknown_word);
  EXPECT_EQ(verdict.service, -1);
  EXPECT_EQ(verdict.correlation, -1);
}

TEST(LabelsAfterRules, AreTheLabelsThatMatchersSee) {
  const RuleSet rules = shop();
  struct Case {
    Labels labels;
    const char* after;
  };
  const Case cases[] = {
      {{{"alertname", "X"}}, R"({"alertname":"X"})"},
      {{{"service", "unknown"}}, R"({"service":"unknown"})"},
      {{{"service", "worker"}}, R"({"service":"worker"})"},
      {{{"service", "checkout"}, {"tier", "3"}},
       R"({"service":"checkout","team":"payments","tier":"3"})"},
      {{{"service", "search"}, {"severity", "info"}},
       R"({"region":"eu","service":"search","severity":"info","team":"discovery","tier":"2"})"},
  };
  for (const Case& c : cases) {
    const Subject subject =
        subject_of(rules, judge(rules, c.labels), c.labels, LabelsView(), "prometheus");
    const Labels after = labels_after_rules(subject);
    EXPECT_EQ(labels_to_json(after), c.after);
    for (const Label label : after.view()) EXPECT_EQ(subject.value_of(label.name), label.value);
  }
}

TEST(Escalation, OfAServiceMayDependOnSeverity) {
  const RuleSet rules = shop();
  EXPECT_EQ(escalation_of(rules.services[0], Severity::sev1), "payments-major");
  EXPECT_EQ(escalation_of(rules.services[0], Severity::sev2), "payments");
  EXPECT_EQ(escalation_of(rules.services[0], Severity::sev4), "payments");
  EXPECT_EQ(escalation_of(rules.services[0], Severity::none), "payments");
  EXPECT_EQ(escalation_of(rules.services[1], Severity::sev1), "");
}

}  // namespace
}  // namespace tocsin::rules
