#include <gtest/gtest.h>

#include <string>

#include "tocsin/config/config.h"
#include "tocsin/trial/trial.h"

namespace tocsin::trial {
namespace {

constexpr const char* kRules = R"(
services:
  checkout: {team: payments, tier: 0, escalation: fast, runbook: https://runbooks.example.net/checkout}
  search: {team: discovery, tier: 2, runbook: https://runbooks.example.net/search}
teams: {payments: [], discovery: []}
escalations:
  fast:
    steps:
      - {page: [channel:log], wait: 5m}
      - {page: [channel:log, channel:ops], wait: 10m}
    ack_timeout: 30m
rules:
  - {name: shield, when: ['team="ours"'], drop: false}
  - {name: canary, when: ['env="canary"'], drop: true}
  - {name: first, when: ['alertname=~"Disk.*"'], set: {labels: {part: "{{labels.disk}}", kind: disk}}, hold: 2m}
  - name: second
    when: ['alertname=~"Disk.*"']
    set:
      service: search
      team: storage
      labels: {part: unknown}
      annotations: {hint: look at it}
      runbook: https://runbooks.example.net/disks
    severity: SEV-4
    escalation: fast
correlation:
  - {name: rack, when: ['alertname="HostDown"'], by: [rack]}
  - {name: same-service, by: [service]}
severity:
  criteria:
    - {name: outage, severity: SEV-1, when: ['tier="0"', 'impact="outage"']}
    - {name: noted, severity: SEV-2, when: ['annotations.summary=~".*data loss.*"']}
)";

std::shared_ptr<const triage::Policy> policy() {
  config::Settings settings = config::parse_settings(R"(
sources:
  - {name: prometheus, kind: alertmanager-api, resolve_timeout: 4m, identity_ignore: [replica]}
  - {name: pager, kind: pagerduty}
)",
                                                     "tocsin.yaml", "/nonexistent")
                                  .settings;
  settings.channels.push_back({"ops", config::Channel::Kind::webhook, "", "", {}, {}, {}});
  const auto compiled = config::compile_policy(settings, {{"rules/shop.yaml", kRules}});
  for (const Diagnostic& diagnostic : compiled.diagnostics) {
    EXPECT_EQ(diagnostic.level, Diagnostic::Level::warning) << format(diagnostic);
  }
  return compiled.policy;
}

/// One case of these lines, as the file `t.yaml` would hold them: its steps begin in line 4.
std::vector<config::TestCase> cases(const std::string& steps, const std::string& expect) {
  const auto read = config::parse_test_cases(
      "tests:\n- name: it\n  steps:\n" + steps + "  expect:\n" + expect, "t.yaml");
  for (const Diagnostic& diagnostic : read.diagnostics) ADD_FAILURE() << format(diagnostic);
  return read.cases;
}

/// What failed, a line each.
std::string failures(const std::string& steps, const std::string& expect) {
  const auto given = cases(steps, expect);
  for (const Diagnostic& diagnostic : check(given, *policy())) ADD_FAILURE() << format(diagnostic);
  const Results results = run(given, policy());
  std::string out;
  for (const CaseResult& result : results.cases) {
    for (const Failure& failure : result.failures) {
      out += format_short(failure.at) + " " + failure.expected + "; " + failure.happened + "\n";
    }
  }
  return out;
}

constexpr const char* kDown = "  - fire: {alertname: Down, service: checkout, severity: warning}\n";

TEST(Run, ACaseWhoseExpectationsAllHoldPasses) {
  EXPECT_EQ(
      failures(
          kDown,
          "  - {alert: {alertname: Down}, state: firing, severity: SEV-3,"
          " service: checkout, team: payments, incident: INC-1,"
          " runbook: https://runbooks.example.net/checkout,"
          " labels: {tier: '0', rack: ''}, by: {severity: warning, correlation: same-service}}\n"
          "  - {incident: INC-1, state: triggered, severity: SEV-3, service: checkout,"
          " team: payments, title: Down on checkout, escalation: fast, step: 1, round: 1,"
          " cycle: 1, firing: 1, resolved: 0, key: {service: checkout},"
          " by: {severity: warning, correlation: same-service}}\n"
          "  - {page: log, event: triggered, incident: INC-1, step: 1, round: 1}\n"
          "  - {pages: 1}\n"
          "  - {incidents: 1}\n"),
      "");
}

TEST(Run, EachFactThatDiffersIsNamedAtItsOwnPlace) {
  EXPECT_EQ(
      failures(kDown,
               "  - {alert: {}, severity: SEV-1, team: none}\n"
               "  - {incident: INC-1, state: resolved, key: {service: ''}}\n"),
      "t.yaml:6 at 0s {alertname=\"Down\", service=\"checkout\", severity=\"warning\"} has "
      "severity SEV-1; it has SEV-3 (by warning, built in)\n"
      "t.yaml:6 at 0s {alertname=\"Down\", service=\"checkout\", severity=\"warning\"} has team "
      "none; it has payments\n"
      "t.yaml:7 at 0s INC-1 has state resolved; it has triggered\n"
      "t.yaml:7 at 0s INC-1 has key.service nothing; it has checkout\n");
}

TEST(Run, AnExpectationOfAnAlertHoldsForEveryOneThatHasItsLabels) {
  const std::string both =
      std::string(kDown) + "  - fire: {alertname: Down, service: search, severity: warning}\n";
  EXPECT_EQ(failures(both, "  - {alert: {alertname: Down}, severity: SEV-3}\n"), "");
  EXPECT_EQ(
      failures(both, "  - {alert: {alertname: Down}, service: checkout}\n"),
      "t.yaml:7 at 0s {alertname=\"Down\", service=\"search\", severity=\"warning\"} has service "
      "checkout; it has search\n");
}

TEST(Run, LabelsNameTheAlertThatHasNoOthersFirst) {
  EXPECT_EQ(failures("  - fire: {alertname: Down, service: checkout}\n"
                     "  - fire: {alertname: Down, service: checkout, instance: b}\n"
                     "  - {at: 1m, clear: {alertname: Down, service: checkout}}\n",
                     "  - {at: 1m, alert: {alertname: Down, service: checkout}, state: resolved}\n"
                     "  - {at: 1m, alert: {instance: b}, state: firing}\n"),
            "");
}

TEST(Run, TheRealEscalationPagesUntilSomebodyAcknowledges) {
  EXPECT_EQ(failures(std::string(kDown) + "  - {at: 6m, ack: INC-1, by: ana}\n",
                     "  - {at: 5m, page: ops, event: escalated, step: 2}\n"
                     "  - {at: 5m, page: log}\n"
                     "  - {at: 6m, page: log, event: acknowledged}\n"
                     "  - {at: 6m, incident: INC-1, state: acknowledged}\n"
                     "  - {at: 35m, since: 6m, pages: 0}\n"
                     "  - {at: 36m, incident: INC-1, state: triggered}\n"
                     "  - {at: 36m, page: log, event: escalated, round: 2}\n"
                     "  - {at: 35m, pages: 2, channel: ops}\n"
                     "  - {at: 35m, pages: 5}\n"),
            "");
}

TEST(Run, APageThatDoesNotComeIsToldWithThoseThatCame) {
  EXPECT_EQ(
      failures(kDown,
               "  - {page: ops}\n"
               "  - {at: 1m, page: log}\n"
               "  - {at: 5m, pages: 0, since: 1m}\n"),
      "t.yaml:6 at 0s a page is sent (channel ops); only log triggered INC-1 (step 1, round 1)\n"
      "t.yaml:7 at 1m a page is sent (channel log); nobody is paged then; before: at 0s log "
      "triggered INC-1 (step 1, round 1)\n"
      "t.yaml:8 after 1m until 5m pages number 0; 2: at 5m log escalated INC-1 (step 2, round "
      "1); at 5m ops escalated INC-1 (step 2, round 1)\n");
}

TEST(Run, NobodyIsPagedForWhatOpensNothing) {
  const char* quiet = "  - fire: {alertname: Down, service: checkout, severity: none}\n";
  EXPECT_EQ(failures(quiet,
                     "  - {at: 1d, pages: 0}\n  - {incidents: 0}\n"
                     "  - {alert: {}, incident: none, severity: none}\n"),
            "");
  EXPECT_EQ(failures(quiet, "  - {at: 1m, page: log}\n  - {incident: INC-1, state: triggered}\n"),
            "t.yaml:6 at 1m a page is sent (channel log); nobody is paged then, nor was before\n"
            "t.yaml:7 at 0s INC-1 is there; no incident has opened\n");
}

TEST(Run, AFiringAlertIsRepeatedUntilItClears) {
  const std::string steps = std::string(kDown) + "  - {at: 2h, clear: {alertname: Down}}\n";
  EXPECT_EQ(failures(steps,
                     "  - {at: 119m, alert: {}, state: firing}\n"
                     "  - {at: 2h, alert: {}, state: resolved}\n"
                     "  - {at: 2h, incident: INC-1, state: recovering}\n"
                     "  - {at: 125m, incident: INC-1, state: resolved}\n"
                     "  - {at: 125m, page: log, event: resolved}\n"
                     "  - {at: 3d, incident: INC-1, state: closed}\n"
                     "  - {at: 3d, alert: {}, state: resolved}\n"),
            "");
}

TEST(Run, AnAlertThatLapsesEndsWithItsLease) {
  const std::string steps = std::string(kDown) + "  - {at: 10m, lapse: {alertname: Down}}\n";
  EXPECT_EQ(failures(steps,
                     "  - {at: 13m, alert: {}, state: firing}\n"
                     "  - {at: 14m, alert: {}, state: resolved}\n"),
            "");
}

TEST(Run, StepsThatAreNotPossibleFail) {
  EXPECT_EQ(
      failures(std::string(kDown) +
                   "  - {at: 1m, ack: INC-2}\n"
                   "  - {at: 1m, reopen: INC-1}\n"
                   "  - {at: 1m, clear: {alertname: Up}}\n"
                   "  - {at: 2m, fire: {alertname: Build}, source: pager, key: k}\n"
                   "  - {at: 3m, lapse: {alertname: Build}}\n",
               "  - {pages: 1}\n"),
      "t.yaml:5 at 1m ack of INC-2 is possible; there is no such incident by then\n"
      "t.yaml:6 at 1m reopen of INC-1 is possible; the incident is in a state that does not "
      "allow it\n"
      "t.yaml:7 at 1m an alert clears; none with these labels fires\n"
      "t.yaml:9 at 3m an alert lapses; none with these labels fires and needs to be repeated\n");
}

TEST(Run, EveryActionOfPeopleActs) {
  EXPECT_EQ(failures(std::string(kDown) + "  - {at: 1m, ack: INC-1}\n"
                                          "  - {at: 2m, unack: INC-1}\n"
                                          "  - {at: 3m, ack: INC-1}\n"
                                          "  - {at: 20m, note: INC-1, by: ana, text: still at it}\n"
                                          "  - {at: 40m, clear: {alertname: Down}}\n"
                                          "  - {at: 50m, reopen: INC-1}\n"
                                          "  - {at: 51m, resolve: INC-1, by: bo}\n",
                     "  - {at: 2m, incident: INC-1, state: triggered}\n"
                     "  - {at: 2m, page: log, event: escalated, round: 2}\n"
                     "  - {at: 39m, incident: INC-1, state: acknowledged}\n"
                     "  - {at: 50m, incident: INC-1, state: triggered, cycle: 2}\n"
                     "  - {at: 50m, page: log, event: reopened}\n"
                     "  - {at: 51m, incident: INC-1, state: recovering}\n"),
            "");
}

TEST(Run, ADestinationAnswersAsTheCaseSays) {
  // The next step need not wait for a page that nobody got.
  EXPECT_EQ(
      failures(std::string("  - {channel: log, answers: refused}\n") + kDown,
               "  - {page: log, attempt: 1}\n"
               "  - {page: log, attempt: 2}\n"
               "  - {at: 10s, pages: 1, channel: ops}\n"),
      "t.yaml:8 at 0s a page is sent (channel log, attempt 2); only log triggered INC-1 (step "
      "1, round 1)\n");
  EXPECT_EQ(failures(std::string("  - {channel: log, answers: refused}\n"
                                 "  - {channel: log, answers: delivered}\n") +
                         kDown,
                     "  - {at: 10s, pages: 0, channel: ops}\n"),
            "");
}

TEST(Run, AlertsJoinByTheRulesAndBySendersKeys) {
  EXPECT_EQ(
      failures("  - fire: {alertname: HostDown, rack: r1, instance: a, replica: x}\n"
               "  - fire: {alertname: HostDown, rack: r1, instance: b}\n"
               "  - fire: {alertname: HostDown, rack: r1, instance: a, replica: y}\n"
               "  - fire: {alertname: HostDown, rack: r2, instance: c}\n"
               "  - {fire: {alertname: Job}, source: pager, key: k1}\n"
               "  - {at: 1m, fire: {alertname: Job, severity: critical}, source: pager, key: k1}\n",
               "  - {incident: INC-1, firing: 2}\n"
               "  - {alert: {instance: c}, incident: INC-2, by: {correlation: rack}}\n"
               "  - {at: 1m, alert: {alertname: Job}, incident: INC-3, severity: SEV-2}\n"
               "  - {at: 1m, incidents: 3}\n"
               "  - {at: 1m, incident: INC-3, firing: 1, by: {correlation: none}}\n"),
      "");
}

TEST(Run, CriteriaSeeAnnotationsAndTheLabelsOfTheService) {
  EXPECT_EQ(failures("  - fire: {alertname: A, service: checkout, impact: outage}\n"
                     "  - {fire: {alertname: B}, annotations: {summary: risk of data loss now}}\n",
                     "  - {alert: {alertname: A}, severity: SEV-1, by: {severity: outage}}\n"
                     "  - {alert: {alertname: B}, severity: SEV-2, by: {severity: noted},"
                     " annotations: {summary: risk of data loss now}}\n"),
            "");
}

TEST(Run, TriageRulesAreNamedForEachThingTheyDecide) {
  EXPECT_EQ(
      failures(
          "  - fire: {alertname: DiskFull}\n"
          "  - fire: {alertname: DiskSlow, disk: sda}\n",
          "  - {alert: {alertname: DiskFull}, suppressed: hold, incident: none, service: search,"
          " team: storage, severity: SEV-4, runbook: https://runbooks.example.net/disks,"
          " labels: {part: unknown, kind: disk, tier: '2'}, annotations: {hint: look at it},"
          " by: {hold: first, drop: none, service: second, team: second, severity: second,"
          " runbook: second, escalation: second, labels.part: second, labels.kind: first,"
          " annotations.hint: second, correlation: same-service}}\n"
          "  - {alert: {disk: sda}, labels: {part: sda}, by: {labels.part: first}}\n"
          "  - {at: 119s, incidents: 0}\n"
          "  - {at: 2m, alert: {}, suppressed: none, incident: INC-1}\n"
          "  - {at: 2m, incident: INC-1, escalation: fast, team: storage}\n"),
      "");
}

TEST(Run, WhatARuleDropsOpensNothing) {
  EXPECT_EQ(
      failures("  - fire: {alertname: A, env: canary}\n"
               "  - fire: {alertname: B, env: canary, team: ours}\n",
               "  - {alert: {alertname: A}, suppressed: drop, incident: none, state: firing,"
               " by: {drop: canary}}\n"
               "  - {alert: {alertname: B}, suppressed: none, incident: INC-1,"
               " by: {drop: shield}}\n"
               "  - {alert: {alertname: B}, suppressed: drop}\n"),
      "t.yaml:9 at 0s {alertname=\"B\", env=\"canary\", team=\"ours\"} has suppressed drop; it "
      "has none\n");
}

TEST(Run, CountsWhatTriageRulesWin) {
  const auto given = cases(
      "  - fire: {alertname: B, env: canary, team: ours}\n"
      "  - fire: {alertname: DiskSlow}\n",
      "  - {pages: 0, at: 0s}\n");
  const Results results = run(given, policy());
  const auto says = [&](std::size_t rule) {
    const RuleUse& use = results.rules[rule];
    return use.name + " " + std::to_string(use.matched) + " " + std::to_string(use.decided);
  };
  EXPECT_EQ(says(0), "shield 1 1");
  EXPECT_EQ(says(1), "canary 1 0");  // The first took the decision from it.
  EXPECT_EQ(says(2), "first 1 1");
  EXPECT_EQ(says(3), "second 1 1");
  EXPECT_EQ(results.rules[0].list, "rules");
}

TEST(Run, CountsHowOftenEachRuleMatchedAndDecided) {
  const auto given = cases(
      "  - fire: {alertname: HostDown, rack: r1, service: checkout, impact: outage}\n"
      "  - fire: {alertname: Slow, service: checkout}\n",
      "  - {pages: 0, at: 0s}\n");
  const Results results = run(given, policy());
  ASSERT_EQ(results.rules.size(), 8u);
  const auto* rules = &results.rules[4];
  EXPECT_EQ(rules[0].name, "outage");
  EXPECT_EQ(rules[0].list, "severity.criteria");
  EXPECT_EQ(rules[0].matched, 1u);
  EXPECT_EQ(rules[0].decided, 1u);
  EXPECT_EQ(rules[1].matched, 0u);
  EXPECT_EQ(rules[2].name, "rack");
  EXPECT_EQ(rules[2].decided, 1u);
  EXPECT_EQ(format_short(rules[3].at), "rules/shop.yaml:28");
  EXPECT_EQ(rules[3].matched, 2u);  // The first took the other alert from it.
  EXPECT_EQ(rules[3].decided, 1u);
  EXPECT_EQ(results.covered(), 3u);
  EXPECT_EQ(results.failed(), 1u);
}

TEST(Run, CasesKnowNothingOfEachOther) {
  auto twice = cases(kDown, "  - {incident: INC-1, firing: 1}\n  - {incidents: 1}\n");
  twice.push_back(twice.front());
  EXPECT_EQ(run(twice, policy()).failed(), 0u);
}

TEST(Check, NamesThatNothingDefinesAreToldWithTheNearest) {
  const auto given = cases(
      "  - {fire: {alertname: A}, source: promethius}\n"
      "  - {channel: opps, answers: refused}\n",
      "  - {page: lgo}\n"
      "  - {alert: {}, by: {severity: outrage, corelation: rack, correlation: same-services}}\n"
      "  - {alert: {}, by: {drop: nowhere, labels.env: nothing}}\n"
      "  - {incident: INC-1, by: {drop: rack}}\n");
  std::string out;
  for (const Diagnostic& diagnostic : check(given, *policy())) out += format(diagnostic) + "\n";
  EXPECT_EQ(
      out,
      "t.yaml:4:36: error: nothing defines the source \"promethius\"; did you mean "
      "\"prometheus\"?\n"
      "t.yaml:5:15: error: nothing defines the channel \"opps\"; did you mean \"ops\"?\n"
      "t.yaml:7:12: error: nothing defines the channel \"lgo\"; did you mean \"log\"?\n"
      "t.yaml:8:32: error: nothing defines the rule, criterion or word \"outrage\"; did you mean "
      "\"outage\"?\n"
      "t.yaml:8:53: error: no rule decides about \"corelation\"; did you mean "
      "\"correlation\"?\n"
      "t.yaml:8:72: error: nothing defines the correlation rule \"same-services\"; did you mean "
      "\"same-service\"?\n"
      "t.yaml:9:28: error: nothing defines the rule \"nowhere\"; use a name that the rules or "
      "tocsin.yaml define\n"
      "t.yaml:9:49: error: nothing defines the rule \"nothing\"; use a name that the rules or "
      "tocsin.yaml define\n"
      "t.yaml:10:34: error: no rule decides about \"drop\"; name severity or correlation\n");
}

}  // namespace
}  // namespace tocsin::trial
