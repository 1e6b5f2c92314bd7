#include <string>

#include "tocsin/base/text.h"
#include "tocsin/delivery/delivery.h"
#include "tocsin/view/view.h"

namespace tocsin::delivery {
namespace {

void append_pair(std::string_view key, std::string_view value, std::string& out) {
  if (value.empty()) return;
  if (!out.empty()) out += ' ';
  out += key;
  out += '=';
  append_log_value(value, out);
}

}  // namespace

std::string log_line(const Message& message) {
  const triage::Page& page = message.page;
  const triage::Incident& incident = message.incident;
  std::string out;
  append_pair("event", triage::to_string(page.event), out);
  append_pair("incident", "INC-" + std::to_string(incident.id.value), out);
  append_pair("severity", to_string(incident.severity), out);
  append_pair("title", incident.title, out);
  append_pair("service", incident.service, out);
  append_pair("team", incident.team, out);
  append_pair("firing", std::to_string(incident.firing), out);
  append_pair("resolved", std::to_string(incident.resolved), out);
  append_pair("ending", view::ending(page.event, message.alerts), out);
  append_pair("reason", page.reason, out);
  append_pair("runbook", incident.runbook, out);
  append_pair("to", page.channel, out);
  append_pair("key", page.key, out);
  append_pair("attempt", std::to_string(page.attempts + 1), out);
  if (page.possible_duplicate) append_pair("possible_duplicate", "true", out);
  return out;
}

}  // namespace tocsin::delivery
