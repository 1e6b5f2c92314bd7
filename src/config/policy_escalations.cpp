#include <algorithm>
#include <chrono>
#include <utility>

#include "config/policy_reader.h"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

constexpr Duration kDefaultWait = 5min;
constexpr std::uint64_t kRepeatMax = 1000;
constexpr std::size_t kStepsMax = 1000;

void warn_if_empty(const Value::Named& entry, const triage::Escalation& escalation) {
  if (!escalation.steps.empty()) return;
  entry.value.warning("the escalation has no steps and reaches nobody but its fallback",
                      "add steps: [{page: [channel:NAME], wait: 5m}]");
}

triage::EscalationStep read_step(const Value& value, PolicyDraft& draft) {
  Section section(value);
  triage::EscalationStep step;
  step.wait = kDefaultWait;
  const auto page = section.find("page");
  if (page) step.channels = read_page(*page, draft);
  const bool is_empty = !page || is_empty_list(*page);
  if (is_empty && !value.is(Node::Kind::text) && !value.is(Node::Kind::list)) {
    value.warning("the step reaches nobody and is passed over", "add page: [channel:NAME]");
  }
  section.duration("wait", step.wait, 1ms);
  if (const auto severities = section.find("severity")) read_levels(*severities);
  if (const auto during = section.find("during")) use_name(*during, draft.time_intervals_used);
  section.not_yet({"severity", "during"});
  return step;
}

void read_steps(const Value& value, triage::Escalation& escalation, PolicyDraft& draft) {
  const auto elements = value.list();
  if (elements.size() > kStepsMax) {
    value.error("more than 1,000 steps", "use repeat to go through fewer several times");
    return;
  }
  for (const Value& element : elements) escalation.steps.push_back(read_step(element, draft));
}

void read_escalation(const Value::Named& entry, PolicyDraft& draft) {
  if (!draft.escalations.define("escalation", entry.name, entry.at, draft.report)) return;
  triage::Escalation escalation;
  escalation.name = entry.name;
  escalation.at = entry.at;
  Section section(entry.value);
  const auto steps = section.find("steps");
  if (steps) read_steps(*steps, escalation, draft);
  if (!steps || steps->is(Node::Kind::empty) || steps->is(Node::Kind::list)) {
    warn_if_empty(entry, escalation);
  }
  std::uint64_t repeat = 0;
  section.integer("repeat", repeat, 0, kRepeatMax);
  escalation.repeat = static_cast<int>(repeat);
  if (const auto timeout = section.find("ack_timeout")) {
    escalation.ack_timeout = timeout->duration(1ms);
  }
  if (const auto fallback = section.find("fallback")) {
    if (is_empty_list(*fallback)) {
      fallback->error("a fallback that reaches nobody", "name a channel, or leave the key out");
    }
    escalation.fallback = read_page(*fallback, draft);
  }
  draft.policy.escalations.push_back(std::move(escalation));
}

}  // namespace

void read_escalations(const Value& value, PolicyDraft& draft) {
  for (const Value::Named& entry : value.named()) read_escalation(entry, draft);
}

void add_default_escalation(PolicyDraft& draft) {
  if (draft.escalations.has("default")) return;
  triage::Escalation escalation;
  escalation.name = "default";
  escalation.steps.push_back({{"log"}, kDefaultWait});
  draft.policy.escalations.push_back(std::move(escalation));
}

}  // namespace tocsin::config
