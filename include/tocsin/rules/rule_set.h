#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/alert/identity.h"
#include "tocsin/alert/severity.h"
#include "tocsin/base/diagnostic.h"
#include "tocsin/base/time.h"
#include "tocsin/rules/effects.h"
#include "tocsin/rules/matcher.h"
#include "tocsin/rules/template.h"

namespace tocsin::rules {

struct Compiled;

struct Service {
  std::string name;
  std::string team{};
  std::string tier{};  ///< As written, "" if not given.
  Labels labels{};     ///< Fill labels that an alert lacks.
  std::string runbook{};
  std::string escalation{};  ///< "" = the team's, else `default`.
  /// Escalations by severity, index 0 = SEV-1; "" = `escalation`.
  std::array<std::string, 4> escalation_by_severity{};
  Position at{};
};

/// One triage rule. Each thing it decides is a decision of its own: the first rule in order that
/// makes it wins. All of them see the alert as it was sent.
struct TriageRule {
  std::string name;
  Predicate when;  ///< Empty AllOf: always.
  /// `set`: the templates of labels see the sent labels, the others those after all rules. One that
  /// yields nothing makes no decision.
  std::optional<Template> service, team, runbook;
  struct Setting {
    std::string name;
    Template value;
  };
  std::vector<Setting> labels, annotations;  ///< Each name once.
  std::optional<Severity> severity;
  std::string escalation;  ///< "" = not decided.
  std::optional<Duration> hold;
  std::optional<bool> drop;
  Position at{};
};

struct CorrelationRule {
  std::string name;
  Predicate when;               ///< Empty AllOf: always.
  std::vector<std::string> by;  ///< Applies if at least one of these labels is present.
  Duration window{30 * 60 * 1000};
  Duration max_age{24 * 60 * 60 * 1000};
  Position at{};
};

struct SeverityCriterion {
  std::string name;
  Severity severity = Severity::sev3;
  Predicate when;
  Position at;
};

struct SeverityPolicy {
  Severity otherwise = Severity::sev3;  ///< `severity.default`.
  Position otherwise_at{};
  std::string from_label = "severity";
  struct Mapping {
    std::string word;  ///< Lower case.
    Severity severity;
    Position at;
  };
  std::vector<Mapping> map;  ///< Sorted by word, each once. Like `criteria` at most 65,536.
  std::vector<SeverityCriterion> criteria;
};

/// The compiled rules: immutable, shared by threads, identified by its content.
struct RuleSet {
  std::uint64_t hash = 0;         ///< Of the names and texts of its files; never 0 once compiled.
  std::vector<Service> services;  ///< Sorted by name.
  std::vector<TriageRule> triage;
  std::vector<CorrelationRule> correlation;
  SeverityPolicy severity;
  std::shared_ptr<const Compiled> compiled;  ///< Made by compile().
  const Service* find_service(std::string_view name) const;
};

/// Makes a rule set ready for match(): call it once, when all else is filled. Takes a second for
/// 100,000 rules.
void compile(RuleSet&);

/// What decided a severity: an index into what the rule set of `rules_hash` holds, or a triage rule,
/// whose name and place are in the effects.
enum class SeverityBy : std::uint8_t { otherwise, map, unknown_word, criterion, rule };

/// What the rules say about one alert. Depends on nothing but the rule set and the subject, so it
/// may be computed on any thread and travels with the rule set's hash.
struct Verdict {
  std::uint64_t rules_hash = 0;
  Severity severity = Severity::sev3;
  SeverityBy severity_by = SeverityBy::otherwise;
  std::uint32_t severity_index = 0;  ///< Into `map` or `criteria`.
  std::int32_t service = -1;         ///< Into `services`; -1: none or an unknown name.
  std::int32_t correlation = -1;     ///< Into `correlation`; -1: no rule takes it.
  EffectsRef effects;                ///< Null if no triage rule holds.
};

/// Pure. What a thread has seen before is remembered by it within bounds, so that known values cost
/// no regex. REQUIRES: the rule set was compiled.
Verdict match(const RuleSet&, LabelsView labels, LabelsView annotations, std::string_view source);

/// The same for an alert about which triage rules have decided before: severity criteria and
/// correlation are asked, triage rules are not.
Verdict match_decided(const RuleSet&, const EffectsRef& decided, LabelsView labels,
                      LabelsView annotations, std::string_view source);

/// What regexes cost.
struct RegexLookups {
  std::uint64_t unknown_values = 0;  ///< Values that had to be searched: some microseconds each.
  std::uint64_t out_of_memory = 0;   ///< RE2::Set gave up, patterns were tried one by one: slow.
};
/// What they cost this thread since it asked before.
RegexLookups take_regex_lookups();

/// True if an annotation can change what it says.
bool tests_annotations(const Predicate&);

/// What is certain of an alert whose annotations are not known.
struct LabelVerdict {
  Verdict verdict;             ///< As if no criterion and no correlation rule tested annotations.
  bool may_be_worse = false;   ///< A criterion that tests annotations may have raised it.
  bool group_is_sure = false;  ///< No correlation rule up to the one that takes it tests them.
};
/// Whether triage rules decide anew. A single decision that an annotation could change, because a
/// rule that may hold comes first with it, stays as it was before.
enum class Triage : std::uint8_t { as_decided, anew };
LabelVerdict match_labels(const RuleSet&, Triage, const EffectsRef& decided, LabelsView labels,
                          std::string_view source);

/// The subject every stage after triage rules sees: the sent labels, what rules set over them, and
/// what the service fills in.
Subject subject_of(const RuleSet&, const Verdict&, LabelsView labels, LabelsView annotations,
                   std::string_view source);

/// The labels after rules, as an owned set.
Labels labels_after_rules(const Subject&);

/// The group an alert belongs to: a hash over the rule's name and its `by` labels and values, each
/// of which seeds the next, so that borders are unambiguous. Two chains make 128 bits: one
/// collision in 10^12 groups is not to be expected. Stored with incidents: it may not change.
/// REQUIRES: verdict.correlation >= 0.
Key correlation_key(const CorrelationRule&, const Subject&);

/// The escalation a service names for this severity, else for all; "" if it names none (then its
/// team's decides, which is the policy's to know).
std::string_view escalation_of(const Service&, Severity);

/// {criterion or map word or "default"} and where it stands, for `severity_reason`.
struct SeverityReason {
  std::string criterion;
  std::string at;  ///< "rules/severity.yaml:12"
};
SeverityReason severity_reason(const RuleSet&, const Verdict&);

}  // namespace tocsin::rules
