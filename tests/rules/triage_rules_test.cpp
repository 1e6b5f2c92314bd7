#include <gtest/gtest.h>

#include <string>

#include "tocsin/rules/rule_set.h"

namespace tocsin::rules {
namespace {

Predicate when(std::string_view selector) {
  AllOf all;
  auto read = parse_selector(selector, Grammar::extended);
  if (!read) ADD_FAILURE() << selector << ": " << read.error().problem;
  for (Matcher& matcher : *read) all.terms.push_back({std::move(matcher)});
  return {std::move(all)};
}

Template text(std::string_view written) {
  auto read = parse_template(written);
  if (!read) ADD_FAILURE() << written << ": " << read.error().problem;
  return read ? *read : Template{};
}

RuleSet with(std::vector<TriageRule> triage) {
  RuleSet rules;
  rules.hash = 3;
  rules.services = {{.name = "checkout", .team = "payments", .tier = "0"},
                    {.name = "search", .team = "discovery"}};
  rules.correlation = {{.name = "by-component", .when = {}, .by = {"component"}},
                       {.name = "by-service", .when = {}, .by = {"service"}}};
  rules.severity.map = {{"critical", Severity::sev2, {}}, {"info", Severity::sev4, {}}};
  rules.severity.criteria = {{"tier-0", Severity::sev2, when("tier=\"0\""), {}}};
  rules.triage = std::move(triage);
  for (std::size_t i = 0; i < rules.triage.size(); ++i) {
    rules.triage[i].at = {"rules/a.yaml", static_cast<int>(i) + 1, 5};
    if (rules.triage[i].name.empty()) rules.triage[i].name = "rule-" + std::to_string(i + 1);
  }
  compile(rules);
  return rules;
}

struct Judged {
  Verdict verdict;
  Labels after;
};
Judged judge(const RuleSet& rules, const Labels& labels, const Labels& annotations = {}) {
  Judged out{match(rules, labels, annotations, "prometheus"), {}};
  out.after = labels_after_rules(subject_of(rules, out.verdict, labels, annotations, "prometheus"));
  return out;
}

TEST(TriageRules, OfEachDecisionTheFirstRuleThatMakesItWins) {
  const RuleSet rules = with({
      {.when = when("a=1"), .labels = {{"component", text("first")}}},
      {.when = when("a=1"),
       .labels = {{"component", text("second")}, {"zone", text("z")}},
       .severity = Severity::sev3,
       .hold = Duration(1000)},
      {.when = when("a=1"),
       .severity = Severity::sev1,
       .escalation = "major",
       .hold = Duration(9000),
       .drop = false},
      {.when = when("a=1"), .escalation = "minor", .drop = true},
      {.when = when("a=2"), .drop = true},
  });
  const Judged judged = judge(rules, {{"a", "1"}});
  const Effects& effects = *judged.verdict.effects;
  EXPECT_EQ(labels_to_json(effects.labels), R"({"component":"first","zone":"z"})");
  EXPECT_EQ(judged.verdict.severity, Severity::sev3);
  EXPECT_EQ(judged.verdict.severity_by, SeverityBy::rule);
  EXPECT_EQ(effects.severity_by, (DecidedBy{"rule-2", "rules/a.yaml:2"}));
  EXPECT_EQ(severity_reason(rules, judged.verdict).criterion, "rule-2");
  EXPECT_EQ(effects.escalation, "major");
  EXPECT_EQ(effects.hold, Duration(1000));
  EXPECT_EQ(effects.hold_by.rule, "rule-2");
  EXPECT_FALSE(effects.drop) << "an early drop: false shields from later ones";
  EXPECT_EQ(effects.rules, (std::vector<std::uint32_t>{0, 1, 2, 3}));
  EXPECT_TRUE(judge(rules, {{"a", "2"}}).verdict.effects->drop);
  EXPECT_EQ(judge(rules, {{"a", "3"}}).verdict.effects, nullptr);
}

TEST(TriageRules, SeeTheAlertAsItWasSent) {
  const RuleSet rules = with({
      {.when = when("a=1"), .labels = {{"b", text("1")}}},
      {.when = when("b=1"), .labels = {{"c", text("1")}}},
      {.when = when("team=payments"), .labels = {{"d", text("1")}}},
  });
  EXPECT_EQ(labels_to_json(judge(rules, {{"a", "1"}, {"service", "checkout"}}).after),
            R"({"a":"1","b":"1","service":"checkout","team":"payments","tier":"0"})");
}

TEST(TriageRules, LabelTemplatesSeeTheSentLabelsAndTheOthersThoseAfterAllRules) {
  const RuleSet rules = with({
      {.service = text("{{labels.job}}"),
       .runbook = text("https://runbooks.example.net/{{labels.team}}/{{labels.component}}"),
       .labels = {{"job", text("checkout")}, {"was", text("{{labels.job}}")}},
       .annotations = {{"summary", text("{{ labels.was }} on {{labels.service}}")}}},
      {.labels = {{"component", text("storage")}}},
  });
  const Judged judged = judge(rules, {{"job", "api"}});
  EXPECT_EQ(judged.after.get("service"), "checkout") << "the template saw the job that was set";
  EXPECT_EQ(judged.after.get("was"), "api");
  EXPECT_EQ(judged.after.get("team"), "payments") << "filled in by the service that was set";
  EXPECT_EQ(judged.verdict.service, 0);
  EXPECT_EQ(judged.verdict.effects->runbook, "https://runbooks.example.net/payments/storage");
  EXPECT_EQ(judged.verdict.effects->annotations.get("summary"), "api on checkout");
}

TEST(TriageRules, ATemplateThatYieldsNothingMakesNoDecision) {
  const RuleSet rules = with({
      {.service = text("{{labels.job}}"), .labels = {{"zone", text("{{labels.az}}")}}},
      {.service = text("search"), .labels = {{"zone", text("unknown")}}},
  });
  EXPECT_EQ(judge(rules, {{"x", "1"}}).after.get("service"), "search");
  EXPECT_EQ(judge(rules, {{"x", "1"}}).after.get("zone"), "unknown");
  EXPECT_EQ(judge(rules, {{"az", "a"}, {"job", "checkout"}}).after.get("service"), "checkout");
  EXPECT_EQ(judge(rules, {{"az", "a"}, {"job", "checkout"}}).after.get("zone"), "a");
}

TEST(TriageRules, LaterStagesSeeTheLabelsAfterAllRules) {
  const RuleSet rules = with({
      {.when = when("job=api"),
       .service = text("checkout"),
       .labels = {{"severity", text("info")}}},
      {.when = when("disk"), .labels = {{"component", text("storage")}}},
  });
  const Judged api = judge(rules, {{"job", "api"}, {"severity", "critical"}});
  EXPECT_EQ(api.verdict.severity, Severity::sev2);
  EXPECT_EQ(api.verdict.severity_by, SeverityBy::criterion) << "tier 0 of the service that was set";
  EXPECT_EQ(api.verdict.correlation, 1);
  EXPECT_EQ(judge(rules, {{"disk", "sda"}}).verdict.correlation, 0);
}

TEST(TriageRules, CriteriaRaiseWhatARuleSaysAndNeverLowerIt) {
  const RuleSet rules = with({{.when = when("quiet"), .severity = Severity::sev4},
                              {.when = when("loud"), .severity = Severity::sev1}});
  EXPECT_EQ(judge(rules, {{"quiet", "1"}, {"tier", "0"}}).verdict.severity, Severity::sev2);
  EXPECT_EQ(judge(rules, {{"loud", "1"}, {"tier", "0"}}).verdict.severity, Severity::sev1);
}

TEST(TriageRules, ATeamSetByItselfStandsOverALabelOfThatName) {
  const RuleSet rules = with({{.labels = {{"team", text("label")}}}, {.team = text("own")}});
  EXPECT_EQ(judge(rules, {{"service", "checkout"}}).after.get("team"), "own");
}

TEST(TriageRules, WhatWasDecidedIsKeptAndReadAgain) {
  const RuleSet rules = with({{.service = text("search"),
                               .team = text("own"),
                               .runbook = text("https://runbooks.example.net/x"),
                               .labels = {{"rule", text("1")}, {"a.b", text("2")}},
                               .annotations = {{"summary", text("s")}},
                               .severity = Severity::sev2,
                               .escalation = "major",
                               .hold = std::chrono::minutes(2),
                               .drop = true}});
  const Effects effects = *judge(rules, {{"x", "1"}}).verdict.effects;
  const Labels kept = kept_form(effects);
  EXPECT_EQ(kept_form(effects_of(kept)), kept);
  const Effects read = effects_of(kept);
  EXPECT_EQ(read.labels, effects.labels);
  EXPECT_EQ(read.annotations, effects.annotations);
  EXPECT_EQ(read.severity, Severity::sev2);
  EXPECT_EQ(read.severity_by, effects.severity_by);
  EXPECT_EQ(read.hold, std::chrono::minutes(2));
  EXPECT_EQ(read.hold_by, effects.hold_by);
  EXPECT_TRUE(read.drop);
  EXPECT_EQ(read.drop_by, effects.drop_by);
  EXPECT_EQ(read.runbook, effects.runbook);
  EXPECT_EQ(read.escalation, "major");
  EXPECT_EQ(kept_form(Effects{}).view().count(), 0u);
  EXPECT_EQ(kept_form(effects_of(Labels{{"hold", "never"}, {"severity", "SEV-9"}})).view().count(),
            0u);
}

TEST(TriageRules, WhatWasDecidedStaysUnlessAskedAnew) {
  const RuleSet before = with({{.when = when("a=1"), .labels = {{"component", text("old")}}}});
  const RuleSet now = with({{.when = when("a=1"), .labels = {{"component", text("new")}}}});
  const Labels labels{{"a", "1"}};
  const EffectsRef old = match(before, labels, {}, "p").effects;
  EXPECT_EQ(match_decided(now, old, labels, {}, "p").effects, old);
  EXPECT_EQ(match_labels(now, Triage::as_decided, old, labels, "p").verdict.effects, old);
  EXPECT_EQ(
      match_labels(now, Triage::anew, old, labels, "p").verdict.effects->labels.get("component"),
      "new");
}

TEST(TriageRules, AlertsAboutWhichTheSameIsDecidedShareOneValue) {
  const RuleSet rules = with({{.when = when("a=1"), .service = text("{{labels.job}}")},
                              {.when = when("b=1"), .severity = Severity::sev2}});
  const auto effects = [&](const Labels& labels) { return match(rules, labels, {}, "p").effects; };
  const EffectsRef first = effects({{"a", "1"}, {"job", "x"}, {"pod", "1"}});
  EXPECT_EQ(effects({{"a", "1"}, {"job", "x"}, {"pod", "2"}}), first);
  EXPECT_EQ(effects({{"a", "1"}, {"job", "y"}, {"pod", "2"}})->labels.get("service"), "y");
  EXPECT_EQ(effects({{"b", "1"}, {"pod", "1"}}), effects({{"b", "1"}, {"pod", "2"}}));
  EXPECT_EQ(effects({{"pod", "1"}}), nullptr);
}

TEST(TriageRules, WithoutAnnotationsOnlyWhatTheyCannotChangeIsDecidedAnew) {
  const Labels labels{{"a", "1"}};
  const auto old = std::make_shared<const Effects>(
      Effects{.labels = Labels{{"component", "old"}}, .drop = true, .drop_by = {"noise", "r:1"}});
  const auto anew = [&](const char* condition, TriageRule first) {
    first.when = when(condition);
    const RuleSet rules = with(
        {std::move(first), {.labels = {{"component", text("new")}}, .severity = Severity::sev2}});
    return *match_labels(rules, Triage::anew, old, labels, "p").verdict.effects;
  };
  const TriageRule drops{.drop = true}, sets{.labels = {{"component", text("other")}}};
  EXPECT_EQ(anew("a=1", sets).labels.get("component"), "other");
  EXPECT_EQ(anew("a=1, annotations.noise=yes", sets).labels.get("component"), "old")
      << "nobody knows what it says";
  EXPECT_EQ(anew("a=1, annotations.noise=yes", sets).severity, Severity::sev2)
      << "it says nothing about that";
  EXPECT_FALSE(anew("a=1, annotations.noise=yes", sets).drop) << "nobody drops it any more";
  EXPECT_EQ(anew("a=2, annotations.noise=yes", sets).labels.get("component"), "new")
      << "it cannot hold";
  EXPECT_EQ(anew("a=1, annotations.noise=yes", drops).labels.get("component"), "new");
  EXPECT_TRUE(anew("a=1, annotations.noise=yes", drops).drop);
  EXPECT_EQ(anew("a=1, annotations.noise=yes", drops).drop_by.rule, "noise");
  EXPECT_TRUE(anew("annotations.noise!=yes", drops).drop) << "it may hold or not";
}

TEST(TriageRules, WithoutAnnotationsEachSingleDecisionIsKeptThatARuleMayWin) {
  const Labels labels{{"a", "1"}};
  const Effects old{.labels = Labels{{"service", "s"}, {"team", "t"}, {"x", "1"}},
                    .annotations = Labels{{"note", "n"}},
                    .runbook = "https://old.example.net/",
                    .escalation = "old",
                    .severity = Severity::sev4,
                    .severity_by = {"r", "f:1"},
                    .hold = std::chrono::seconds(60),
                    .hold_by = {"h", "f:2"},
                    .drop = true,
                    .drop_by = {"d", "f:3"}};
  const TriageRule all{.when = when("annotations.noise=yes"),
                       .service = text("new"),
                       .team = text("new"),
                       .runbook = text("https://new.example.net/"),
                       .labels = {{"x", text("2")}},
                       .annotations = {{"note", text("new")}},
                       .severity = Severity::sev1,
                       .escalation = "new",
                       .hold = std::chrono::seconds(1),
                       .drop = false};
  const auto kept =
      match_labels(with({all}), Triage::anew, std::make_shared<const Effects>(old), labels, "p")
          .verdict.effects;
  EXPECT_EQ(kept_form(*kept), kept_form(old));
  EXPECT_EQ(match_labels(with({all}), Triage::anew, nullptr, labels, "p").verdict.effects, nullptr);
}

TEST(Template, ReadsReferencesAndSaysWhatIsWrong) {
  EXPECT_EQ(to_string(text("a {{ labels.b }} c{{labels.d.e}}")), "a {{labels.b}} c{{labels.d.e}}");
  EXPECT_TRUE(text("plain").is_fixed());
  EXPECT_FALSE(text("{{labels.a}}").is_fixed());
  const auto problem = [](std::string_view written) {
    const auto read = parse_template(written);
    return read ? std::string("good")
                : std::to_string(read.error().offset) + ": " + read.error().problem;
  };
  EXPECT_EQ(problem("ab {{labels.x"), "3: \"{{\" is never closed");
  EXPECT_EQ(problem("ab }}"), "3: \"}}\" without \"{{\" before it");
  EXPECT_EQ(problem("{{job}}"), "0: {{job}} refers to no label");
  EXPECT_EQ(problem("{{labels.}}"), "0: {{labels.}} refers to no label");
  EXPECT_EQ(problem("{{labels.a b}}"), "0: {{labels.a b}} refers to no label");
  EXPECT_EQ(problem(std::string(20'000, 'x')), "0: a text longer than 16 KiB");
}

TEST(Template, CutsWhatGrowsTooLongBetweenCharacters) {
  const std::string value(16'383, 'x');
  const Labels labels{{"a", value}};
  const std::string out = expand(text("{{labels.a}}é"), {.labels = labels});
  EXPECT_EQ(out, value);
}

}  // namespace
}  // namespace tocsin::rules
