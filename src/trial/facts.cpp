#include "trial/facts.h"

#include <algorithm>

#include "tocsin/base/check.h"
#include "tocsin/rules/explain.h"
#include "tocsin/view/view.h"

namespace tocsin::trial {
namespace {

std::string or_none(std::string_view text) { return std::string(text.empty() ? "none" : text); }

std::string shown_id(IncidentId id) {
  return id ? "INC-" + std::to_string(id.value) : std::string("none");
}

/// What stands behind the dot if `name` begins with `group`.
bool is_below(std::string_view& name, std::string_view group) {
  if (!name.starts_with(group) || name.size() <= group.size() || name[group.size()] != '.') {
    return false;
  }
  name.remove_prefix(group.size() + 1);
  return true;
}

std::string_view short_name(triage::Event event) {
  constexpr std::string_view kPrefix = "incident.";
  return triage::to_string(event).substr(kPrefix.size());
}

rules::Subject subject_of(const World& world, const Reported& alert) {
  return rules::subject_of(world.policy().rules, alert.verdict, alert.labels, alert.annotations,
                           alert.source);
}

/// The rule that decided it.
std::string decider(const World& world, const Reported& alert, std::string_view decision) {
  const rules::RuleSet& set = world.policy().rules;
  if (decision == "severity") return rules::severity_reason(set, alert.verdict).criterion;
  if (decision == "correlation") {
    if (alert.verdict.correlation < 0) return "none";
    return set.correlation[static_cast<std::size_t>(alert.verdict.correlation)].name;
  }
  for (const rules::Claim& claim :
       rules::claims_of(set, alert.verdict, alert.labels, alert.annotations, alert.source)) {
    if (claim.what == decision && claim.wins()) return set.triage[claim.rule].name;
  }
  return "none";
}

std::string runbook_of(const World& world, const Reported& alert) {
  const rules::EffectsRef& effects = alert.verdict.effects;
  if (effects != nullptr && !effects->runbook.empty()) return effects->runbook;
  const rules::Subject subject = subject_of(world, alert);
  return or_none(subject.service == nullptr ? "" : std::string_view(subject.service->runbook));
}

/// As sent, and what rules set over them.
Labels annotations_of(const Reported& alert) {
  const rules::EffectsRef& effects = alert.verdict.effects;
  if (effects == nullptr) return alert.annotations;
  return rules::set_over(alert.annotations, effects->annotations);
}

std::string_view suppression_of(const triage::Alert* alert) {
  if (alert == nullptr || alert->status.state != triage::AlertState::firing) return "none";
  if (alert->status.dropped) return "drop";
  return alert->status.held_until == Instant{} ? "none" : "hold";
}

}  // namespace

std::string fact_of(const World& world, const Reported& alert, std::string_view name) {
  if (is_below(name, "labels")) {
    return std::string(rules::labels_after_rules(subject_of(world, alert)).get(name));
  }
  if (is_below(name, "annotations")) return std::string(annotations_of(alert).get(name));
  if (is_below(name, "by")) return decider(world, alert, name);
  const rules::Subject subject = subject_of(world, alert);
  if (name == "service" || name == "team") return or_none(subject.value_of(name));
  if (name == "runbook") return runbook_of(world, alert);
  const triage::Alert* found = world.find(alert);
  if (name == "suppressed") return std::string(suppression_of(found));
  // One that ended a day ago or longer has left memory.
  if (name == "state") {
    return std::string(found == nullptr ? "resolved" : view::to_string(found->status.state));
  }
  if (found == nullptr) return "forgotten";
  if (name == "severity") return std::string(to_string(found->status.severity));
  if (name == "incident") return shown_id(found->status.incident);
  CHECK(!"a fact that no alert has");
}

std::string fact_of(const triage::Incident& incident, std::string_view name) {
  if (is_below(name, "key")) return std::string(incident.key_labels.get(name));
  if (is_below(name, "by")) {
    if (name == "severity") return or_none(incident.severity_criterion);
    return or_none(incident.key_rule);
  }
  if (name == "state") return std::string(view::to_string(incident.state));
  if (name == "severity") return std::string(to_string(incident.severity));
  if (name == "service") return or_none(incident.service);
  if (name == "team") return or_none(incident.team);
  if (name == "runbook") return or_none(incident.runbook);
  if (name == "title") return or_none(incident.title);
  if (name == "escalation") return or_none(incident.escalation.name);
  if (name == "step") return std::to_string(incident.escalation.step);
  if (name == "round") return std::to_string(incident.escalation.round);
  if (name == "cycle") return std::to_string(incident.cycle);
  if (name == "firing") return std::to_string(incident.firing);
  if (name == "resolved") return std::to_string(incident.resolved);
  CHECK(!"a fact that no incident has");
}

std::string fact_of(const Attempt& attempt, std::string_view name) {
  if (name == "channel") return attempt.channel;
  if (name == "event") return std::string(short_name(attempt.event));
  if (name == "incident") return shown_id(attempt.incident);
  if (name == "step") return std::to_string(attempt.step);
  if (name == "round") return std::to_string(attempt.round);
  if (name == "attempt") return std::to_string(attempt.number);
  CHECK(!"a fact that no page has");
}

std::string reason_of(const World& world, const Reported& alert, std::string_view name) {
  if (name != "severity") return {};
  const auto reason = rules::severity_reason(world.policy().rules, alert.verdict);
  return "by " + reason.criterion + (reason.at.empty() ? "" : ", " + reason.at);
}

std::string reason_of(const triage::Incident& incident, std::string_view name) {
  if (name != "severity" || incident.severity_criterion.empty()) return {};
  return "by " + incident.severity_criterion +
         (incident.severity_at.empty() ? "" : ", " + incident.severity_at);
}

std::string shown(const Attempt& attempt) {
  std::string out = attempt.channel + " " + std::string(short_name(attempt.event)) + " " +
                    shown_id(attempt.incident);
  if (attempt.step > 0) {
    out +=
        " (step " + std::to_string(attempt.step) + ", round " + std::to_string(attempt.round) + ")";
  }
  if (attempt.number > 1) out += ", attempt " + std::to_string(attempt.number);
  return out;
}

}  // namespace tocsin::trial
