#include <gtest/gtest.h>
#include <malloc.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "config_world.h"
#include "tocsin/config/config.h"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

using Files = std::vector<triage::PolicyFile>;

std::shared_ptr<const triage::Policy> good(Files files) {
  Settings settings = parse_settings("", "tocsin.yaml", "/etc").settings;
  settings.channels.push_back({"ops-webhook", Channel::Kind::webhook, "", "", {}});
  PolicyResult result = compile_policy(settings, std::move(files));
  EXPECT_EQ(mistakes_in(result.diagnostics), "");
  EXPECT_NE(result.policy, nullptr);
  return result.policy;
}

std::string map_of(const rules::SeverityPolicy& severity) {
  std::string out;
  for (const auto& mapping : severity.map) {
    out += mapping.word + "=" + std::string(to_string(mapping.severity)) + " ";
  }
  return out;
}

TEST(Policy, WithoutRulesStillPagesSomebody) {
  for (const Files& files : {Files{}, Files{{"empty.yaml", ""}},
                             Files{{"a.yaml", "services:\nescalations:\ncorrelation:\n"}}}) {
    const auto policy = good(files);
    ASSERT_EQ(policy->escalations.size(), 1u);
    const triage::Escalation& path = policy->escalations[0];
    EXPECT_EQ(path.name, "default");
    ASSERT_EQ(path.steps.size(), 1u);
    EXPECT_EQ(path.steps[0].channels, std::vector<std::string>{"log"});
    EXPECT_EQ(path.steps[0].wait, 5min);
    EXPECT_TRUE(policy->rules.correlation.empty());
    EXPECT_EQ(policy->rules.severity.otherwise, Severity::sev3);
    EXPECT_EQ(policy->rules.severity.from_label, "severity");
    EXPECT_EQ(map_of(policy->rules.severity),
              "critical=SEV-2 error=SEV-2 info=SEV-4 none=none page=SEV-2 warning=SEV-3 ");
    EXPECT_EQ(policy->incidents.recovery, 5min);
    EXPECT_EQ(policy->incidents.reopen_within, 10min);
    EXPECT_EQ(policy->incidents.close_after, 24h);
    EXPECT_EQ(policy->fallback, std::vector<std::string>{"log"});
    EXPECT_EQ(policy->channels, (std::vector<std::string>{"log", "ops-webhook"}));
    EXPECT_NE(policy->rules.hash, 0u);
  }
}

TEST(Policy, EveryKeyOfEveryFileIsRead) {
  const auto policy = good({{"rules/a.yaml", R"(
services:
  search: {runbook: http://runbooks.example.net/search}
  checkout:
    team: payments
    tier: 0
    labels: {zone: "eu", answer: null}
    escalation: {SEV-1: major, default: payments}
    runbook: https://runbooks.example.net/checkout
incidents: {recovery: 0s, reopen_within: 1m, close_after: 2h}
)"},
                            {"rules/b.yaml", R"(
correlation:
  - {name: rack, when: ['alertname="HostDown"', rack], by: [rack, row], window: 1h, max_age: 2d}
  - {name: all, by: [service]}
severity:
  default: SEV-4
  from_label: priority
  map: {" P1 ": SEV-1, low: none}
  criteria:
    - {severity: SEV-1, name: outage, when: '{tier="0", impact=~"out.*"}'}
escalations:
  payments:
    steps:
      - {page: [channel:ops-webhook, channel:log, channel:ops-webhook], wait: 10m}
      - {page: [channel:log]}
    repeat: 2
    ack_timeout: 30m
    fallback: [channel:ops-webhook]
  major: {steps: [{page: [channel:log], wait: 90s}]}
teams: {payments: [ana, bo]}
users: {ana: {contacts: {log: {channel: log}}}, bo: }
)"}});
  ASSERT_EQ(policy->rules.services.size(), 2u);
  const rules::Service* checkout = policy->rules.find_service("checkout");
  ASSERT_NE(checkout, nullptr);
  EXPECT_EQ(checkout->team, "payments");
  EXPECT_EQ(checkout->tier, "0");
  EXPECT_EQ(checkout->labels.get("zone"), "eu");
  EXPECT_EQ(checkout->labels.get("answer"), "null") << "every scalar is text";
  EXPECT_EQ(checkout->escalation, "payments");
  EXPECT_EQ(checkout->escalation_by_severity[0], "major");
  EXPECT_EQ(checkout->escalation_by_severity[1], "");
  EXPECT_EQ(checkout->runbook, "https://runbooks.example.net/checkout");
  EXPECT_EQ(format_short(checkout->at), "rules/a.yaml:4");
  EXPECT_EQ(policy->escalation_for(checkout, "payments", Severity::sev1).name, "major");
  EXPECT_EQ(policy->escalation_for(checkout, "payments", Severity::sev2).name, "payments");
  EXPECT_EQ(policy->escalation_for(nullptr, "", Severity::sev2).name, "default");

  const auto& correlation = policy->rules.correlation;
  ASSERT_EQ(correlation.size(), 2u);
  EXPECT_EQ(correlation[0].by, (std::vector<std::string>{"rack", "row"}));
  EXPECT_EQ(correlation[0].window, 1h);
  EXPECT_EQ(correlation[0].max_age, 48h);
  EXPECT_EQ(correlation[1].window, 30min);
  EXPECT_EQ(correlation[1].max_age, 24h);
  EXPECT_EQ(format_short(correlation[1].at), "rules/b.yaml:4");

  const rules::SeverityPolicy& severity = policy->rules.severity;
  EXPECT_EQ(severity.otherwise, Severity::sev4);
  EXPECT_EQ(severity.from_label, "priority");
  EXPECT_EQ(map_of(severity), "low=none p1=SEV-1 ");
  ASSERT_EQ(severity.criteria.size(), 1u);
  EXPECT_EQ(severity.criteria[0].severity, Severity::sev1);
  EXPECT_EQ(severity.criteria[0].name, "outage");

  const triage::Escalation* payments = policy->find_escalation("payments");
  ASSERT_NE(payments, nullptr);
  ASSERT_EQ(payments->steps.size(), 2u);
  EXPECT_EQ(payments->steps[0].channels, (std::vector<std::string>{"ops-webhook", "log"}));
  EXPECT_EQ(payments->steps[0].wait, 10min);
  EXPECT_EQ(payments->steps[1].wait, 5min);
  EXPECT_EQ(payments->repeat, 2);
  EXPECT_EQ(payments->ack_timeout, 30min);
  EXPECT_EQ(payments->fallback, std::vector<std::string>{"ops-webhook"});
  EXPECT_EQ(policy->incidents.recovery, 0s);
  EXPECT_EQ(policy->incidents.close_after, 2h);
  EXPECT_EQ(policy->files.size(), 2u);
}

bool holds_for(const std::string& when, const Labels& labels) {
  const auto policy = good({{"a.yaml", "correlation: [{name: a, by: [x], when: " + when + "}]\n"}});
  if (policy == nullptr) return false;
  rules::Subject subject;
  subject.labels = labels;
  return rules::holds(policy->rules.correlation.at(0).when, subject);
}

TEST(Policy, ConditionsNestAsTheyAreWritten) {
  struct Case {
    const char* when;
    const char* env;
    const char* team;
    bool holds;
  };
  for (const Case& c : {
           Case{R"(['env="prod"', 'team="a"'])", "prod", "a", true},
           Case{R"(['env="prod"', 'team="a"'])", "prod", "b", false},
           Case{R"({all: ['env="prod"', 'team="a"']})", "prod", "b", false},
           Case{R"({any: ['env="prod"', 'team="a"']})", "prod", "b", true},
           Case{R"({any: ['env="prod"', 'team="a"']})", "test", "b", false},
           Case{R"({not: 'env="prod"'})", "prod", "b", false},
           Case{R"({not: ['env="prod"', 'team="a"']})", "prod", "b", true},
           Case{R"([env, {any: [{not: team}, 'team=~"a|b"']}])", "prod", "", true},
           Case{R"([env, {any: [{not: team}, 'team=~"a|b"']}])", "prod", "c", false},
           Case{R"('{env="prod", team=~"a|b"}')", "prod", "b", true},
           Case{R"('{env="prod", team=~"a|b"}')", "prod", "c", false},
           Case{R"(['{env="prod", team="a"}', {not: '{team="b"}'}])", "prod", "a", true},
           Case{R"(env="prod")", "prod", "", true},
           Case{R"([env="prod"])", "test", "", false},
       }) {
    SCOPED_TRACE(std::string(c.when) + " " + c.env + " " + c.team);
    EXPECT_EQ(holds_for(c.when, Labels{{"env", c.env}, {"team", c.team}}), c.holds);
  }
}

TEST(Policy, TheHashFollowsPathsAndTexts) {
  const Files files = {{"a.yaml", "teams: {a: []}"}, {"b.yaml", ""}};
  const std::uint64_t hash = good(files)->rules.hash;
  EXPECT_EQ(good(files)->rules.hash, hash);
  Files other = files;
  other[0].text += " ";
  EXPECT_NE(good(other)->rules.hash, hash);
  other = files;
  other[1].path = "c.yaml";
  EXPECT_NE(good(other)->rules.hash, hash);
  EXPECT_NE(good({{"a.yamlteams: {a: []}", ""}, {"b.yaml", ""}})->rules.hash, hash)
      << "lengths stand in front";
}

TEST(Policy, WarningsDoNotKeepItFromCompiling) {
  const PolicyResult result = compile_policy({}, {{"a.yaml", "services: {a: {team: b}}\n"}});
  EXPECT_EQ(result.diagnostics.size(), 2u) << text_of(result.diagnostics);
  EXPECT_FALSE(has_errors(result.diagnostics));
  EXPECT_NE(result.policy, nullptr);
}

TEST(Policy, PositionsCountCharactersFromOne) {
  const PolicyResult result = compile_policy(
      {}, {{"a.yaml", "teams: {\"é€😀\": [ ], teem: y}\r\nincidents: {recovry: 1m}\n"}});
  EXPECT_EQ(
      text_of(result.diagnostics),
      "a.yaml:1:27: error: teams.teem: expected a list, found text; write [ ] around it, or "
      "\"- \" before each element\n"
      "a.yaml:2:13: error: unknown key \"recovry\" in incidents; did you mean \"recovery\"?\n");
}

TEST(Policy, FarOutOnALineColumnsCountBytes) {
  struct Case {
    int letters;
    int column;
  };
  // Each letter has two bytes, and 23 more stand before the place: it is byte 999 of the line,
  // 1,001.
  for (const Case& c : {Case{488, 23 + 488 + 1}, Case{489, 23 + 2 * 489 + 1}}) {
    std::string name;
    for (int i = 0; i < c.letters; ++i) name += "é";
    const PolicyResult result =
        compile_policy({}, {{"a.yaml", "teams: {\"" + name + "\": [ ], teem: y}\n"}});
    const std::string mistakes = mistakes_in(result.diagnostics);
    EXPECT_NE(mistakes.find("a.yaml:1:" + std::to_string(c.column) + ": error: teams.teem"),
              std::string::npos)
        << mistakes;
  }
}

TEST(Policy, AliasesStandForWhatTheyName) {
  const auto policy = good({{"a.yaml", R"(
services:
  a: &web {tier: 1, runbook: https://runbooks.example.net/web}
  b: *web
)"}});
  EXPECT_EQ(policy->rules.services.size(), 2u);
  EXPECT_EQ(policy->rules.find_service("b")->tier, "1");
}

/// 100,000 rules have to be read beside those in force: what stays of each is measured here, under
/// sanitizers as nothing. A compiled regex in each would take 3 KiB more.
TEST(Policy, OfManyRulesStaysSmall) {
  constexpr std::size_t kRules = 10'000;
  std::string text = "rules:\n";
  for (std::size_t i = 0; i < kRules; ++i) {
    const std::string n = std::to_string(i);
    text += "  - {name: rule-" + n + ", when: ['service=\"svc-" + n + "\"', 'namespace=~\"ns-" + n +
            "|kube-.*|r" + n + "\"', 'severity=\"critical\"'], set: {labels: {matched: yes}}}\n";
  }
  Files files = {{"a.yaml", std::move(text)}};
  const std::size_t before = ::mallinfo2().uordblks;
  const auto policy = good(std::move(files));
  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(policy->rules.triage.size(), kRules);
  EXPECT_LT(::mallinfo2().uordblks - before, kRules * 2500);
}

}  // namespace
}  // namespace tocsin::config
