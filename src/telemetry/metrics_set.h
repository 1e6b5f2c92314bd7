#pragma once

#include <prometheus/registry.h>

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "telemetry/rule_tally.h"
#include "telemetry/series.h"
#include "telemetry/tally.h"
#include "tocsin/telemetry/telemetry.h"

namespace tocsin::telemetry {

/// What became of the alerts of one source.
struct SourceSeries {
  Counter* received;
  Counter *opened, *fired, *refreshed, *resolved, *already_so, *late, *unknown_resolve, *refused,
      *acknowledged, *unknown_acknowledge;
};

/// Pages of one channel.
struct ChannelSeries {
  std::string name;
  Counter* queued;
  Counter* withdrawn;
  Counter* abandoned;
  std::array<std::array<Counter*, 10>, 3> attempts{};  ///< [outcome][reason]
  Counter* notifications;                              ///< Alertmanager's, by kind of channel.
  std::array<Counter*, 10> failed{};                   ///< Alertmanager's, by our reason.
};

/// Intake, written by the net threads.
struct IntakeMetrics {
  explicit IntakeMetrics(Families);
  SourceSeries make_source(const std::string& name);

  Family<Counter>& received;
  Family<Counter>& alerts;
  Family<Counter>& rejected;
  Family<Counter>& http_requests;
  Family<Histogram>& http_seconds;
  Family<Counter>& access;
  Counter& bodies_kept;
  Counter& bodies_dropped;
  Counter& memo_hits;
  Counter& memo_misses;
  Counter& am_firing;
  Counter& am_resolved;
  Counter& am_invalid;
  ByName<SourceSeries> by_source;
  ByName<Counter*> by_access;
  ByName<Counter*> by_rejection;  ///< "source reason"
  ByName<Counter*> by_request;    ///< "route code"
  ByName<Histogram*> by_route;
};

/// Levels and latencies, written by the core and commit threads.
struct EngineMetrics {
  EngineMetrics(Families, std::string_view version);

  Histogram& commit_changes;
  Histogram& commit_seconds;
  Histogram& receive_to_commit;
  Histogram& receive_to_page;
  Gauge& mailbox_bytes;
  Gauge& oldest_overdue;
  Gauge& wal_bytes;
  Gauge& free_bytes;
  Gauge& low_space;
  Gauge& alerts_active;
  Gauge& alerts_in_memory;
  Gauge& pages_owed;
  Gauge& ready;
  Gauge& reload_successful;
  Gauge& reload_at;
  Gauge& certificate_expires;
  Gauge& am_active;
  Gauge& am_reload_successful;
  Gauge& am_reload_at;
  Counter& log_dropped;
  Counter& regex_unknown_values;
  Counter& regex_out_of_memory;
  Family<Gauge>& progress_age;
  std::array<std::array<Gauge*, 4>, 4> incidents{};  ///< [state][severity - 1]
};

/// What happened, counted from changes by one thread at a time.
struct ChangeMetrics {
  explicit ChangeMetrics(Families);
  /// `sources`: names by index.
  void count(const triage::Change&, const std::vector<std::string>& sources);
  ChannelSeries& channel(std::string_view name, std::string_view kind = "webhook");

  Family<Counter>& incident_events;
  Family<Counter>& pages_queued;
  Family<Counter>& pages;
  Family<Counter>& am_notifications;
  Family<Counter>& am_failed;
  Counter& escalation_steps;
  Counter& escalations_exhausted;
  Counter& clock_steps;
  Family<Counter>& flaws;
  Family<Counter>& withheld;
  std::array<Counter*, 5> opened{};      ///< [severity - 1]
  std::array<Counter*, 4> alert_ends{};  ///< [ended by]
  std::map<std::string_view, Counter*> events;

 private:
  void count_attempt(std::string_view channel, triage::Outcome, triage::Reason);

  void count_withheld(const std::string& source, const triage::AlertStatus&);
  void count_flaws(const std::string& source, const triage::AlertStatus&, bool truncated,
                   const rules::Verdict&);

  std::map<std::string, ChannelSeries, std::less<>> channels_;
  ByName<Counter*> by_flaw_;      ///< "source flaw"
  ByName<Counter*> by_withheld_;  ///< "source reason"
};

struct Metrics::Impl {
  explicit Impl(std::string_view version) : engine(Families(registry), version) {}

  prometheus::Registry registry;
  IntakeMetrics intake{Families(registry)};
  EngineMetrics engine;
  RuleTally rules;
  std::mutex observer;  ///< Guards the two below.
  ChangeMetrics changes{Families(registry)};
  IncidentTally tally;
};

}  // namespace tocsin::telemetry
