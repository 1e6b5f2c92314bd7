// What `tocsin test --init-from` makes of the daemon's answer.
#include "cli/test_init.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "tocsin/config/test_cases.h"

namespace tocsin::cli {
namespace {

constexpr const char* kIncident = R"({
  "id": "INC-42", "title": "Job: \"nightly\" failed", "state": "resolved", "severity": "SEV-2",
  "severity_reason": {"criterion": "critical", "at": "rules/severity.yaml:8"},
  "service": null, "team": "data", "runbook": null, "cycle": 1, "key": null,
  "escalation": {"name": "data", "step": 1, "round": 1},
  "detected_at": "2026-11-23T04:00:00.500Z", "alerts_omitted": 3,
  "alerts": [{
    "source": "pager", "identity": {"by": "sender_key", "value": "job/1"}, "state": "resolved",
    "labels": {"alertname": "Job", "severity": "critical"}, "annotations": {"summary": "two\nlines"},
    "received_at": "2026-11-23T04:00:00.500Z", "ends_at": "2026-11-23T04:09:00.000Z"}],
  "timeline": [
    {"at": "2026-11-23T04:15:00.504Z", "actor": "tocsin", "kind": "resolved", "detail": ""},
    {"at": "2026-11-23T04:10:00.500Z", "actor": "tocsin", "kind": "recovering", "detail": "every alert has cleared"},
    {"at": "2026-11-23T04:01:30.600Z", "actor": "ana", "kind": "acknowledged", "detail": ""},
    {"at": "2026-11-23T04:00:00.700Z", "actor": "tocsin", "kind": "paged", "detail": "incident.triggered to channel:log"},
    {"at": "2026-11-23T04:00:00.500Z", "actor": "source:pager", "kind": "opened", "detail": "SEV-2 Job"}]
})";

TEST(InitCase, MakesStepsOfWhatHappenedAndExpectsWhatCameOfIt) {
  const auto made = case_of(boost::json::parse(kIncident), {});
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(
      *made,
      "# Made of INC-42 by `tocsin test --init-from`.\n"
      "# Without 3 more alerts.\n"
      "# {alertname: Job, severity: critical}: the rules of that time are not kept any more, and "
      "what "
      "they decided is not expected.\n"
      "tests:\n"
      "  - name: \"INC-42, Job: \\\"nightly\\\" failed\"\n"
      "    steps:\n"
      "      - {at: 0s, fire: {alertname: Job, severity: critical}, annotations: {summary: "
      "\"two\\nlines\"}, source: pager, key: job/1}\n"
      "      - {at: 1m30s100ms, ack: INC-1, by: ana}\n"
      "      - {at: 10m, clear: {alertname: Job, severity: critical}}\n"
      "    expect:\n"
      "      - {at: 0s, alert: {alertname: Job, severity: critical}, incident: INC-1}\n"
      "      - {at: 1m30s100ms, incident: INC-1, state: acknowledged}\n"
      "      - {at: 15m1s, incident: INC-1, state: resolved}\n"
      "      - {at: 15m1s, incident: INC-1, state: resolved, severity: SEV-2, service: none, "
      "team: data, runbook: none, cycle: 1, escalation: data, by: {correlation: none, severity: "
      "critical}}\n"
      "      - {at: 15m1s, incidents: 1}\n"
      "      - {at: 15m1s, pages: 1}\n");
  const auto read = config::parse_test_cases(*made, "made.yaml");
  EXPECT_TRUE(read.diagnostics.empty());
  ASSERT_EQ(read.cases.size(), 1u);
  EXPECT_EQ(std::get<config::FireAlert>(read.cases[0].steps[0].what).annotations.get("summary"),
            "two\nlines");
}

constexpr const char* kExplanation = R"({
  "alert": {"labels": {"alertname": "Job", "team": "web", "text": "CUT…"}, "annotations": {"summary": "sent"}},
  "rules_of": "now", "note": null,
  "rules": [
    {"name": "slow", "decides": [
      {"what": "hold", "value": "90s", "wins": true},
      {"what": "severity", "value": "SEV-4", "wins": true},
      {"what": "labels.env", "value": "prod", "wins": true},
      {"what": "annotations.summary", "value": "set: here", "wins": true}]},
    {"name": "late", "decides": [{"what": "labels.env", "value": "test", "wins": false}]}],
  "labels": [
    {"name": "alertname", "value": "Job", "from": "sent"}, {"name": "env", "value": "prod", "from": "rule"},
    {"name": "team", "value": "web", "from": "sent"}, {"name": "tier", "value": "0", "from": "service"}],
  "service": {"name": "jobs", "runbook": "https://runbooks.example.net/jobs"},
  "severity": {"severity": "SEV-2", "name": "tier-0", "by": "criterion"},
  "correlation": {"rule": null},
  "suppression": [{"by": "hold", "for": "1m30s", "applies": true}]
})";

TEST(InitCase, FiresWhatWasSentAndExpectsWhatRulesMadeOfIt) {
  const std::string cut(1022, 'x'), whole = cut + "yz";
  std::string explanation = kExplanation, incident = kIncident;
  explanation.replace(explanation.find("CUT"), 3, cut);
  // Received ninety seconds before the incident opened.
  incident.replace(incident.find(R"("received_at": "2026-11-23T04:00:00.500Z")"), 41,
                   R"("received_at": "2026-11-23T03:58:30.500Z")");
  incident.replace(incident.find(R"("severity": "critical"})"), 23,
                   R"("env": "prod", "team": "web", "text": ")" + whole + "\"}");
  const auto made = case_of(boost::json::parse(incident), {boost::json::parse(explanation)});
  ASSERT_TRUE(made.has_value());
  const auto has = [&](const std::string& text) {
    EXPECT_NE(made->find(text), std::string::npos) << text << " in\n" << *made;
  };
  const std::string labels = "{alertname: Job, team: web, text: " + whole + "}";
  has("- {at: 0s, fire: " + labels +
      ", annotations: {summary: sent}, source: pager, key: job/1}\n");
  has("- {at: 0s, alert: " + labels +
      ", suppressed: hold, incident: none, severity: SEV-2, service: jobs, team: web, runbook: "
      "\"https://runbooks.example.net/jobs\", labels: {env: prod}, annotations: {summary: \"set: "
      "here\"}, by: {hold: slow, labels.env: slow, annotations.summary: slow, severity: tier-0, "
      "correlation: none}}\n");
  has("- {at: 1m30s, alert: " + labels + ", suppressed: none, incident: INC-1}\n");
  has("- {at: 3m100ms, ack: INC-1, by: ana}\n");
  has("- {at: 11m30s, clear: " + labels + "}\n");
  EXPECT_EQ(made->find("Job, severity: critical}"), std::string::npos) << *made;
  EXPECT_TRUE(config::parse_test_cases(*made, "made.yaml").diagnostics.empty());
}

TEST(InitCase, MakesNoCaseOfTheDaemonsOwnAlarms) {
  std::string text = kIncident;
  text.replace(text.find("\"pager\""), 7, "\"tocsin\"");
  const auto made = case_of(boost::json::parse(text), {});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(
      made.error().problem,
      "INC-42 is Tocsin's own alarm (Job: \"nightly\" failed): no source sends it and no rule "
      "decides about it");
  EXPECT_NE(made.error().cure, "");
}

TEST(InitCase, RefusesWhatIsNoIncidentOrTooLong) {
  EXPECT_FALSE(case_of(boost::json::parse("{}"), {}).has_value());
  std::string text = kIncident;
  text.replace(text.find("2026-11-23T04:15:00.504Z"), 24, "2027-01-23T04:15:00.504Z");
  const auto made = case_of(boost::json::parse(text), {});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().problem, "the incident is too large for a case");
}

}  // namespace
}  // namespace tocsin::cli
