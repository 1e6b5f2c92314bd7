#include "telemetry/metrics_set.h"

namespace tocsin::telemetry {
namespace {

/// Sources and routes come from the configuration and the source; these only bound mistakes.
constexpr std::size_t kNamesMax = 1000;

/// In Prometheus' client libraries the usual spread for requests.
const Histogram::BucketBoundaries kRequestSeconds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                     0.1,   0.25,   0.5,   1,    2.5,   5};

/// The two halves of a composed name; neither holds a blank on the right.
std::pair<std::string, std::string> split(const std::string& name) {
  const std::size_t blank = name.rfind(' ');
  if (blank == std::string::npos) return {name, name};  // "other"
  return {name.substr(0, blank), name.substr(blank + 1)};
}

Family<Counter>& am_received(Families make) {
  return make.counters("alertmanager_alerts_received_total",
                       "The total number of received alerts.");
}

Family<Counter>& rejected_bodies(Families make) {
  return make.counters(
      "tocsin_rejected_bodies_total",
      "Bodies that could not be read or held refused alerts: kept in the store, or "
      "dropped for want of room on the way there.");
}

}  // namespace

IntakeMetrics::IntakeMetrics(Families make)
    : received(make.counters("tocsin_alerts_received_total",
                             "Alerts in bodies that could be read, by source.")),
      alerts(make.counters("tocsin_alerts_total", "Alerts by source and by what became of them.")),
      rejected(make.counters("tocsin_alerts_rejected_total",
                             "Alerts that could not be taken, by source and reason.")),
      http_requests(make.counters("tocsin_http_requests_total",
                                  "HTTP requests answered, by route and status code.")),
      http_seconds(make.histograms("tocsin_http_request_duration_seconds",
                                   "Time from a whole request to its answer, by route.")),
      access(make.counters("tocsin_http_access_total",
                           "Requests whose credential was ignored, or that were turned away.")),
      bodies_kept(rejected_bodies(make).Add({{"result", "kept"}})),
      bodies_dropped(rejected_bodies(make).Add({{"result", "dropped"}})),
      memo_hits(make.counter("tocsin_label_memo_hits_total",
                             "Alerts whose spelling of the labels was known already.")),
      memo_misses(
          make.counter("tocsin_label_memo_misses_total", "Alerts whose labels had to be decoded.")),
      am_firing(am_received(make).Add({{"status", "firing"}, {"version", "v2"}})),
      am_resolved(am_received(make).Add({{"status", "resolved"}, {"version", "v2"}})),
      am_invalid(make.counters("alertmanager_alerts_invalid_total",
                               "The total number of received alerts that were invalid.")
                     .Add({{"version", "v2"}})),
      by_source(kNamesMax, [this](const std::string& name) { return make_source(name); }),
      by_access(kNamesMax,
                [this](const std::string& name) {
                  return &access.Add({{"result", name}});
                }),
      by_rejection(kNamesMax,
                   [this](const std::string& name) {
                     const auto [source, reason] = split(name);
                     return &rejected.Add({{"source", source}, {"reason", reason}});
                   }),
      by_request(kNamesMax,
                 [this](const std::string& name) {
                   const auto [route, code] = split(name);
                   return &http_requests.Add({{"route", route}, {"code", code}});
                 }),
      by_route(kNamesMax, [this](const std::string& name) {
        return &http_seconds.Add({{"route", name}}, kRequestSeconds);
      }) {}

SourceSeries IntakeMetrics::make_source(const std::string& name) {
  const auto result = [&](const char* word) {
    return &alerts.Add({{"source", name}, {"result", word}});
  };
  return {.received = &received.Add({{"source", name}}),
          .opened = result("opened"),
          .fired = result("fired"),
          .refreshed = result("refreshed"),
          .resolved = result("resolved"),
          .already_so = result("already_so"),
          .late = result("late"),
          .unknown_resolve = result("unknown_resolve"),
          .refused = result("refused"),
          .acknowledged = result("acknowledged"),
          .unknown_acknowledge = result("unknown_acknowledge")};
}

}  // namespace tocsin::telemetry
