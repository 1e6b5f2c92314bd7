#include "cli/alert.h"

#include <boost/json/object.hpp>
#include <ostream>

#include "cli/document.h"
#include "cli/pages.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;

/// Labels but the name, as name=value, in order of names.
std::string labels_of(const json::value& alert) {
  std::string line;
  const auto* labels = member_at(alert, "labels").if_object();
  if (labels == nullptr) return line;
  for (const auto& [name, ignored] : *labels) {
    if (name == "alertname") continue;
    if (!line.empty()) line += ' ';
    line.append(name.data(), name.size())
        .append("=")
        .append(text_at(*labels, std::string_view(name.data(), name.size())));
  }
  return line;
}

}  // namespace

Table alert_table(const json::array& alerts, const Terminal& terminal) {
  Table table({"STATE", "AGE", "INCIDENT", "SOURCE", "ALERT", "LABELS"});
  for (const json::value& alert : alerts) {
    const std::string state = text_at(alert, "state");
    const auto received = parse_rfc3339(text_at(alert, "received_at"));
    table.add({{state, state == "firing" ? Tone::bad : Tone::good},
               {received ? age(*received, terminal.now) : ""},
               {text_at(alert, "incident")},
               {text_at(alert, "source")},
               {text_at(member_at(alert, "labels"), "alertname"), Tone::strong},
               {labels_of(alert)}});
  }
  return table;
}

int list_alerts(const RemoteOptions& options, const AlertFilter& filter, Format format,
                Terminal& terminal) {
  const auto remote = Remote::open(options);
  if (!remote) return report(terminal, remote.error());
  Remote::Query query;
  if (!filter.state.empty()) query.emplace_back("state", filter.state);
  if (!filter.source.empty()) query.emplace_back("source", filter.source);
  const auto document = all_pages(*remote, "/v1/alerts", "alerts", query, filter.limit);
  if (!document) return report(terminal, document.error());
  if (format != Format::table) return print_document(*document, format, terminal);
  const json::array& alerts = member_at(*document, "alerts").get_array();
  if (alerts.empty()) {
    terminal.out << "no alerts\n";
    return 0;
  }
  alert_table(alerts, terminal).print(terminal.out, terminal.colour);
  if (!text_at(*document, "next").empty())
    terminal.out << "there are more; see them with a larger --limit\n";
  return 0;
}

}  // namespace tocsin::cli
