#include <string>
#include <utility>

#include "tocsin/delivery/delivery.h"
#include "tocsin/view/view.h"

namespace tocsin::delivery {

std::vector<LogField> log_fields(const Message& message) {
  const triage::Page& page = message.page;
  const triage::Incident& incident = message.incident;
  std::vector<LogField> fields;
  const auto add = [&](std::string_view key, std::string value) {
    if (!value.empty()) fields.push_back({key, std::move(value)});
  };
  add("about", std::string(triage::to_string(page.event)));
  add("incident", "INC-" + std::to_string(incident.id.value));
  add("severity", std::string(to_string(incident.severity)));
  add("title", incident.title);
  add("service", incident.service);
  add("team", incident.team);
  add("firing", std::to_string(incident.firing));
  add("resolved", std::to_string(incident.resolved));
  add("ending", std::string(view::ending(page.event, message.alerts)));
  add("reason", page.reason);
  add("runbook", incident.runbook);
  add("to", page.channel);
  add("key", page.key);
  add("attempt", std::to_string(page.attempts + 1));
  if (page.possible_duplicate) add("possible_duplicate", "true");
  return fields;
}

}  // namespace tocsin::delivery
