#include <algorithm>

#include "config/policy_reader.h"

namespace tocsin::config {
namespace {

bool pages_somebody(const triage::Escalation& escalation) {
  return std::ranges::any_of(
      escalation.steps, [](const triage::EscalationStep& step) { return !step.channels.empty(); });
}

/// A step that names people is a promise: nobody may believe to be paged by it who is not.
void check_page(const PageTargets& page, const Reach& reach, Report& report) {
  const auto is_channel = [](const Target& t) { return t.kind == Target::Kind::channel; };
  if (std::ranges::any_of(page.targets, is_channel)) return;
  std::string reasons;
  bool uses_a_mistake = false;
  for (const Target& target : page.targets) {
    const std::string why = reach.why_nobody(target);
    if (why.empty()) {
      report.warning(page.at,
                     page.path + ": pages nobody yet: this version of Tocsin pages channels only",
                     "add channel:NAME beside it");
      return;
    }
    uses_a_mistake = uses_a_mistake || reach.uses_a_mistake(target);
    reasons += (reasons.empty() ? "" : ", ") + why;
  }
  if (uses_a_mistake) return;  // Whom it would reach is not known.
  report.warning(page.at, page.path + ": reaches nobody: " + reasons,
                 "name somebody who has contacts, or a channel");
}

constexpr std::string_view kCure = "give one of its steps a channel: page: [channel:NAME]";

void check_service(const rules::Service& service, const PolicyDraft& draft) {
  for (const Severity severity : {Severity::sev1, Severity::sev2, Severity::sev3, Severity::sev4}) {
    if (!rules::escalation_of(service, severity).empty()) continue;  // A use of its name.
    const triage::Escalation& escalation =
        draft.policy.escalation_for(&service, service.team, severity);
    if (pages_somebody(escalation)) return;
    draft.report.warning(service.at,
                         "the service " + in_quotes(service.name) + ": its escalation, " +
                             in_quotes(escalation.name) + ", pages nobody but its fallback",
                         std::string(kCure));
    return;
  }
}

}  // namespace

void check_reach(PolicyDraft& draft) {
  for (const PageTargets& page : draft.pages) check_page(page, draft.reach, draft.report);
  for (const Reference& used : draft.escalations_used) {
    const triage::Escalation* escalation = draft.policy.find_escalation(used.name);
    if (escalation == nullptr || pages_somebody(*escalation)) continue;
    draft.report.warning(
        used.at,
        used.path + ": the escalation " + in_quotes(used.name) + " pages nobody but its fallback",
        std::string(kCure));
  }
  for (const rules::Service& service : draft.policy.rules.services) check_service(service, draft);
}

}  // namespace tocsin::config
