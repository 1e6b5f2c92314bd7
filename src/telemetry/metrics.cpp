#include <prometheus/text_serializer.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>
#include <utility>

#include "telemetry/metrics_set.h"
#include "telemetry/process.h"

namespace tocsin::telemetry {
namespace {

double number(std::uint64_t value) { return static_cast<double>(value); }

void add(Counter* counter, std::uint64_t count) {
  if (count > 0) counter->Increment(number(count));
}

}  // namespace

Metrics::Metrics(std::string_view version) : impl_(std::make_unique<Impl>(version)) {}
Metrics::~Metrics() = default;

void Metrics::expect_source(std::string_view name) { impl_->intake.by_source.of(name); }

void Metrics::expect_channel(std::string_view name, std::string_view kind) {
  const std::lock_guard lock(impl_->observer);
  impl_->changes.channel(name, kind);
}

void Metrics::intake(std::string_view source, const IntakeCounts& counts) {
  const SourceSeries& series = impl_->intake.by_source.of(source);
  add(series.received, counts.received);
  add(series.opened, counts.opened);
  add(series.fired, counts.fired);
  add(series.refreshed, counts.refreshed);
  add(series.resolved, counts.resolved);
  add(series.already_so, counts.already_so);
  add(series.late, counts.late);
  add(series.unknown_resolve, counts.unknown_resolve);
  add(series.acknowledged, counts.acknowledged);
  add(series.unknown_acknowledge, counts.unknown_acknowledge);
  add(series.refused, counts.refused);
  // A repeat that changes nothing is a repeated resolve: a repeated firing is a refresh.
  add(&impl_->intake.am_firing, counts.opened + counts.fired + counts.refreshed + counts.late);
  add(&impl_->intake.am_resolved, counts.resolved + counts.already_so + counts.unknown_resolve);
}

void Metrics::rejected_bodies(std::uint64_t kept, std::uint64_t dropped) {
  add(&impl_->intake.bodies_kept, kept);
  add(&impl_->intake.bodies_dropped, dropped);
}

void Metrics::rejected(std::string_view source, std::string_view reason, std::uint64_t count) {
  std::string name(source);
  name += ' ';
  name += reason;
  add(impl_->intake.by_rejection.of(name), count);
  add(&impl_->intake.am_invalid, count);
}

void Metrics::request(std::string_view route, int status, Duration took) {
  std::string name(route);
  name += ' ';
  name += std::to_string(status);
  impl_->intake.by_request.of(name)->Increment();
  impl_->intake.by_route.of(route)->Observe(seconds(took));
}

void Metrics::access(std::string_view result) { add(impl_->intake.by_access.of(result), 1); }

void Metrics::memo(std::uint64_t hits, std::uint64_t misses) {
  add(&impl_->intake.memo_hits, hits);
  add(&impl_->intake.memo_misses, misses);
}

void Metrics::committed(std::size_t changes, Duration took, Duration receive_to_commit_max) {
  impl_->engine.commit_changes.Observe(static_cast<double>(changes));
  impl_->engine.commit_seconds.Observe(seconds(took));
  receive_to_commit(receive_to_commit_max);
}

void Metrics::receive_to_commit(Duration longest) {
  if (longest > Duration(0)) impl_->engine.receive_to_commit.Observe(seconds(longest));
}

void Metrics::mailbox(std::size_t bytes) {
  impl_->engine.mailbox_bytes.Set(static_cast<double>(bytes));
}

void Metrics::deadlines(Duration oldest_overdue) {
  impl_->engine.oldest_overdue.Set(seconds(oldest_overdue));
}

void Metrics::store(std::uint64_t wal_bytes, std::uint64_t free_bytes, bool low_space) {
  impl_->engine.wal_bytes.Set(number(wal_bytes));
  impl_->engine.free_bytes.Set(number(free_bytes));
  impl_->engine.low_space.Set(low_space ? 1 : 0);
}

void Metrics::state(const triage::State& state) {
  EngineMetrics& engine = impl_->engine;
  engine.alerts_active.Set(state.firing_count());
  engine.am_active.Set(state.firing_count());
  engine.alerts_in_memory.Set(state.alert_count());
  engine.pages_owed.Set(static_cast<double>(state.pages.size()));
  const std::lock_guard lock(impl_->observer);
  if (!impl_->tally.advance(state)) return;
  for (std::size_t i = 0; i < engine.incidents.size(); ++i) {
    for (std::size_t severity = 0; severity < engine.incidents[i].size(); ++severity) {
      engine.incidents[i][severity]->Set(number(impl_->tally.counts()[i][severity]));
    }
  }
}

void Metrics::certificate_expires(Instant at) {
  impl_->engine.certificate_expires.Set(static_cast<double>(at.time_since_epoch().count()) / 1000);
}

void Metrics::config_reload(bool successful, Instant at) {
  impl_->engine.reload_successful.Set(successful ? 1 : 0);
  impl_->engine.am_reload_successful.Set(successful ? 1 : 0);
  if (!successful) return;
  const double when = seconds(at.time_since_epoch());
  impl_->engine.reload_at.Set(when);
  impl_->engine.am_reload_at.Set(when);
}

void Metrics::page_latency(Duration receive_to_attempt) {
  impl_->engine.receive_to_page.Observe(seconds(receive_to_attempt));
}

void Metrics::log_dropped(std::uint64_t total) {
  const std::lock_guard lock(impl_->observer);
  const double before = impl_->engine.log_dropped.Value();
  if (number(total) > before) impl_->engine.log_dropped.Increment(number(total) - before);
}

void Metrics::regex_lookups(std::uint64_t unknown_values, std::uint64_t out_of_memory) {
  add(&impl_->engine.regex_unknown_values, unknown_values);
  add(&impl_->engine.regex_out_of_memory, out_of_memory);
}

void Metrics::ready(bool is_ready) { impl_->engine.ready.Set(is_ready ? 1 : 0); }

void Metrics::progress(std::string_view thread, Duration age) {
  impl_->engine.progress_age.Add({{"thread", std::string(thread)}}).Set(seconds(age));
}

void Metrics::expect_rules(std::shared_ptr<const triage::Policy> policy) {
  impl_->rules.expect(std::move(policy));
}

std::shared_ptr<const RuleHits> Metrics::rule_hits() const { return impl_->rules.hits(); }

Metrics::Levels Metrics::levels() const {
  const EngineMetrics& engine = impl_->engine;
  Levels levels;
  // The last state is "resolved": nobody works on those.
  for (std::size_t state = 0; state + 1 < engine.incidents.size(); ++state) {
    for (const Gauge* count : engine.incidents[state]) {
      levels.incidents_open += static_cast<std::uint64_t>(count->Value());
    }
  }
  levels.alerts_active = static_cast<std::uint64_t>(engine.alerts_active.Value());
  levels.rules_are_current = engine.reload_successful.Value() > 0;
  return levels;
}

void Metrics::observe(const triage::Changes& changes, const std::vector<std::string>& sources) {
  impl_->rules.count(changes,
                     std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()));
  const std::lock_guard lock(impl_->observer);
  for (const triage::Change& change : changes) impl_->changes.count(change, sources);
}

std::string Metrics::text() const {
  std::vector<prometheus::MetricFamily> families = impl_->registry.Collect();
  std::vector<prometheus::MetricFamily> process = process_families();
  families.insert(families.end(), std::make_move_iterator(process.begin()),
                  std::make_move_iterator(process.end()));
  impl_->rules.append_families(families);
  // The library keeps hash order; people read this, and compare it.
  std::ranges::sort(families, {}, &prometheus::MetricFamily::name);
  for (prometheus::MetricFamily& family : families) {
    std::ranges::sort(family.metric, {}, &prometheus::ClientMetric::label);
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace tocsin::telemetry
