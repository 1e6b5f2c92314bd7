#include "tocsin/triage/explain.h"

#include <algorithm>
#include <utility>

#include "triage/escalation/escalation.h"
#include "triage/limits.h"
#include "triage/suppression/suppression.h"

namespace tocsin::triage {
namespace {

constexpr std::string_view kOwnSource = "tocsin";

std::vector<Withheld> withheld_by(const rules::EffectsRef& effects, Severity severity) {
  std::vector<Withheld> out;
  if (effects && effects->drop) out.push_back({Withheld::By::drop, effects->drop_by});
  if (effects && effects->hold > Duration::zero()) {
    out.push_back({Withheld::By::hold, effects->hold_by, effects->hold,
                   suppression::may_hold(*effects, severity)});
  }
  if (severity == Severity::none) out.push_back({Withheld::By::severity, {}});
  return out;
}

void choose(const Policy& policy, const rules::Explanation& explained,
            const rules::Subject& subject, Severity severity, EscalationPlan& plan) {
  const rules::Effects* effects = subject.effects;
  if (effects != nullptr && policy.find_escalation(effects->escalation) != nullptr) {
    plan.from = EscalationPlan::From::rule;
    for (const rules::Claim& claim : explained.won) {
      if (claim.what != "escalation") continue;
      const rules::TriageRule& rule = policy.rules.triage[claim.rule];
      plan.chosen_by = {rule.name, format_short(rule.at)};
    }
    return;
  }
  const rules::Service* service = subject.service;
  const bool by_service = service != nullptr && policy.find_escalation(rules::escalation_of(
                                                    *service, severity)) != nullptr;
  const std::string_view team = subject.value_of("team");
  if (by_service) {
    plan.from = EscalationPlan::From::service;
    plan.chosen_by = {service->name, format_short(service->at)};
  } else if (policy.find_escalation(team) != nullptr) {
    plan.from = EscalationPlan::From::team;
    plan.chosen_by = {std::string(team), {}};
  }
}

/// Steps that reach nobody take no time.
void plan_steps(const Escalation& path, EscalationPlan& plan) {
  for (std::size_t i = 0; i < path.steps.size(); ++i) {
    const EscalationStep& step = path.steps[i];
    const bool reaches = !step.channels.empty();
    plan.steps.push_back({static_cast<std::uint32_t>(i + 1), plan.round,
                          reaches ? step.wait : Duration::zero(), step.channels});
    if (reaches) plan.round += step.wait;
  }
}

EscalationPlan plan_for(const Policy& policy, const rules::Explanation& explained,
                        const rules::Subject& subject, Severity severity) {
  const Escalation& path = policy.escalation_for(subject, severity);
  EscalationPlan plan;
  plan.name = path.name;
  if (path.at.line > 0) plan.at = format_short(path.at);
  choose(policy, explained, subject, severity, plan);
  plan_steps(path, plan);
  plan.rounds = plan.round == Duration::zero() ? 0 : static_cast<std::uint32_t>(path.repeat) + 1;
  plan.fallback = path.fallback.empty() ? policy.fallback : path.fallback;
  if (severity == Severity::sev1 || severity == Severity::sev2) {
    plan.again = path.ack_timeout.value_or(kBeginAgain);
  }
  return plan;
}

}  // namespace

Explanation explain(const Policy& policy, const rules::Question& question) {
  Explanation out;
  out.is_own = question.source == kOwnSource;
  rules::Question asked = question;
  if (out.is_own) {
    asked.decided = rules::EffectsRef();
    asked.near = 0;
  }
  out.rules = rules::explain(policy.rules, asked);
  const rules::Verdict& verdict = out.rules.verdict;
  out.severity = out.is_own ? Severity::sev3 : verdict.severity;
  if (out.is_own) {
    out.rules.key.reset();
    out.rules.verdict.correlation = -1;
  }
  out.withheld = withheld_by(verdict.effects, out.severity);
  out.opens = std::ranges::none_of(
      out.withheld, [](const Withheld& one) { return one.by != Withheld::By::hold; });
  const rules::Subject subject = rules::subject_of(policy.rules, verdict, question.labels,
                                                   question.annotations, question.source);
  out.escalation = plan_for(policy, out.rules, subject, out.severity);
  return out;
}

}  // namespace tocsin::triage
