#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "rules/random_rules.h"
#include "tocsin/rules/rule_set.h"

namespace tocsin::rules {
namespace {

using namespace std::string_view_literals;

/// What an alert carries.
struct Sent {
  Labels labels, annotations;
  std::string source;
  Subject subject() const {
    return {.labels = labels, .annotations = annotations, .source = source};
  }
};

std::vector<std::uint32_t> held_by(const RuleSet& rules, const Sent& sent) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = 0; i < rules.triage.size(); ++i) {
    if (holds(rules.triage[i].when, sent.subject())) out.push_back(i);
  }
  return out;
}

/// The first rule whose text yields something.
std::string first_text(const RuleSet& rules, const std::vector<std::uint32_t>& held,
                       std::optional<Template> TriageRule::*text, const Subject& subject) {
  for (const std::uint32_t rule : held) {
    const std::optional<Template>& one = rules.triage[rule].*text;
    const std::string value = one ? expand(*one, subject) : "";
    if (!value.empty()) return value;
  }
  return "";
}

/// Of each name the first rule that yields something.
Labels first_settings(const RuleSet& rules, const std::vector<std::uint32_t>& held,
                      std::vector<TriageRule::Setting> TriageRule::*settings,
                      const Subject& subject) {
  Labels out;
  for (const std::uint32_t rule : held) {
    for (const TriageRule::Setting& setting : rules.triage[rule].*settings) {
      if (!out.get(setting.name).empty()) continue;
      const std::string value = expand(setting.value, subject);
      out = set_over(out, Labels{{setting.name, value}});
    }
  }
  return out;
}

void decide_words(const RuleSet& rules, Effects& effects) {
  std::optional<Duration> hold;
  std::optional<bool> drop;
  for (const std::uint32_t index : effects.rules) {
    const TriageRule& rule = rules.triage[index];
    const DecidedBy by = {rule.name, format_short(rule.at)};
    if (rule.severity && !effects.severity) {
      effects.severity = rule.severity;
      effects.severity_by = by;
    }
    if (effects.escalation.empty()) effects.escalation = rule.escalation;
    if (rule.hold && !hold) {
      hold = effects.hold = *rule.hold;
      if (*hold > Duration::zero()) effects.hold_by = by;
    }
    if (rule.drop && !drop) {
      drop = effects.drop = *rule.drop;
      if (*drop) effects.drop_by = by;
    }
  }
}

/// What triage rules decide, in the order in which decisions see each other: labels, service, team,
/// all else.
EffectsRef decide(const RuleSet& rules, const Sent& sent) {
  const std::vector<std::uint32_t> held = held_by(rules, sent);
  if (held.empty()) return nullptr;
  Effects effects{.rules = held};
  Subject subject = sent.subject();
  effects.labels = first_settings(rules, held, &TriageRule::labels, subject);
  subject.effects = &effects;
  const std::string service = first_text(rules, held, &TriageRule::service, subject);
  effects.labels = set_over(effects.labels, Labels{{"service", service}});
  subject.service = rules.find_service(subject.value_of("service"));
  const std::string team = first_text(rules, held, &TriageRule::team, subject);
  effects.labels = set_over(effects.labels, Labels{{"team", team}});
  effects.annotations = first_settings(rules, held, &TriageRule::annotations, subject);
  effects.runbook = first_text(rules, held, &TriageRule::runbook, subject);
  decide_words(rules, effects);
  return std::make_shared<const Effects>(std::move(effects));
}

/// Without blanks around it, in lower case.
std::string as_word(std::string_view text) {
  std::string out(text);
  while (!out.empty() && " \n"sv.contains(out.back())) out.pop_back();
  while (!out.empty() && " \n"sv.contains(out.front())) out.erase(0, 1);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

void judge_severity(const RuleSet& rules, const Subject& subject, Verdict& verdict) {
  const SeverityPolicy& policy = rules.severity;
  if (verdict.effects && verdict.effects->severity) {
    verdict.severity = *verdict.effects->severity;
    verdict.severity_by = SeverityBy::rule;
  } else {
    const std::string word = as_word(subject.value_of(policy.from_label));
    verdict.severity = policy.otherwise;
    verdict.severity_by = word.empty() ? SeverityBy::otherwise : SeverityBy::unknown_word;
    for (std::size_t i = 0; i < policy.map.size(); ++i) {
      if (policy.map[i].word != word) continue;
      verdict.severity = policy.map[i].severity;
      verdict.severity_by = SeverityBy::map;
      verdict.severity_index = static_cast<std::uint16_t>(i);
    }
  }
  for (std::size_t i = 0; i < policy.criteria.size(); ++i) {
    const SeverityCriterion& criterion = policy.criteria[i];
    if (!is_worse(criterion.severity, verdict.severity) || !holds(criterion.when, subject))
      continue;
    verdict.severity = criterion.severity;
    verdict.severity_by = SeverityBy::criterion;
    verdict.severity_index = static_cast<std::uint16_t>(i);
  }
}

/// What match() must say, rule by rule: no index, nothing remembered.
Verdict judge(const RuleSet& rules, const Sent& sent, const EffectsRef& effects) {
  Verdict verdict{.rules_hash = rules.hash, .effects = effects};
  Subject subject = sent.subject();
  subject.effects = effects.get();
  const std::string service(subject.value_of("service"));
  for (std::size_t i = 0; i < rules.services.size(); ++i) {
    if (rules.services[i].name == service) verdict.service = static_cast<std::int32_t>(i);
  }
  subject = subject_of(rules, verdict, sent.labels, sent.annotations, sent.source);
  judge_severity(rules, subject, verdict);
  for (std::size_t i = 0; i < rules.correlation.size() && verdict.correlation < 0; ++i) {
    const CorrelationRule& rule = rules.correlation[i];
    const bool groups = std::ranges::any_of(
        rule.by, [&](const std::string& label) { return !subject.value_of(label).empty(); });
    if (groups && holds(rule.when, subject)) verdict.correlation = static_cast<std::int32_t>(i);
  }
  return verdict;
}

std::string show(const Verdict& verdict) {
  std::string out =
      std::to_string(verdict.rules_hash) + " " + std::string(to_string(verdict.severity)) + " by " +
      std::to_string(static_cast<int>(verdict.severity_by)) + "/" +
      std::to_string(verdict.severity_index) + ", service " + std::to_string(verdict.service) +
      ", correlation " + std::to_string(verdict.correlation);
  if (!verdict.effects) return out;
  out += ", decided by";
  for (const std::uint32_t rule : verdict.effects->rules) out += " " + std::to_string(rule);
  return out + ": " + labels_to_json(kept_form(*verdict.effects));
}

/// Rule sets in which all stages meet: what rules set and services fill is what later stages ask.
class RandomRuleSets {
 public:
  explicit RandomRuleSets(std::uint64_t seed)
      : random_(seed, {"service", "team", "tier", "severity"}) {}

  RuleSet rule_set(std::uint64_t hash) {
    RuleSet out;
    out.hash = hash;
    out.services = services();
    for (std::size_t i = random_.below(25); i > 0; --i) out.triage.push_back(triage_rule(i));
    for (std::size_t i = random_.below(12); i > 0; --i) {
      out.severity.criteria.push_back(
          {.name = "c", .severity = severity(), .when = random_.predicate(3)});
    }
    for (std::size_t i = random_.below(12); i > 0; --i) {
      CorrelationRule rule{.name = "g", .when = random_.predicate(3)};
      for (std::size_t j = random_.below(3); j > 0; --j) rule.by.push_back(random_.name());
      out.correlation.push_back(std::move(rule));
    }
    out.severity.otherwise = severity();
    for (const char* const word : {"a", "ab", "b", "prod"}) {
      if (random_.chance(0.7)) out.severity.map.push_back({word, severity(), {}});
    }
    return out;
  }
  Sent sent() { return {random_.labels(), random_.annotations(), random_.source()}; }
  std::size_t below(std::size_t end) { return random_.below(end); }

 private:
  Severity severity() { return static_cast<Severity>(1 + random_.below(5)); }

  std::vector<Service> services() {
    std::vector<Service> out;
    for (const char* const name : {"a", "ab", "b", "prod"}) {  // Sorted.
      if (random_.chance(0.3)) continue;
      Service service{.name = name};
      if (random_.chance(0.6)) service.team = random_.value();
      if (random_.chance(0.6)) service.tier = random_.value();
      const std::string value = random_.value(), other = random_.value();
      const std::string first = random_.name(), second = random_.name();
      if (random_.chance(0.7)) service.labels = {{first, value}, {second, other}};
      out.push_back(std::move(service));
    }
    return out;
  }

  Template text() {
    Template out;
    if (random_.chance(0.5)) out.parts.push_back({random_.value(), false});
    if (random_.chance(0.4)) out.parts.push_back({random_.name(), true});
    return out;
  }

  TriageRule triage_rule(std::size_t number) {
    TriageRule out{.name = "r" + std::to_string(number), .when = random_.predicate(3)};
    const auto maybe = [&](auto& decision, auto value) {
      if (random_.chance(0.3)) decision = value;
    };
    maybe(out.service, text());
    maybe(out.team, text());
    maybe(out.runbook, text());
    if (random_.chance(0.4)) out.labels.push_back({random_.name(), text()});
    if (random_.chance(0.2)) out.annotations.push_back({random_.name(), text()});
    maybe(out.severity, static_cast<Severity>(1 + random_.below(4)));
    maybe(out.escalation, random_.value());
    maybe(out.hold, Duration(static_cast<std::int64_t>(random_.below(3)) * 1000));
    maybe(out.drop, random_.chance(0.5));
    out.at = {"rules/r.yaml", static_cast<int>(number), 1};
    return out;
  }

  RandomRules random_;
};

TEST(RuleSet, SaysWhatItsRulesSayOneByOne) {
  std::array<std::size_t, 5> by{};
  std::size_t decided = 0, correlated = 0, of_service = 0;
  for (std::uint64_t seed = 1; seed <= 250; ++seed) {
    RandomRuleSets random(seed);
    RuleSet rules = random.rule_set(seed);
    compile(rules);
    std::vector<Sent> sent;
    for (int i = 0; i < 25; ++i) sent.push_back(random.sent());
    EffectsRef before;
    for (int i = 0; i < 50; ++i) {  // Some meet what is remembered of others.
      const Sent& one = sent[random.below(sent.size())];
      const Verdict found = match(rules, one.labels, one.annotations, one.source);
      const Verdict expected = judge(rules, one, decide(rules, one));
      ASSERT_EQ(show(found), show(expected))
          << "seed " << seed << ", " << labels_to_json(one.labels) << " "
          << labels_to_json(one.annotations) << " " << one.source;
      const Verdict later = match_decided(rules, before, one.labels, one.annotations, one.source);
      ASSERT_EQ(show(later), show(judge(rules, one, before))) << "seed " << seed;
      before = found.effects;
      ++by[static_cast<std::size_t>(found.severity_by)];
      decided += found.effects ? 1 : 0;
      correlated += found.correlation >= 0 ? 1 : 0;
      of_service += found.service >= 0 ? 1 : 0;
    }
  }
  for (const std::size_t count : by) EXPECT_GT(count, 100u) << "each way to a severity is gone";
  EXPECT_GT(decided, 1000u);
  EXPECT_GT(correlated, 1000u);
  EXPECT_GT(of_service, 1000u);
}

}  // namespace
}  // namespace tocsin::rules
