#include "tocsin/rules/rule_set.h"

#include <algorithm>

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
  verdict.severity_index = static_cast<std::uint16_t>(found - policy.map.begin());
}

/// Criteria raise and never lower. Only a worse one replaces what was decided, so of equally
/// severe ones the first stays.
void raise_to(const SeverityCriterion& criterion, std::size_t index, const Subject& subject,
              Verdict& verdict) {
  if (!is_worse(criterion.severity, verdict.severity)) return;
  if (!holds(criterion.when, subject)) return;
  verdict.severity = criterion.severity;
  verdict.severity_by = SeverityBy::criterion;
  verdict.severity_index = static_cast<std::uint16_t>(index);
}

void raise_by_criteria(const SeverityPolicy& policy, const Subject& subject, Verdict& verdict) {
  for (std::size_t i = 0; i < policy.criteria.size(); ++i) {
    raise_to(policy.criteria[i], i, subject, verdict);
  }
}

bool takes(const CorrelationRule& rule, const Subject& subject) {
  const auto is_present = [&](const std::string& label) {
    return !subject.value_of(label).empty();
  };
  return std::ranges::any_of(rule.by, is_present) && holds(rule.when, subject);
}

std::int32_t first_that_takes(const std::vector<CorrelationRule>& correlation,
                              const Subject& subject) {
  for (std::size_t i = 0; i < correlation.size(); ++i) {
    if (takes(correlation[i], subject)) return static_cast<std::int32_t>(i);
  }
  return -1;
}

/// Names the service in `verdict`, too.
Subject subject_for(const RuleSet& rules, LabelsView labels, LabelsView annotations,
                    std::string_view source, Verdict& verdict) {
  verdict.rules_hash = rules.hash;
  const std::string_view service_name = labels.get("service");
  const Service* service = service_name.empty() ? nullptr : rules.find_service(service_name);
  if (service) verdict.service = static_cast<std::int32_t>(service - rules.services.data());
  return {labels, annotations, source, service, service_name};
}

}  // namespace

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

LabelVerdict match_labels(const RuleSet& rules, LabelsView labels, std::string_view source) {
  LabelVerdict out;
  Verdict& verdict = out.verdict;
  const Subject subject = subject_for(rules, labels, {}, source, verdict);
  decide_by_map(rules.severity, subject.value_of(rules.severity.from_label), verdict);
  for (std::size_t i = 0; i < rules.severity.criteria.size(); ++i) {
    const SeverityCriterion& criterion = rules.severity.criteria[i];
    if (tests_annotations(criterion.when)) {
      out.may_be_worse = true;
    } else {
      raise_to(criterion, i, subject, verdict);
    }
  }
  out.group_is_sure = true;
  for (std::size_t i = 0; i < rules.correlation.size() && verdict.correlation < 0; ++i) {
    if (tests_annotations(rules.correlation[i].when)) {
      out.group_is_sure = false;
    } else if (takes(rules.correlation[i], subject)) {
      verdict.correlation = static_cast<std::int32_t>(i);
    }
  }
  return out;
}

Verdict match(const RuleSet& rules, LabelsView labels, LabelsView annotations,
              std::string_view source) {
  Verdict verdict;
  const Subject subject = subject_for(rules, labels, annotations, source, verdict);
  decide_by_map(rules.severity, subject.value_of(rules.severity.from_label), verdict);
  raise_by_criteria(rules.severity, subject, verdict);
  verdict.correlation = first_that_takes(rules.correlation, subject);
  return verdict;
}

Subject subject_of(const RuleSet& rules, const Verdict& verdict, LabelsView labels,
                   LabelsView annotations, std::string_view source) {
  const Service* service = nullptr;
  if (verdict.service >= 0) {
    const auto index = static_cast<std::size_t>(verdict.service);
    CHECK(index < rules.services.size());
    service = &rules.services[index];
  }
  // A name that nothing defines is kept: the alert belongs to that service all the same.
  return {labels, annotations, source, service, labels.get("service")};
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
  if (!subject.service_name.empty()) pairs.push_back({"service", subject.service_name});
  // Of equal names the last wins: the alert's own labels.
  for (const Label label : subject.labels) pairs.push_back(label);
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
