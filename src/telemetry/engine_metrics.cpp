#include <string>

#include "telemetry/metrics_set.h"

namespace tocsin::telemetry {
namespace {

/// The version of Alertmanager whose API and figures are spoken here; tools look at it.
constexpr const char* kAlertmanagerVersion = "0.27.0";

const Histogram::BucketBoundaries kCommitSeconds = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
                                                    0.1,   0.2,   0.5,   1,    2,    5};
const Histogram::BucketBoundaries kLatencySeconds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                     0.25,  0.5,    1,     2.5,  5,     10,   30};
const Histogram::BucketBoundaries kChanges = {1, 3, 10, 30, 100, 300, 1000, 3000, 10000};

constexpr const char* kStates[] = {"triggered", "acknowledged", "recovering", "resolved"};

}  // namespace

EngineMetrics::EngineMetrics(Families make, std::string_view version)
    : commit_changes(make.histogram("tocsin_commit_changes", "Changes in one commit.", kChanges)),
      commit_seconds(make.histogram("tocsin_commit_duration_seconds",
                                    "Time one commit took until it was durable.", kCommitSeconds)),
      receive_to_commit(make.histogram("tocsin_receive_to_commit_seconds",
                                       "From receipt until the change is durable; the longest of "
                                       "the requests answered together.",
                                       kLatencySeconds)),
      receive_to_page(make.histogram("tocsin_receive_to_page_attempt_seconds",
                                     "From the change that made a page until its first attempt.",
                                     kLatencySeconds)),
      mailbox_bytes(make.gauge("tocsin_mailbox_bytes", "Bytes that wait for the core.")),
      oldest_overdue(make.gauge("tocsin_oldest_overdue_timer_seconds",
                                "How long the oldest due timer has been waiting; 0 if none is.")),
      wal_bytes(make.gauge("tocsin_store_wal_bytes", "Size of the store's write-ahead log.")),
      free_bytes(make.gauge("tocsin_store_free_bytes", "Free space where the store lies.")),
      low_space(make.gauge("tocsin_store_low_space",
                           "1 while free space is below storage.min_free and new alerts are "
                           "refused.")),
      alerts_active(make.gauge("tocsin_alerts_active", "Alerts that fire.")),
      alerts_in_memory(
          make.gauge("tocsin_alerts_in_memory", "Alerts that fire or were resolved not long ago.")),
      pages_owed(make.gauge("tocsin_pages_owed", "Pages not delivered yet.")),
      ready(make.gauge("tocsin_ready", "1 while alerts are accepted.")),
      reload_successful(make.gauge("tocsin_config_last_reload_successful",
                                   "1 if all rules files in force are the current ones.")),
      reload_at(make.gauge("tocsin_config_last_reload_success_timestamp_seconds",
                           "When the configuration was last taken over whole.")),
      certificate_expires(
          make.gauge("tocsin_tls_certificate_expiry_timestamp_seconds",
                     "When the certificate of the listener expires; 0 without TLS.")),
      am_active(make.gauges("alertmanager_alerts", "How many alerts by state.")
                    .Add({{"state", "active"}})),
      am_reload_successful(make.gauge("alertmanager_config_last_reload_successful",
                                      "Whether the last configuration reload attempt was "
                                      "successful.")),
      am_reload_at(make.gauge("alertmanager_config_last_reload_success_timestamp_seconds",
                              "Timestamp of the last successful configuration reload.")),
      log_dropped(make.counter("tocsin_log_dropped_total",
                               "Lines of the log dropped because they were not read in time.")),
      regex_unknown_values(make.counter("tocsin_rules_regex_unknown_values_total",
                                        "Label values that the rules' regexes had to be searched "
                                        "for, as they were not met before or are forgotten.")),
      regex_out_of_memory(make.counter("tocsin_rules_regex_out_of_memory_total",
                                       "Searches that ran out of memory, so that each regex was "
                                       "tried: slow, never wrong.")),
      progress_age(make.gauges("tocsin_thread_progress_age_seconds",
                               "How long the loop of a thread has not come round; idle ones do "
                               "once a second.")) {
  for (const char* thread : {"commit", "core", "delivery", "pages"}) {
    progress_age.Add({{"thread", thread}});
  }
  auto& am_alerts = make.gauges("alertmanager_alerts", "How many alerts by state.");
  am_alerts.Add({{"state", "suppressed"}});
  am_alerts.Add({{"state", "unprocessed"}});
  auto& by =
      make.gauges("tocsin_incidents", "Incidents that are not closed, by state and severity.");
  for (std::size_t state = 0; state < incidents.size(); ++state) {
    for (std::size_t severity = 0; severity < incidents[state].size(); ++severity) {
      incidents[state][severity] =
          &by.Add({{"state", kStates[state]}, {"severity", "SEV-" + std::to_string(severity + 1)}});
    }
  }
  make.gauges("alertmanager_build_info", "The version of Alertmanager's API that is spoken here.")
      .Add({{"version", kAlertmanagerVersion}})
      .Set(1);
  make.gauges("tocsin_build_info", "The version of Tocsin.")
      .Add({{"version", std::string(version)}})
      .Set(1);
}

}  // namespace tocsin::telemetry
