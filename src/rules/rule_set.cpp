#include "tocsin/rules/rule_set.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "rules/evaluation.h"
#include "rules/triage_rules.h"
#include "tocsin/base/check.h"
#include "tocsin/base/overloaded.h"

namespace tocsin::rules {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\f\v";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// Whether `word`, in lower case, comes before `text` as it would be in lower case.
bool is_before(std::string_view word, std::string_view text) {
  return std::ranges::lexicographical_compare(
      word, text,
      [](char a, char b) { return static_cast<unsigned char>(a) < static_cast<unsigned char>(b); },
      {}, lower);
}

bool is_word(std::string_view word, std::string_view text) {
  return std::ranges::equal(word, text, {}, {}, lower);
}

/// What the map says about the sender's word.
void decide_by_map(const SeverityPolicy& policy, std::string_view sent, Verdict& verdict) {
  const std::string_view text = trim(sent);
  verdict.severity = policy.otherwise;
  verdict.severity_by = SeverityBy::otherwise;
  if (text.empty()) return;
  const auto found =
      std::ranges::lower_bound(policy.map, text, is_before, &SeverityPolicy::Mapping::word);
  if (found == policy.map.end() || !is_word(found->word, text)) {
    verdict.severity_by = SeverityBy::unknown_word;
    return;
  }
  verdict.severity = found->severity;
  verdict.severity_by = SeverityBy::map;
  verdict.severity_index = static_cast<std::uint32_t>(found - policy.map.begin());
}

/// Criteria raise and never lower. Only a worse one replaces what was decided, so of equally
/// severe ones the first stays.
void raise_to(const SeverityPolicy& policy, std::uint32_t index, Verdict& verdict) {
  const SeverityCriterion& criterion = policy.criteria[index];
  if (!is_worse(criterion.severity, verdict.severity)) return;
  verdict.severity = criterion.severity;
  verdict.severity_by = SeverityBy::criterion;
  verdict.severity_index = static_cast<std::uint32_t>(index);
}

bool groups(const CorrelationRule& rule, const Subject& subject) {
  return std::ranges::any_of(
      rule.by, [&](const std::string& label) { return !subject.value_of(label).empty(); });
}

/// Names the service in `verdict`, too.
Subject subject_for(const RuleSet& rules, LabelsView labels, LabelsView annotations,
                    std::string_view source, Verdict& verdict) {
  verdict.rules_hash = rules.hash;
  Subject subject{labels, annotations, source, nullptr, verdict.effects.get()};
  const std::string_view name = subject.value_of("service");
  subject.service = name.empty() ? nullptr : rules.find_service(name);
  if (subject.service != nullptr) {
    verdict.service = static_cast<std::int32_t>(subject.service - rules.services.data());
  }
  return subject;
}

/// The value if it does not depend on annotations, which nobody knows.
std::optional<bool> holds_unseen(const Predicate& predicate, const Subject& subject);

/// `decisive` decides alone, whatever is not known.
std::optional<bool> holds_unseen(const std::vector<Predicate>& terms, const Subject& subject,
                                 bool decisive) {
  bool known = true;
  for (const Predicate& term : terms) {
    const std::optional<bool> one = holds_unseen(term, subject);
    if (one == decisive) return decisive;
    known = known && one.has_value();
  }
  return known ? std::optional(!decisive) : std::nullopt;
}

std::optional<bool> holds_unseen(const Predicate& predicate, const Subject& subject) {
  return std::visit(Overloaded{
                        [&](const AllOf& all) { return holds_unseen(all.terms, subject, false); },
                        [&](const AnyOf& any) { return holds_unseen(any.terms, subject, true); },
                        [&](const Not& negated) {
                          std::optional<bool> one = holds_unseen(negated.term.front(), subject);
                          if (one) one = !*one;
                          return one;
                        },
                        [&](const Matcher& matcher) {
                          return matcher.field == Field::annotation
                                     ? std::nullopt
                                     : std::optional(holds(matcher, subject));
                        },
                    },
                    predicate.kind);
}

/// Triage rules that wait for an annotation to decide, ascending.
std::vector<std::uint32_t> open_rules(const RuleSet& rules, const Subject& sent) {
  std::vector<std::uint32_t> open;
  for (const std::uint32_t rule : rules.compiled->asks_annotations) {
    if (!holds_unseen(rules.triage[rule].when, sent)) open.push_back(rule);
  }
  return open;
}

/// What later stages say once triage rules have decided.
Verdict judge(const RuleSet& rules, Evaluation& evaluation, EffectsRef effects, LabelsView labels,
              LabelsView annotations, std::string_view source) {
  Verdict verdict;
  verdict.effects = std::move(effects);
  const Subject subject = subject_for(rules, labels, annotations, source, verdict);
  evaluation.see(subject);
  decide_severity(rules, subject, verdict);
  for (const std::uint32_t index : evaluation.criteria()) {
    raise_to(rules.severity, index, verdict);
  }
  for (const std::uint32_t index : evaluation.correlation()) {
    if (!groups(rules.correlation[index], subject)) continue;
    verdict.correlation = static_cast<std::int32_t>(index);
    break;
  }
  return verdict;
}

}  // namespace

void decide_severity(const RuleSet& rules, const Subject& subject, Verdict& verdict) {
  if (verdict.effects && verdict.effects->severity) {
    verdict.severity = *verdict.effects->severity;
    verdict.severity_by = SeverityBy::rule;
    return;
  }
  decide_by_map(rules.severity, subject.value_of(rules.severity.from_label), verdict);
}

const Service* RuleSet::find_service(std::string_view name) const {
  const auto found = std::ranges::lower_bound(services, name, {}, &Service::name);
  return found != services.end() && found->name == name ? &*found : nullptr;
}

bool tests_annotations(const Predicate& predicate) {
  const auto any_of = [](const std::vector<Predicate>& terms) {
    return std::ranges::any_of(terms, tests_annotations);
  };
  return std::visit(Overloaded{
                        [&](const AllOf& all) { return any_of(all.terms); },
                        [&](const AnyOf& any) { return any_of(any.terms); },
                        [&](const Not& negated) { return any_of(negated.term); },
                        [](const Matcher& matcher) { return matcher.field == Field::annotation; },
                    },
                    predicate.kind);
}

void compile(RuleSet& rules) { rules.compiled = std::make_shared<const Compiled>(rules); }

LabelVerdict match_labels(const RuleSet& rules, Triage triage, const EffectsRef& decided,
                          LabelsView labels, std::string_view source) {
  const Compiled& compiled = *rules.compiled;
  Evaluation evaluation(rules, labels, {}, source);
  LabelVerdict out;
  Verdict& verdict = out.verdict;
  verdict.effects = decided;
  if (triage == Triage::anew) {
    const auto open = open_rules(rules, {.labels = labels, .source = source});
    verdict.effects = open.empty() ? evaluation.triage() : evaluation.triage_unseen(open, decided);
  }
  const Subject subject = subject_for(rules, labels, {}, source, verdict);
  evaluation.see(subject);
  decide_severity(rules, subject, verdict);
  for (const std::uint32_t index : evaluation.criteria()) {
    if (!compiled.criterion_asks[index]) raise_to(rules.severity, index, verdict);
  }
  out.may_be_worse =
      std::ranges::find(compiled.criterion_asks, true) != compiled.criterion_asks.end();
  std::uint32_t sure_below = 0;  // The first rule that nobody can be sure of.
  while (sure_below < compiled.correlation_asks.size() && !compiled.correlation_asks[sure_below]) {
    ++sure_below;
  }
  for (const std::uint32_t index : evaluation.correlation()) {
    if (compiled.correlation_asks[index] || !groups(rules.correlation[index], subject)) continue;
    verdict.correlation = static_cast<std::int32_t>(index);
    break;
  }
  const auto last = verdict.correlation < 0 ? rules.correlation.size()
                                            : static_cast<std::size_t>(verdict.correlation);
  out.group_is_sure = sure_below >= last;
  return out;
}

Verdict match(const RuleSet& rules, LabelsView labels, LabelsView annotations,
              std::string_view source) {
  Evaluation evaluation(rules, labels, annotations, source);
  return judge(rules, evaluation, evaluation.triage(), labels, annotations, source);
}

Verdict match_decided(const RuleSet& rules, const EffectsRef& decided, LabelsView labels,
                      LabelsView annotations, std::string_view source) {
  Evaluation evaluation(rules, labels, annotations, source);
  return judge(rules, evaluation, decided, labels, annotations, source);
}

Subject subject_of(const RuleSet& rules, const Verdict& verdict, LabelsView labels,
                   LabelsView annotations, std::string_view source) {
  const Service* service = nullptr;
  if (verdict.service >= 0) {
    const auto index = static_cast<std::size_t>(verdict.service);
    CHECK(index < rules.services.size());
    service = &rules.services[index];
  }
  return {labels, annotations, source, service, verdict.effects.get()};
}

Labels labels_after_rules(const Subject& subject) {
  std::vector<Label> pairs;
  if (subject.service) {
    for (const Label label : subject.service->labels.view()) pairs.push_back(label);
    for (const Label label :
         {Label{"team", subject.service->team}, {"tier", subject.service->tier}}) {
      if (!label.value.empty()) pairs.push_back(label);
    }
  }
  // Of equal names the last wins: what rules set, then the alert's own labels.
  for (const Label label : subject.labels) pairs.push_back(label);
  if (subject.effects != nullptr) {
    for (const Label label : subject.effects->labels.view()) pairs.push_back(label);
  }
  return Labels(std::move(pairs));
}

Key correlation_key(const CorrelationRule& rule, const Subject& subject) {
  Key key{content_hash(rule.name, 1), content_hash(rule.name, 2)};
  const auto add = [&key](std::string_view text) {
    key = {content_hash(text, key.high), content_hash(text, key.low)};
  };
  for (const std::string& label : rule.by) {
    add(label);
    add(subject.value_of(label));
  }
  return key;
}

std::string_view escalation_of(const Service& service, Severity severity) {
  if (severity == Severity::none) return service.escalation;
  const std::string& own = service.escalation_by_severity[static_cast<std::size_t>(severity) - 1];
  return own.empty() ? service.escalation : own;
}

SeverityReason severity_reason(const RuleSet& rules, const Verdict& verdict) {
  const SeverityPolicy& policy = rules.severity;
  switch (verdict.severity_by) {
    case SeverityBy::otherwise:
    case SeverityBy::unknown_word:
      return {"default", format_short(policy.otherwise_at)};
    case SeverityBy::rule: {
      CHECK(verdict.effects != nullptr);
      const DecidedBy& by = verdict.effects->severity_by;
      return {by.rule, by.at};
    }
    case SeverityBy::map: {
      CHECK(verdict.severity_index < policy.map.size());
      const SeverityPolicy::Mapping& mapping = policy.map[verdict.severity_index];
      return {mapping.word, format_short(mapping.at)};
    }
    case SeverityBy::criterion: {
      CHECK(verdict.severity_index < policy.criteria.size());
      const SeverityCriterion& criterion = policy.criteria[verdict.severity_index];
      return {criterion.name, format_short(criterion.at)};
    }
  }
  CHECK(!"a severity decided by nothing");
}

}  // namespace tocsin::rules
