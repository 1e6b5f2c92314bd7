#include "cli/incident.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>
#include <cstdint>
#include <ostream>

#include "cli/alert.h"
#include "cli/document.h"
#include "cli/pages.h"
#include "cli/table.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;

Tone tone_of_severity(std::string_view severity) {
  if (severity == "SEV-1" || severity == "SEV-2") return Tone::bad;
  return severity == "SEV-3" ? Tone::warning : Tone::plain;
}

Tone tone_of_state(std::string_view state) {
  if (state == "triggered") return Tone::bad;
  if (state == "acknowledged" || state == "recovering") return Tone::warning;
  return Tone::good;
}

std::string age_at(const json::value& from, std::string_view member, const Terminal& terminal) {
  const auto instant = parse_rfc3339(text_at(from, member));
  return instant ? age(*instant, terminal.now) : "";
}

/// "2026-11-23T04:16:09.632Z (12m ago)"
std::string moment(const json::value& from, std::string_view member, const Terminal& terminal) {
  const std::string text = text_at(from, member);
  const std::string since = age_at(from, member, terminal);
  return since.empty() ? text : text + " (" + since + " ago)";
}

/// "3 firing, 1 resolved"; `counts` is `alerts` in lists and `alert_counts` beside alerts in full.
std::string counts_line(const json::value& counts) {
  if (!counts.is_object()) return {};
  return text_at(counts, "firing") + " firing, " + text_at(counts, "resolved") + " resolved";
}

std::string escalation_line(const json::value& incident) {
  const json::value& escalation = member_at(incident, "escalation");
  const std::string name = text_at(escalation, "name");
  const std::string step = text_at(escalation, "step");
  if (name.empty()) return {};
  std::string line = name;
  if (step.empty() || step == "0") {
    line += ", not begun";
  } else {
    line += ", step " + step + " of round " + text_at(escalation, "round");
  }
  const std::string next = text_at(escalation, "next_at");
  return next.empty() ? line : line + ", next at " + next;
}

std::string severity_line(const json::value& incident) {
  const json::value& reason = member_at(incident, "severity_reason");
  std::string line = text_at(incident, "severity");
  const std::string criterion = text_at(reason, "criterion");
  const std::string at = text_at(reason, "at");
  if (!criterion.empty()) line += ", by " + criterion;
  return at.empty() ? line : line + " (" + at + ")";
}

void print_fact(Terminal& terminal, std::string_view name, const std::string& value) {
  if (value.empty()) return;
  std::string label(name);
  label.resize(14, ' ');
  terminal.out << "  " << painted(label, Tone::faint, terminal.colour) << printable(value) << '\n';
}

void print_timeline(const json::value& document, Terminal& terminal) {
  const auto* entries = member_at(document, "timeline").if_array();
  if (entries == nullptr || entries->empty()) return;
  Table table({"TIME", "WHO", "WHAT", "DETAIL"});
  // The API's order is newest first; on a terminal the latest stands next to the prompt.
  for (auto it = entries->rbegin(); it != entries->rend(); ++it) {
    const json::value& entry = *it;
    const std::string actor = text_at(entry, "actor");
    table.add({{text_at(entry, "at")},
               {actor.empty() ? "tocsin" : actor},
               {text_at(entry, "kind")},
               {text_at(entry, "detail")}});
  }
  terminal.out << '\n';
  table.print(terminal.out, terminal.colour, "  ");
}

Problem wrong_id(const std::string& id) {
  return {"\"" + id + "\" is no incident id", "ids look like INC-42; see: tocsin incident list"};
}

}  // namespace

std::optional<std::string> incident_id(std::string_view given) {
  std::string_view digits = given;
  if (digits.starts_with("INC-") || digits.starts_with("inc-")) digits.remove_prefix(4);
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failed != std::errc() || end != digits.data() + digits.size() || number == 0)
    return std::nullopt;
  return "INC-" + std::to_string(number);
}

void print_incidents(const json::value& document, Terminal& terminal) {
  Table table({"ID", "SEVERITY", "STATE", "AGE", "FIRING", "SERVICE", "TITLE"});
  if (const auto* incidents = member_at(document, "incidents").if_array()) {
    for (const json::value& incident : *incidents) {
      const std::string severity = text_at(incident, "severity");
      const std::string state = text_at(incident, "state");
      table.add({{text_at(incident, "id"), Tone::strong},
                 {severity, tone_of_severity(severity)},
                 {state, tone_of_state(state)},
                 {age_at(incident, "detected_at", terminal)},
                 {text_at(member_at(incident, "alerts"), "firing")},
                 {text_at(incident, "service")},
                 {text_at(incident, "title")}});
    }
  }
  if (table.empty()) {
    terminal.out << "no incidents\n";
    return;
  }
  table.print(terminal.out, terminal.colour);
  if (!text_at(document, "next").empty())
    terminal.out << "there are more; see them with a larger --limit\n";
}

void print_incident(const json::value& incident, Terminal& terminal) {
  const std::string severity = text_at(incident, "severity");
  const std::string state = text_at(incident, "state");
  terminal.out << painted(printable(text_at(incident, "id")), Tone::strong, terminal.colour) << "  "
               << painted(printable(severity), tone_of_severity(severity), terminal.colour) << "  "
               << painted(printable(state), tone_of_state(state), terminal.colour) << "  "
               << printable(text_at(incident, "title")) << '\n';
  print_fact(terminal, "service", text_at(incident, "service"));
  print_fact(terminal, "team", text_at(incident, "team"));
  print_fact(terminal, "severity", severity_line(incident));
  print_fact(terminal, "alerts", counts_line(member_at(incident, "alert_counts")));
  print_fact(terminal, "started", moment(incident, "started_at", terminal));
  print_fact(terminal, "detected", moment(incident, "detected_at", terminal));
  print_fact(terminal, "acknowledged", moment(incident, "acknowledged_at", terminal));
  print_fact(terminal, "recovering", moment(incident, "recovering_at", terminal));
  print_fact(terminal, "resolved", moment(incident, "resolved_at", terminal));
  print_fact(terminal, "closed", moment(incident, "closed_at", terminal));
  print_fact(terminal, "assignee", text_at(incident, "assignee"));
  print_fact(terminal, "escalation", escalation_line(incident));
  print_fact(terminal, "runbook", text_at(incident, "runbook"));
  print_fact(terminal, "url", text_at(incident, "url"));
  if (const auto* alerts = member_at(incident, "alerts").if_array();
      alerts != nullptr && !alerts->empty()) {
    terminal.out << '\n';
    alert_table(*alerts, terminal).print(terminal.out, terminal.colour, "  ");
  }
  print_timeline(incident, terminal);
}

int list_incidents(const RemoteOptions& options, const IncidentFilter& filter, Format format,
                   Terminal& terminal) {
  const auto remote = Remote::open(options);
  if (!remote) return report(terminal, remote.error());
  Remote::Query query;
  for (const auto& state : filter.states) query.emplace_back("state", state);
  if (filter.all) query.emplace_back("state", "all");
  for (const auto& severity : filter.severities) query.emplace_back("severity", severity);
  for (const auto& service : filter.services) query.emplace_back("service", service);
  for (const auto& team : filter.teams) query.emplace_back("team", team);
  const auto document = all_pages(*remote, "/v1/incidents", "incidents", query, filter.limit);
  if (!document) return report(terminal, document.error());
  if (format != Format::table) return print_document(*document, format, terminal);
  print_incidents(*document, terminal);
  return 0;
}

int show_incident(const RemoteOptions& options, const std::string& id, Format format,
                  Terminal& terminal) {
  const auto known = incident_id(id);
  if (!known) {
    report(terminal, wrong_id(id));
    return 2;
  }
  const auto remote = Remote::open(options);
  if (!remote) return report(terminal, remote.error());
  const auto document = remote->get("/v1/incidents/" + *known, {});
  if (!document) return report(terminal, document.error());
  if (format != Format::table) return print_document(*document, format, terminal);
  print_incident(*document, terminal);
  return 0;
}

int act_on_incidents(const RemoteOptions& options, const IncidentAction& action, Format format,
                     Terminal& terminal) {
  std::vector<std::string> ids;
  for (const std::string& given : action.ids) {
    const auto id = incident_id(given);
    if (!id) {
      report(terminal, wrong_id(given));
      return 2;
    }
    ids.push_back(*id);
  }
  const auto remote = Remote::open(options);
  if (!remote) return report(terminal, remote.error());
  json::object body;
  if (!action.text.empty()) body[action.verb == "note" ? "text" : "note"] = action.text;
  int code = 0;
  for (const std::string& id : ids) {
    const auto document = remote->post("/v1/incidents/" + id + "/" + action.verb, body);
    if (!document) {
      code = report(terminal, document.error());
    } else if (format != Format::table) {
      print_document(*document, format, terminal);
    } else {
      terminal.out << printable(text_at(*document, "id")) << " is "
                   << printable(text_at(*document, "state")) << ": "
                   << printable(text_at(*document, "title")) << '\n';
    }
  }
  return code;
}

}  // namespace tocsin::cli
