#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "telemetry/series.h"
#include "telemetry/tally.h"
#include "tocsin/telemetry/telemetry.h"

namespace tocsin::telemetry {
namespace {

/// The value of one series, spelled as in the text; "" if there is none.
std::string value_of(const Metrics& metrics, const std::string& series) {
  const std::string text = "\n" + metrics.text();
  const std::size_t at = text.find("\n" + series + " ");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + series.size() + 2;
  return text.substr(begin, text.find('\n', begin) - begin);
}

std::string without_process(const std::string& text) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("process_") == std::string::npos) out += line + '\n';
  }
  return out;
}

// TOCSIN_UPDATE_GOLDEN=1 writes the file instead.
TEST(Metrics, EverySeriesThatCanBeForeseenExistsBeforeAnythingHappens) {
  Metrics metrics("1.2.3");
  metrics.expect_source("prometheus");
  metrics.expect_channel("log", "log");
  metrics.expect_channel("ops", "webhook");
  triage::Policy policy;
  rules::TriageRule rule;
  rule.name = "disk-filling";
  policy.rules.triage.push_back(rule);
  metrics.expect_rules(std::make_shared<const triage::Policy>(policy));
  const std::string actual = without_process(metrics.text());
  const std::string path = std::string(TOCSIN_SOURCE_DIR) + "/tests/golden/telemetry/fresh.prom";
  if (std::getenv("TOCSIN_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << actual;
  std::ifstream file(path);
  std::stringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(actual, expected.str());
}

TEST(Metrics, IntakeIsCountedBySourceAndResult) {
  Metrics metrics;
  metrics.intake("prometheus", {.received = 9,
                                .opened = 1,
                                .fired = 1,
                                .refreshed = 3,
                                .resolved = 1,
                                .already_so = 1,
                                .late = 1,
                                .unknown_resolve = 1});
  metrics.rejected("prometheus", "wrong_type", 2);
  metrics.memo(5, 4);
  EXPECT_EQ(value_of(metrics, R"(tocsin_alerts_received_total{source="prometheus"})"), "9");
  EXPECT_EQ(value_of(metrics, R"(tocsin_alerts_total{result="refreshed",source="prometheus"})"),
            "3");
  EXPECT_EQ(
      value_of(metrics, R"(tocsin_alerts_rejected_total{reason="wrong_type",source="prometheus"})"),
      "2");
  EXPECT_EQ(
      value_of(metrics, R"(alertmanager_alerts_received_total{status="firing",version="v2"})"),
      "6");
  EXPECT_EQ(
      value_of(metrics, R"(alertmanager_alerts_received_total{status="resolved",version="v2"})"),
      "3");
  EXPECT_EQ(value_of(metrics, R"(alertmanager_alerts_invalid_total{version="v2"})"), "2");
  EXPECT_EQ(value_of(metrics, "tocsin_label_memo_hits_total"), "5");
}

TEST(Metrics, RequestsAreCountedByRouteAndCode) {
  Metrics metrics;
  metrics.request("/v1/incidents/{id}", 404, Duration(3));
  EXPECT_EQ(
      value_of(metrics, R"(tocsin_http_requests_total{code="404",route="/v1/incidents/{id}"})"),
      "1");
  EXPECT_EQ(
      value_of(
          metrics,
          R"(tocsin_http_request_duration_seconds_bucket{route="/v1/incidents/{id}",le="0.005"})"),
      "1");
}

TEST(Metrics, NamesBeyondTheLimitCountAsOther) {
  Metrics metrics;
  for (int i = 0; i < 1100; ++i) {
    metrics.intake("source-" + std::to_string(i), {.received = 1});
  }
  EXPECT_EQ(value_of(metrics, R"(tocsin_alerts_received_total{source="source-999"})"), "1");
  EXPECT_EQ(value_of(metrics, R"(tocsin_alerts_received_total{source="source-1000"})"), "");
  EXPECT_EQ(value_of(metrics, R"(tocsin_alerts_received_total{source="other"})"), "100");
}

TEST(Metrics, AFailedReloadKeepsTheTimeOfTheLastGoodOne) {
  Metrics metrics;
  metrics.config_reload(true, Instant{Duration(1'700'000'000'500)});
  metrics.config_reload(false, Instant{Duration(1'800'000'000'000)});
  EXPECT_EQ(value_of(metrics, "tocsin_config_last_reload_successful"), "0");
  EXPECT_EQ(value_of(metrics, "tocsin_config_last_reload_success_timestamp_seconds"),
            "1700000000.5");
  EXPECT_EQ(value_of(metrics, "alertmanager_config_last_reload_successful"), "0");
}

TEST(Metrics, TheAgeOfAThreadsProgressIsShownInSeconds) {
  Metrics metrics;
  metrics.progress("delivery", Duration(1500));
  EXPECT_EQ(value_of(metrics, R"(tocsin_thread_progress_age_seconds{thread="delivery"})"), "1.5");
}

TEST(Metrics, LevelsLeaveOutWhatIsResolvedAndSayWhichRulesHold) {
  triage::State state;
  for (std::uint64_t id = 1; id <= 4; ++id) {
    triage::Incident incident;
    incident.id = {id};
    incident.severity = Severity::sev2;
    incident.state = static_cast<triage::IncidentState>(id - 1);
    state.incidents.insert(incident);
  }
  Metrics metrics;
  metrics.state(state);
  metrics.config_reload(false, Instant{});
  EXPECT_EQ(metrics.levels().incidents_open, 3U);
  EXPECT_FALSE(metrics.levels().rules_are_current);
  metrics.config_reload(true, Instant{});
  EXPECT_TRUE(metrics.levels().rules_are_current);
}

TEST(Metrics, GaugesShowTheState) {
  triage::State state;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    triage::Incident incident;
    incident.id = {id};
    incident.severity = Severity::sev1;
    if (id == 3) incident.state = triage::IncidentState::recovering;
    state.incidents.insert(incident);
  }
  state.pages.emplace(PageId{1}, triage::Page{});
  Metrics metrics;
  metrics.state(state);
  EXPECT_EQ(value_of(metrics, R"(tocsin_incidents{severity="SEV-1",state="triggered"})"), "2");
  EXPECT_EQ(value_of(metrics, R"(tocsin_incidents{severity="SEV-1",state="recovering"})"), "1");
  EXPECT_EQ(value_of(metrics, "tocsin_pages_owed"), "1");
  EXPECT_EQ(metrics.levels().incidents_open, 3U);
  state.incidents = {};
  metrics.state(state);
  EXPECT_EQ(value_of(metrics, R"(tocsin_incidents{severity="SEV-1",state="triggered"})"), "0");
}

TEST(Metrics, LatenciesAndLevelsAreInBaseUnits) {
  Metrics metrics;
  metrics.committed(37, Duration(4), Duration(30));
  metrics.mailbox(4096);
  metrics.deadlines(Duration(1500));
  metrics.store(1 << 20, 2 << 20, true);
  metrics.page_latency(Duration(40));
  metrics.log_dropped(5);
  metrics.log_dropped(7);
  metrics.regex_lookups(3, 0);
  metrics.regex_lookups(1, 1);
  metrics.ready(true);
  EXPECT_EQ(value_of(metrics, "tocsin_commit_changes_sum"), "37");
  EXPECT_EQ(value_of(metrics, R"(tocsin_commit_duration_seconds_bucket{le="0.005"})"), "1");
  EXPECT_EQ(value_of(metrics, R"(tocsin_receive_to_commit_seconds_bucket{le="0.025"})"), "0");
  EXPECT_EQ(value_of(metrics, R"(tocsin_receive_to_commit_seconds_bucket{le="0.05"})"), "1");
  EXPECT_EQ(value_of(metrics, "tocsin_receive_to_page_attempt_seconds_sum"), "0.04");
  EXPECT_EQ(value_of(metrics, "tocsin_mailbox_bytes"), "4096");
  EXPECT_EQ(value_of(metrics, "tocsin_oldest_overdue_timer_seconds"), "1.5");
  EXPECT_EQ(value_of(metrics, "tocsin_store_low_space"), "1");
  EXPECT_EQ(value_of(metrics, "tocsin_log_dropped_total"), "7");
  EXPECT_EQ(value_of(metrics, "tocsin_rules_regex_unknown_values_total"), "4");
  EXPECT_EQ(value_of(metrics, "tocsin_rules_regex_out_of_memory_total"), "1");
  EXPECT_EQ(value_of(metrics, "tocsin_ready"), "1");
}

TEST(Metrics, TheProcessIsShown) {
  const Metrics metrics;
  EXPECT_GT(std::stod(value_of(metrics, "process_resident_memory_bytes")), 1e6);
  EXPECT_GE(std::stod(value_of(metrics, "process_open_fds")), 3);
  EXPECT_GT(std::stod(value_of(metrics, "process_start_time_seconds")), 1.6e9);
  EXPECT_NE(value_of(metrics, "process_cpu_seconds_total"), "");
}

// R48: a scrape reads gauges that were set before; it is given no state it could walk through.
TEST(Metrics, R48AScrapeHasAsManySeriesWhateverIsActive) {
  Metrics metrics;
  triage::State state;
  metrics.state(state);
  const std::string before = metrics.text();
  for (std::uint64_t id = 1; id <= 20'000; ++id) {
    triage::Incident incident;
    incident.id = {id};
    state.incidents.insert(incident);
    state.pages.emplace_hint(state.pages.end(), PageId{id}, triage::Page{});
  }
  for (int second = 0; second < 3; ++second) metrics.state(state);
  const std::string after = metrics.text();
  EXPECT_EQ(value_of(metrics, "tocsin_pages_owed"), "20000");
  EXPECT_EQ(std::ranges::count(after, '\n'), std::ranges::count(before, '\n'));
}

// R48: what sets them once a second is bounded, too.
TEST(IncidentTally, LooksAtABoundedNumberPerCallAndIsExactInTheEnd) {
  triage::State state;
  constexpr std::size_t kIncidents = 2 * IncidentTally::kPerCall + 5;
  for (std::uint64_t id = 1; id <= kIncidents; ++id) {
    triage::Incident incident;
    incident.id = {id};
    incident.severity = id % 5 == 0 ? Severity::sev4 : Severity::sev2;
    state.incidents.insert(incident);
  }
  IncidentTally tally;
  EXPECT_FALSE(tally.advance(state));
  EXPECT_FALSE(tally.advance(state));
  EXPECT_EQ(tally.counts()[0][1], 0U);
  EXPECT_TRUE(tally.advance(state));
  EXPECT_EQ(tally.counts()[0][1] + tally.counts()[0][3], kIncidents);
  EXPECT_EQ(tally.counts()[0][3], kIncidents / 5);
}

TEST(ByName, AnEntryIsMadeOnceAndStaysWhereItIs) {
  int made = 0;
  ByName<int> entries(2, [&](const std::string&) { return ++made; });
  int& first = entries.of("a");
  entries.of("b");
  EXPECT_EQ(&entries.of("a"), &first);
  EXPECT_EQ(&entries.of("c"), &entries.of("d"));
  EXPECT_EQ(made, 3);
}

}  // namespace
}  // namespace tocsin::telemetry
