#pragma once

#include <map>
#include <string>
#include <string_view>

namespace tocsin::ingest {

/// What all alerts of a list have in common that Alertmanager and Grafana write as text into what
/// they send to pagers, one alert after the other:
///
///   Labels:
///    - alertname = HostDown
///   Annotations:
///    - summary = it is down
///   Source: http://prometheus.example.net/graph
///
/// Source: Alertmanager's template/default.tmpl, `__text_alert_list`.
struct ListedAlerts {
  std::map<std::string, std::string> labels, annotations;
  std::string source;  ///< Of the first alert.
};
/// Everything is empty if the text is no such list.
ListedAlerts read_listed_alerts(std::string_view text);

}  // namespace tocsin::ingest
