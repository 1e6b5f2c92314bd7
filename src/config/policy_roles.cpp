#include <chrono>

#include "config/policy_reader.h"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

/// `page`, which must name somebody.
void require_page(Section& section, PolicyDraft& draft) {
  const auto page = section.require("page", "say who is asked, such as page: [team:payments]");
  if (!page) return;
  if (is_empty_list(*page)) page->error("nobody is asked", "name a target, such as team:payments");
  read_targets(*page, draft);
}

void read_role(const Value::Named& entry, PolicyDraft& draft) {
  draft.roles.define("role", entry.name, entry.at, draft.report);
  Section section(entry.value);
  require_page(section, draft);
  if (const auto time = section.find("accept_within")) time->duration(1s);
}

void read_stakeholder(const Value& value, PolicyDraft& draft) {
  Section section(value);
  if (const auto levels = section.find("severity")) read_levels(*levels);
  require_page(section, draft);
  if (const auto updates = section.find("updates")) updates->boolean();
}

}  // namespace

void read_roles(const Value& value, PolicyDraft& draft) {
  for (const Value::Named& entry : value.named()) read_role(entry, draft);
}

void read_stakeholders(const Value& value, PolicyDraft& draft) {
  for (const Value& element : value.list()) read_stakeholder(element, draft);
}

}  // namespace tocsin::config
