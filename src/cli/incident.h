#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/remote.h"
#include "cli/terminal.h"

/// `tocsin incident …`: what the incident API says, for people.
namespace tocsin::cli {

struct IncidentFilter {
  std::vector<std::string> states, severities, services, teams;
  bool all = false;  ///< Closed and resolved ones too.
  std::size_t limit = 100;
};

/// What changes an incident: the verb of the path and the body's text.
struct IncidentAction {
  std::string verb;              ///< "ack", "unack", "resolve", "reopen", "note"
  std::vector<std::string> ids;  ///< As given: "INC-42", "inc-42" or "42".
  std::string text;              ///< The note; required for "note" only.
};

int list_incidents(const RemoteOptions&, const IncidentFilter&, Format, Terminal&);
int show_incident(const RemoteOptions&, const std::string& id, Format, Terminal&);
int act_on_incidents(const RemoteOptions&, const IncidentAction&, Format, Terminal&);

/// "INC-42" for the spellings people use; nothing for anything else.
std::optional<std::string> incident_id(std::string_view given);

/// `document` is the answer of GET /v1/incidents and GET /v1/incidents/{id}.
void print_incidents(const boost::json::value& document, Terminal&);
void print_incident(const boost::json::value& document, Terminal&);

}  // namespace tocsin::cli
