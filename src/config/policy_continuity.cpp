#include <chrono>

#include "config/policy_reader.h"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kRecursMax = 1000;

/// `{severity: SEV-1, lasting: 1h, services: [checkout]}`, each to be had for the plan to start.
void read_condition(const Value& value, PolicyDraft& draft) {
  Section section(value);
  const auto severity = section.find("severity");
  const auto lasting = section.find("lasting");
  const auto services = section.find("services");
  if (severity) read_level(*severity);
  if (lasting) lasting->duration(1min);
  if (services) {
    if (is_empty_list(*services)) services->error("a list without a service", "leave the key out");
    use_names(*services, draft.services_used);
  }
  if (!severity && !lasting && !services && value.is_mapping()) {
    value.error("says nothing of the incident", "write severity, lasting or services");
  }
}

void read_plan(const Value& value, PolicyDraft& draft) {
  Section section(value);
  define_element(section, "continuity plan", draft.continuity, draft);
  if (const auto when = section.require(
          "when", "say for which incidents, such as when: {severity: SEV-1, lasting: 1h}")) {
    read_condition(*when, draft);
  }
  if (const auto plan = section.require("plan", "say where the plan is: plan: https://…")) {
    std::string url;
    read_web_address(*plan, url);
  }
  if (const auto tree = section.require("tree", "say who is called, such as tree: [user:ana]")) {
    if (is_empty_list(*tree)) tree->error("nobody is called", "name a target, such as user:ana");
    read_targets(*tree, draft);
  }
}

}  // namespace

void read_continuity(const Value& value, PolicyDraft& draft) {
  for (const Value& element : value.list()) read_plan(element, draft);
}

void read_problems(const Value& value, PolicyDraft& draft) {
  if (!is_only_one(value, draft.problems_at, draft.report)) return;
  Section section(value);
  if (const auto count = section.find("recurs")) count->integer(2, kRecursMax);
  if (const auto within = section.find("within")) within->duration(1h);
}

}  // namespace tocsin::config
