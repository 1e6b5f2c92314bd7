#include "tocsin/rules/explain.h"

#include <algorithm>
#include <utility>

#include "rules/evaluation.h"
#include "tocsin/base/overloaded.h"

namespace tocsin::rules {
namespace {

DecidedBy decided_by(const TriageRule& rule) { return {rule.name, format_short(rule.at)}; }

/// How many matchers are as they should be: of an `all` those that are, of an `any` the most of one
/// branch. What stands below `not` should be otherwise, and then the two change places.
std::size_t holding_count(const Predicate& predicate, const Subject& subject, bool wanted = true) {
  const auto of = [&](const std::vector<Predicate>& terms, bool sums) {
    std::size_t out = 0;
    for (const Predicate& term : terms) {
      const std::size_t one = holding_count(term, subject, wanted);
      out = sums ? out + one : std::max(out, one);
    }
    return out;
  };
  return std::visit(
      Overloaded{
          [&](const AllOf& all) { return of(all.terms, wanted); },
          [&](const AnyOf& any) { return of(any.terms, !wanted); },
          [&](const Not& no) { return holding_count(no.term.front(), subject, !wanted); },
          [&](const Matcher& matcher) {
            return std::size_t{holds(matcher, subject) == wanted ? 1U : 0U};
          },
      },
      predicate.kind);
}

/// The rules nearest to holding, bounded.
class Nearest {
 public:
  explicit Nearest(std::size_t most) : most_(std::min(most, kNearMax)) {}

  void consider(NearRule::Kind kind, std::size_t rule, const Predicate& when,
                const Subject& subject) {
    if (most_ == 0) return;
    const std::size_t lacks = failing_count(when, subject);
    if (lacks == 0) return;
    if (rules_.size() == most_ && lacks > rules_.back().failing_count) return;
    NearRule one{kind, static_cast<std::uint32_t>(rule), lacks, holding_count(when, subject), {}};
    if (rules_.size() == most_ && !is_nearer(one, rules_.back())) return;
    one.failing = failing(when, subject, kFailingMax);
    // Equally near ones stay in the order of the rules.
    rules_.insert(std::ranges::upper_bound(rules_, one, is_nearer), std::move(one));
    if (rules_.size() > most_) rules_.pop_back();
  }
  std::vector<NearRule> take() { return std::move(rules_); }

 private:
  /// Of rules that lack as little, those of which more is there already are nearer.
  static bool is_nearer(const NearRule& a, const NearRule& b) {
    if (a.failing_count != b.failing_count) return a.failing_count < b.failing_count;
    return a.holding_count > b.holding_count;
  }
  std::size_t most_;
  std::vector<NearRule> rules_;
};

class Explaining {
 public:
  Explaining(const RuleSet& rules, const Question& question)
      : rules_(rules), question_(question), nearest_(question.near) {
    out_.verdict = question.decided
                       ? match_decided(rules, *question.decided, question.labels,
                                       question.annotations, question.source)
                       : match(rules, question.labels, question.annotations, question.source);
    subject_ =
        subject_of(rules, out_.verdict, question.labels, question.annotations, question.source);
    out_.service = subject_.value_of("service");
  }

  Explanation explain() {
    if (!question_.decided) explain_triage();
    explain_labels();
    explain_severity();
    explain_correlation();
    out_.near = nearest_.take();
    return std::move(out_);
  }

 private:
  void explain_triage() {
    if (const EffectsRef& effects = out_.verdict.effects) {
      out_.held_count = effects->rules.size();
      for (const std::uint32_t rule : effects->rules) {
        if (out_.held.size() == kHeldMax) break;
        out_.held.push_back({rule, {}});
      }
    }
    for (Claim& claim : claims_of(rules_, out_.verdict, question_.labels, question_.annotations,
                                  question_.source)) {
      if (claim.wins()) out_.won.push_back(claim);
      const auto held = std::ranges::lower_bound(out_.held, claim.rule, {}, &HeldRule::rule);
      if (held != out_.held.end() && held->rule == claim.rule) {
        held->claims.push_back(std::move(claim));
      }
    }
    const Subject sent{.labels = question_.labels,
                       .annotations = question_.annotations,
                       .source = question_.source};
    for (std::size_t i = 0; i < rules_.triage.size(); ++i) {
      nearest_.consider(NearRule::Kind::triage, i, rules_.triage[i].when, sent);
    }
  }

  DecidedBy rule_of_label(std::string_view name) const {
    for (const Claim& claim : out_.won) {
      const bool is_it =
          (claim.what == name && (name == "service" || name == "team")) ||
          (claim.what.starts_with("labels.") && std::string_view(claim.what).substr(7) == name);
      if (is_it) return decided_by(rules_.triage[claim.rule]);
    }
    return {};
  }

  void explain_labels() {
    const Effects* effects = out_.verdict.effects.get();
    const Labels after = labels_after_rules(subject_);
    for (const Label label : after.view()) {
      LabelOrigin origin{std::string(label.name), std::string(label.value)};
      const std::string_view sent = question_.labels.get(label.name);
      const bool by_rule = effects != nullptr && !effects->labels.get(label.name).empty();
      if (by_rule) {
        origin.from = LabelOrigin::From::rule;
        origin.by = rule_of_label(label.name);
      } else if (sent.empty() && subject_.service != nullptr) {
        origin.from = LabelOrigin::From::service;
        origin.by = {subject_.service->name, format_short(subject_.service->at)};
      }
      if (sent != label.value) origin.sent = sent;
      out_.labels.push_back(std::move(origin));
    }
  }

  void explain_severity() {
    const SeverityPolicy& policy = rules_.severity;
    out_.word = subject_.value_of(policy.from_label);
    out_.unraised = out_.verdict;
    decide_severity(rules_, subject_, out_.unraised);
    for (std::size_t i = 0; i < policy.criteria.size(); ++i) {
      const SeverityCriterion& criterion = policy.criteria[i];
      if (holds(criterion.when, subject_)) {
        const bool decides =
            out_.verdict.severity_by == SeverityBy::criterion && out_.verdict.severity_index == i;
        out_.raised.push_back({static_cast<std::uint32_t>(i), decides});
      } else if (is_worse(criterion.severity, out_.verdict.severity)) {
        nearest_.consider(NearRule::Kind::severity, i, criterion.when, subject_);
      }
    }
  }

  void explain_correlation() {
    const auto taken = static_cast<std::size_t>(out_.verdict.correlation);
    const bool is_taken = out_.verdict.correlation >= 0;
    const std::size_t end = is_taken ? taken : rules_.correlation.size();
    for (std::size_t i = 0; i < end; ++i) {
      const CorrelationRule& rule = rules_.correlation[i];
      if (holds(rule.when, subject_)) {
        out_.without_labels.push_back(static_cast<std::uint32_t>(i));
      } else {
        nearest_.consider(NearRule::Kind::correlation, i, rule.when, subject_);
      }
    }
    if (!is_taken) return;
    const CorrelationRule& rule = rules_.correlation[taken];
    std::vector<Label> by;
    by.reserve(rule.by.size());
    for (const std::string& name : rule.by) by.push_back({name, subject_.value_of(name)});
    out_.by = Labels(std::move(by));
    out_.key = correlation_key(rule, subject_);
  }

  const RuleSet& rules_;
  const Question& question_;
  Explanation out_;
  Subject subject_;
  Nearest nearest_;
};

}  // namespace

Explanation explain(const RuleSet& rules, const Question& question) {
  return Explaining(rules, question).explain();
}

}  // namespace tocsin::rules
