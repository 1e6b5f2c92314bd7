// Whom a case names as the rule behind a decision, and which rules it counts as covered: those that
// `explain` names.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tocsin/config/config.h"
#include "tocsin/rules/explain.h"
#include "tocsin/trial/trial.h"

namespace tocsin::trial {
namespace {

using Policy = std::shared_ptr<const triage::Policy>;

const std::vector<std::string> kDecisions = {
    "service",     "team",           "runbook",         "escalation",
    "hold",        "drop",           "labels.team",     "labels.part",
    "labels.kind", "labels.service", "annotations.hint"};

Policy compile(const std::string& rules) {
  const config::Settings settings =
      config::parse_settings("{}", "tocsin.yaml", "/nonexistent").settings;
  const auto compiled = config::compile_policy(settings, {{"rules/r.yaml", rules}});
  for (const Diagnostic& diagnostic : compiled.diagnostics) {
    EXPECT_EQ(diagnostic.level, Diagnostic::Level::warning) << format(diagnostic) << rules;
  }
  return compiled.policy;
}

rules::Explanation explain(const triage::Policy& policy, const config::FireAlert& alert) {
  return rules::explain(
      policy.rules,
      {.labels = alert.labels, .annotations = alert.annotations, .source = alert.source});
}

/// A case in which this alert fires and `facts` are expected.
config::TestCase fires(config::FireAlert alert, const std::map<std::string, std::string>& facts) {
  config::Expectation expected;
  expected.labels = alert.labels;
  for (const auto& [name, value] : facts) expected.facts.push_back({name, value, {}});
  config::TestCase made;
  made.steps.push_back({Duration(0), {}, std::move(alert)});
  made.expectations.push_back(std::move(expected));
  return made;
}

std::string failures(const Results& results) {
  std::string out;
  for (const CaseResult& result : results.cases) {
    for (const Failure& failure : result.failures) {
      out += failure.expected + "; " + failure.happened + "\n";
    }
  }
  return out;
}

/// The names of rules that the cases cover.
std::set<std::string> covered(const Results& results) {
  std::set<std::string> out;
  for (const RuleUse& use : results.rules) {
    if (use.list == "rules" && use.decided > 0) out.insert(use.name);
  }
  return out;
}

/// Rules and alerts of a world so small that rules often meet, lose and yield nothing.
class SmallWorld {
 public:
  explicit SmallWorld(std::uint64_t seed) : random_(seed) {}

  std::string rules() {
    std::string out = "escalations: {fast: {steps: [{page: ['channel:log']}]}}\nrules:\n";
    for (int i = 0; i < 8; ++i) {
      out += "  - name: r" + std::to_string(i) + "\n    when: ['" + one(kMatchers) + "', '" +
             one(kMatchers) + "']\n";
      std::string set;
      add(set, "service", kTemplates);
      add(set, "team", kTemplates);
      add(set, "runbook", kRunbooks);
      std::string labels;
      for (const char* name : {"team", "service", "part", "kind"}) add(labels, name, kTemplates);
      if (!labels.empty()) set += (set.empty() ? "" : ", ") + ("labels: {" + labels + "}");
      if (below(3) == 0)
        set += (set.empty() ? "" : ", ") + ("annotations: {hint: " + one(kTemplates) + "}");
      // A rule that decides nothing is a warning, and one that does is more to the point.
      out += "    set: {" + (set.empty() ? std::string("labels: {kind: x}") : set) + "}\n";
      if (below(3) == 0) out += "    hold: " + one({"0s", "2m"}) + "\n";
      if (below(3) == 0) out += "    drop: " + one({"true", "false"}) + "\n";
      if (below(4) == 0) out += "    escalation: fast\n";
      if (below(4) == 0) out += "    severity: " + one({"SEV-1", "SEV-4"}) + "\n";
    }
    return out;
  }

  config::FireAlert alert() {
    config::FireAlert out;
    std::vector<std::pair<std::string, std::string>> texts = {{"alertname", one({"A", "B"})}};
    for (const char* name : {"team", "service", "part", "env"}) {
      if (below(2) == 0) texts.emplace_back(name, one({"x", "y"}));
    }
    std::vector<Label> labels;
    for (const auto& [name, value] : texts) labels.push_back({name, value});
    out.labels = Labels(std::move(labels));
    out.source = "alertmanager-api";
    return out;
  }

 private:
  using Words = std::vector<std::string>;
  static inline const Words kMatchers = {"alertname", "alertname=A", "team",
                                         "env!=x",    "part=y",      "service=\"\""};
  static inline const Words kTemplates = {"x",
                                          "y",
                                          "\"{{labels.team}}\"",
                                          "\"{{labels.part}}\"",
                                          "\"{{labels.service}}\"",
                                          "\"{{labels.env}}\""};
  static inline const Words kRunbooks = {"\"https://runbooks.example.net/{{labels.part}}\"",
                                         "\"{{labels.env}}\""};

  void add(std::string& group, const std::string& name, const Words& values) {
    if (below(3) != 0) return;
    group += (group.empty() ? "" : ", ") + name + ": " + one(values);
  }
  std::string one(const Words& of) { return of[below(of.size())]; }
  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }

  std::mt19937_64 random_;
};

TEST(Deciders, AreTheWinnersThatExplainNames) {
  std::size_t won = 0, lost = 0, empty = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SmallWorld world(seed);
    const std::string text = world.rules();
    const Policy policy = compile(text);
    ASSERT_NE(policy, nullptr);
    std::vector<config::TestCase> cases;
    std::set<std::string> winners;
    for (int i = 0; i < 5; ++i) {
      config::FireAlert alert = world.alert();
      const rules::Explanation explained = explain(*policy, alert);
      std::map<std::string, std::string> facts;
      for (const std::string& decision : kDecisions) facts["by." + decision] = "none";
      for (const rules::Claim& claim : explained.won) {
        const std::string& rule = policy->rules.triage[claim.rule].name;
        winners.insert(rule);
        if (claim.what != "severity") facts["by." + claim.what] = rule;
        if (claim.what == "labels.part" || claim.what == "service") facts[claim.what] = claim.value;
      }
      facts["by.severity"] = rules::severity_reason(policy->rules, explained.verdict).criterion;
      won += explained.won.size();
      for (const rules::HeldRule& held : explained.held) {
        for (const rules::Claim& claim : held.claims) {
          lost += claim.lost_to ? 1 : 0;
          empty += claim.value.empty() ? 1 : 0;
        }
      }
      cases.push_back(fires(std::move(alert), facts));
    }
    const Results results = run(cases, policy);
    ASSERT_EQ(failures(results), "") << "seed " << seed << "\n" << text;
    ASSERT_EQ(covered(results), winners) << "seed " << seed << "\n" << text;
  }
  // Else the world says little.
  EXPECT_GT(won, 1'000u);
  EXPECT_GT(lost, 1'000u);
  EXPECT_GT(empty, 100u);
}

config::FireAlert down() {
  config::FireAlert alert;
  alert.labels = Labels({{"alertname", "Down"}});
  return alert;
}

TEST(Deciders, ATemplateThatYieldsNothingDecidesNothing) {
  const Policy policy = compile(R"(rules:
  - {name: a, when: [alertname], set: {team: "{{labels.team}}"}}
  - {name: b, when: [alertname], set: {team: core}}
)");
  const Results results = run({fires(down(), {{"team", "core"}, {"by.team", "b"}})}, policy);
  EXPECT_EQ(failures(results), "");
  EXPECT_EQ(covered(results), std::set<std::string>{"b"});
}

TEST(Deciders, ALabelOfTheServicesNameLosesToTheService) {
  const Policy policy = compile(R"(rules:
  - {name: a, when: [alertname], set: {labels: {service: z}}}
  - {name: b, when: [alertname], set: {service: y}}
)");
  const Results results =
      run({fires(down(), {{"service", "y"}, {"by.service", "b"}, {"by.labels.service", "none"}})},
          policy);
  EXPECT_EQ(failures(results), "");
  EXPECT_EQ(covered(results), std::set<std::string>{"b"});
}

}  // namespace
}  // namespace tocsin::trial
