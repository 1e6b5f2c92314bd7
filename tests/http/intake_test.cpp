#include <gtest/gtest.h>

#include "http/world.h"

namespace tocsin::http {
namespace {

TEST(Intake, DeliversTheAlertsOfARequestTogether) {
  World world;
  world.start();
  const Answer answer = world.ask(post(
      "/api/v2/alerts", R"([{"labels":{"n":"1"}},{"labels":{"n":"2"}},{"labels":{"n":"3"}}])"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.headers.count("Content-Type"), 0u);
  const auto seen = world.seen();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].steps, 3u);
  EXPECT_EQ(seen[0].with_labels, 3u);
  EXPECT_EQ(seen[0].lane, triage::Lane::intake);
  EXPECT_EQ(seen[0].actor, "source:prom-us");
}

TEST(Intake, AnEmptyArrayIsFineAndAsksNobody) {
  World world;
  EXPECT_EQ(world.start().ask(post("/api/v2/alerts", " [ ] ")).status, 200);
  EXPECT_TRUE(world.seen().empty());
}

TEST(Intake, C44GoodAlertsOfABatchAreKept) {
  World world;
  world.start();
  EXPECT_EQ(
      world
          .ask(post("/api/v2/alerts", R"([{"labels":{}},{"labels":{"a":"x"}},{"labels":{"a":1}}])"))
          .status,
      200);
  ASSERT_EQ(world.seen().size(), 1u);
  EXPECT_EQ(world.seen()[0].steps, 1u);
}

TEST(Intake, TheFirstProblemsAreNamedWhenNothingIsKept) {
  World world;
  std::string body = "[";
  for (int i = 0; i < 8; ++i) body += i == 0 ? "{}" : ",{}";
  const Answer answer = world.start().ask(post("/api/v2/alerts", body + "]"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.headers.at("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_NE(answer.body.find("none of the 8 alerts"), std::string::npos);
  EXPECT_NE(answer.body.find("/4/labels"), std::string::npos);
  EXPECT_EQ(answer.body.find("/5/labels"), std::string::npos);
}

struct SourceCase {
  const char* path;
  const char* source;
};

TEST(Intake, ThePrefixNamesTheSource) {
  const SourceCase cases[] = {
      {"/api/v2/alerts", "prom-us"},
      {"/api/v2/alerts/", "prom-us"},
      {"//api//v2/alerts", "prom-us"},
      {"/prom-eu/api/v2/alerts", "prom-eu"},
      {"/prom%2Deu/api/v2/alerts", "prom-eu"},
      {"/alertmanager/api/v2/alerts", "prom-us"},
      {"/a/prom-eu/api/v2/alerts", "prom-us"},
      {"http://localhost/prom-eu/api/v2/alerts", "prom-eu"},
  };
  World world;
  world.start();
  for (const SourceCase& c : cases) {
    SCOPED_TRACE(c.path);
    EXPECT_EQ(world.ask(post(c.path, kOneAlert)).status, 200);
    EXPECT_EQ(world.seen().back().source, c.source);
  }
}

TEST(Intake, WithoutAConfiguredSourceTheBuiltInOneIsUsed) {
  World world;
  world.policy.sources = {{"grafana", "grafana", std::nullopt}};
  EXPECT_EQ(world.start().ask(post("/grafana/api/v2/alerts", kOneAlert)).status, 200);
  EXPECT_EQ(world.seen()[0].source, "alertmanager-api");
}

TEST(Intake, KnownSpellingsTravelWithoutLabelsUntilTheCoreForgetsThem) {
  World world;
  Client client(world.start().port());
  const std::string request = post("/api/v2/alerts", kOneAlert);
  EXPECT_EQ(client.ask(request).status, 200);
  EXPECT_EQ(client.ask(request).status, 200);
  EXPECT_EQ(client.ask(request).status, 200);
  world.forget_keys();
  EXPECT_EQ(client.ask(request).status, 200);
  EXPECT_EQ(client.ask(request).status, 200);
  const auto seen = world.seen();
  // One connection has one net thread and so one memo, which keeps what is seen twice: with, with,
  // without, without (asked for), with, without.
  ASSERT_EQ(seen.size(), 6u);
  const std::size_t labels[] = {1, 1, 0, 0, 1, 0};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(seen[i].with_labels, labels[i]) << i;
}

TEST(Intake, WhenTheCoreHasNoRoomTheSenderIsToldToComeBack) {
  World world;
  world.decide = [](const triage::Step& step, const triage::Delivery&) {
    const auto& report = std::get<triage::ReportAlert>(step).report;
    triage::StepAnswer answer;
    if (report.labels.get("alertname") == "new") {
      answer.fate = triage::Fate::refused;
      answer.refusal = triage::Refusal::no_space;
    }
    return answer;
  };
  world.start();
  const Answer refused = world.ask(post("/api/v2/alerts", R"([{"labels":{"alertname":"new"}}])"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.count("Retry-After"), 1u);
  EXPECT_EQ(world.ask(post("/api/v2/alerts", R"([{},{"labels":{"alertname":"new"}}])")).status,
            503);
  EXPECT_EQ(world
                .ask(post("/api/v2/alerts",
                          R"([{"labels":{"alertname":"new"}},{"labels":{"alertname":"old"}}])"))
                .status,
            503)
      << "what was kept is refreshed when the batch comes again, what was not is not lost";
}

TEST(Intake, AFullLaneSlowsTheSenderDownFirst) {
  World world;
  world.full_times = 20;
  EXPECT_EQ(world.start().ask(post("/api/v2/alerts", kOneAlert)).status, 200);
  EXPECT_EQ(world.seen().size(), 1u);
  EXPECT_EQ(world.full_times, 0);
}

TEST(Intake, TheCoreIsWokenForARequestThatComesAlone) {
  World world;
  Client client(world.start().port());
  client.ask(post("/api/v2/alerts", kOneAlert));
  // This world answers without being woken; when the next request is read the wake has been.
  client.ask("GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(world.wakes, 1);
}

TEST(Intake, TheCoreIsWokenAtOnceForAnEnd) {
  World world;
  world.start().ask(
      post("/api/v2/alerts", R"([{"labels":{"a":"x"},"endsAt":"2020-01-01T00:00:00Z"}])"));
  EXPECT_EQ(world.wakes, 1);
}

TEST(Intake, ALaneThatStaysFullRefusesAfterFiveSeconds) {
  World world;
  world.full_times = 1'000'000;
  const auto before = std::chrono::steady_clock::now();
  const Answer answer = world.start().ask(post("/api/v2/alerts", kOneAlert));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.count("Retry-After"), 1u);
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(4'900));
  EXPECT_TRUE(world.seen().empty());
}

TEST(Intake, AStoppingServerRefusesAndCloses) {
  World world;
  world.stopping = true;
  Client client(world.start().port());
  EXPECT_EQ(client.ask(post("/api/v2/alerts", kOneAlert)).status, 503);
  EXPECT_TRUE(client.is_closed());
}

/// The value of tocsin_alerts_rejected_total with these labels.
std::string rejected(World& world, const std::string& source, const std::string& reason) {
  const std::string text = world.metrics.text();
  for (std::size_t at = text.find("tocsin_alerts_rejected_total{"); at != std::string::npos;
       at = text.find("tocsin_alerts_rejected_total{", at + 1)) {
    const std::string line = text.substr(at, text.find('\n', at) - at);
    if (line.find('"' + source + '"') != std::string::npos &&
        line.find('"' + reason + '"') != std::string::npos) {
      return line.substr(line.rfind(' ') + 1);
    }
  }
  return "not there";
}

TEST(Intake, RefusalsAreCountedWithTheirReason) {
  World world;
  world.start();
  world.ask(post("/api/v2/alerts", "nonsense"));
  world.ask(post("/prom-eu/api/v2/alerts", R"([{"labels":{"a":"x"}},{"labels":{"a":1}}])"));
  world.ask(post("/api/v2/alerts", kOneAlert, ""));
  world.ask(get("/nowhere"));
  const std::string text = world.ask(get("/metrics")).body;
  EXPECT_EQ(rejected(world, "prom-us", "malformed"), "1") << text;
  EXPECT_EQ(rejected(world, "prom-eu", "wrong_type"), "1");
  EXPECT_EQ(rejected(world, "prom-us", "content_type"), "1");
  // Counted before the answer leaves, so that who has seen it finds it counted.
  EXPECT_NE(text.find("tocsin_http_requests_total{code=\"404\",route=\"unknown\"} 1"),
            std::string::npos);
}

TEST(Intake, EveryAlertOfARequestThatComesAfterTheEndBeganIsCounted) {
  World world;
  world.stopping = true;
  world.start();
  EXPECT_EQ(
      world.ask(post("/api/v2/alerts", R"([{"labels":{"n":"1"}},{"labels":{"n":"2"}}])")).status,
      503);
  EXPECT_EQ(rejected(world, "prom-us", "stopping"), "2");
}

TEST(Intake, ASourceWhoseMappingIsNotThereYetIsToldToSendAgain) {
  World world;
  world.policy.sources.push_back({"custom", "json", std::nullopt});  // And no settings of it.
  const Answer answer = world.start().ask(post("/ingest/custom", R"({"n":"1"})"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.count("Retry-After"), 1u);
  EXPECT_EQ(rejected(world, "custom", "reloading"), "1");
}

TEST(Intake, WhatFailsInsideIsAnAnswerAndCountedAndTheNextRequestIsFine) {
  World world;
  std::atomic<bool> fails = true;
  world.decide = [&](const triage::Step&, const triage::Delivery&) {
    if (fails) throw std::bad_alloc();
    return triage::StepAnswer();
  };
  Client client(world.start().port());
  EXPECT_EQ(client.ask(post("/api/v2/alerts", kOneAlert)).status, 500);
  EXPECT_EQ(rejected(world, "prom-us", "failed"), "1");
  fails = false;
  EXPECT_EQ(client.ask(post("/api/v2/alerts", kOneAlert)).status, 200);
}

}  // namespace
}  // namespace tocsin::http
