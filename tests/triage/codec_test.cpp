#include <gtest/gtest.h>

#include <random>

#include "tocsin/triage/step.h"

namespace tocsin::triage {

namespace {
Instant at(std::int64_t milliseconds) { return Instant(Duration(milliseconds)); }

std::unique_ptr<Delivery> example() {
  auto delivery = std::make_unique<Delivery>();
  delivery->lane = Lane::people;
  delivery->source = "prometheus";
  delivery->actor = "ana";
  delivery->if_version = 7;
  delivery->teams = {"payments", "search"};
  delivery->received = at(1'700'000'000'123);
  ReportAlert report;
  report.report.key = {1, 2};
  report.report.phase = Phase::by_end;
  report.report.truncated = true;
  const Labels labels{{"alertname", "Disk"}, {"odd", std::string_view("\0\xE2\x80\xA8\"", 5)}};
  report.report.labels = LabelsView(delivery->arena.copy(labels.block()));
  report.report.generator_url = delivery->arena.copy("http://prometheus.example.net/graph");
  report.report.ends_at = at(1'700'000'240'000);
  report.verdict.rules_hash = 99;
  report.verdict.service = -1;
  report.verdict.correlation = 3;
  delivery->steps = {
      report,
      Acknowledge{IncidentId{3}, "on it"},
      Unacknowledge{IncidentId{3}, ""},
      Resolve{IncidentId{4}, "done"},
      Reopen{IncidentId{4}, "not done"},
      AddNote{IncidentId{5}, "a note"},
      Tick{},
      PageAttempted{PageId{9}, Outcome::refused, Reason::http_429, "429", Duration(5000)},
      Restarted{},
      ReplacePolicy{true},
      ClockStepped{Duration(-3'600'000)},
      SpaceChanged{true},
      AcknowledgeAlert{{3, 4}, "on it"}};
  return delivery;
}
}  // namespace

TEST(Codec, EveryStepComesBackAsItWas) {
  const auto before = example();
  const std::string bytes = encode(*before);
  const auto after = decode_delivery(bytes);
  ASSERT_TRUE(after.has_value());
  ASSERT_EQ((*after)->steps.size(), std::variant_size_v<Step>);
  EXPECT_EQ(encode(**after), bytes);
  const auto& report = std::get<ReportAlert>((*after)->steps.front());
  EXPECT_EQ(report.report.labels.get("alertname"), "Disk");
  EXPECT_EQ(report.verdict.correlation, 3);
  EXPECT_EQ((*after)->if_version, 7U);
  EXPECT_EQ((*after)->teams, before->teams);
}

TEST(Codec, ACutOrAlteredDeliveryIsRefusedOrStillWellFormed) {
  const std::string bytes = encode(*example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_delivery(bytes.substr(0, size)).has_value()) << size;
  }
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string altered = bytes;
    altered[random() % altered.size()] = static_cast<char>(random());
    const auto decoded = decode_delivery(altered);
    if (decoded) {
      EXPECT_TRUE(decode_delivery(encode(**decoded)).has_value());
    }
  }
}

}  // namespace tocsin::triage
