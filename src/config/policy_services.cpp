#include <optional>
#include <utility>

#include "config/policy_reader.h"

namespace tocsin::config {
namespace {

void read_labels(const Value& value, Labels& out) {
  const auto entries = value.named();
  std::vector<std::pair<std::string, std::string>> texts;
  for (const Value::Named& entry : entries) {
    if (auto text = entry.value.text()) texts.emplace_back(entry.name, std::move(*text));
  }
  std::vector<Label> labels;
  labels.reserve(texts.size());
  for (const auto& [name, text] : texts) labels.push_back({name, text});
  out = Labels(std::move(labels));
}

void use_escalation(const Value& value, std::string& out, PolicyDraft& draft) {
  if (auto name = use_name(value, draft.escalations_used)) out = std::move(*name);
}

/// The services this one needs; circles are looked for once all are known.
void read_dependencies(const Value& value, const std::string& service, PolicyDraft& draft) {
  std::vector<Reference> uses;
  use_names(value, uses);
  for (const Reference& used : uses) {
    if (used.name == service) {
      draft.report.error(used.at, used.path + ": the service depends on itself", "remove it");
      continue;
    }
    draft.services_used.push_back(used);
    draft.depends_on[service].push_back(used);
  }
}

/// One name for all severities, or `{SEV-1: name, default: name}`.
void read_escalation(const Value& value, rules::Service& service, PolicyDraft& draft) {
  if (!value.is(Node::Kind::mapping)) {
    use_escalation(value, service.escalation, draft);
    return;
  }
  Section section(value);
  for (const Severity severity : {Severity::sev1, Severity::sev2, Severity::sev3, Severity::sev4}) {
    const auto index = static_cast<std::size_t>(severity) - 1;
    if (const auto name = section.find(to_string(severity))) {
      use_escalation(*name, service.escalation_by_severity[index], draft);
    }
  }
  if (const auto name = section.find("default")) use_escalation(*name, service.escalation, draft);
}

void read_service(const Value::Named& entry, PolicyDraft& draft) {
  if (!draft.services.define("service", entry.name, entry.at, draft.report)) return;
  rules::Service service;
  service.name = entry.name;
  service.at = entry.at;
  Section section(entry.value);
  if (const auto team = section.find("team")) {
    if (auto name = use_name(*team, draft.teams_used)) service.team = std::move(*name);
  }
  section.text("tier", service.tier);
  if (const auto labels = section.find("labels")) read_labels(*labels, service.labels);
  if (const auto name = section.find("escalation")) read_escalation(*name, service, draft);
  if (const auto runbook = section.find("runbook")) {
    read_web_address(*runbook, service.runbook);
  } else {
    draft.report.warning(entry.at, entry.value.path() + ": the service has no runbook",
                         "add runbook: https://…, what to do when it breaks");
  }
  if (const auto needed = section.find("depends_on")) read_dependencies(*needed, entry.name, draft);
  section.not_yet({"depends_on"});
  draft.policy.rules.services.push_back(std::move(service));
}

}  // namespace

void read_web_address(const Value& value, std::string& out) {
  auto text = value.text();
  if (!text) return;
  if (!text->starts_with("https://") && !text->starts_with("http://")) {
    value.error(in_quotes(*text) + " is no web address", "begin it with https:// or http://");
    return;
  }
  out = std::move(*text);
}

void read_services(const Value& value, PolicyDraft& draft) {
  for (const Value::Named& entry : value.named()) read_service(entry, draft);
}

}  // namespace tocsin::config
