// POST /v2/enqueue, and signatures of requests.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <chrono>
#include <thread>

#include "http/signature.h"
#include "http/taken_once.h"
#include "http/world.h"

namespace tocsin::http {
namespace {

constexpr const char* kKey = "routing-key-0123456789abcdef0123";

std::string event(std::string_view action, std::string_view more = "",
                  std::string_view key = kKey) {
  return R"({"routing_key":")" + std::string(key) + R"(","event_action":")" + std::string(action) +
         R"(","payload":{"summary":"it is down","source":"db-3","severity":"critical"})" +
         std::string(more) + "}";
}

std::string hex_hmac(const std::string& secret, std::string_view text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes, &size);
  std::string out;
  char digits[3];
  for (unsigned i = 0; i < size; ++i) {
    std::snprintf(digits, sizeof digits, "%02x", bytes[i]);
    out += digits;
  }
  return out;
}

class Events : public ::testing::Test {
 protected:
  Events() {
    world_.policy.sources.push_back({"pager", "pagerduty", std::nullopt});
    world_.policy.sources.push_back({"pager-eu", "pagerduty", std::nullopt});
  }
  void use_token(config::Anonymous anonymous, const std::string& source) {
    world_.settings.auth.anonymous = anonymous;
    config::Token token;
    token.name = "monitor";
    token.secrets = {kKey};
    token.source = source;
    world_.settings.auth.tokens.push_back(token);
  }
  Answer send(const std::string& body) { return world_.ask(post("/v2/enqueue", body)); }
  World world_;
};

TEST_F(Events, ATriggerIsAnsweredWithItsKey) {
  world_.start();
  const Answer answer = send(event("trigger", R"(,"dedup_key":"disk/1")"));
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.body,
            R"({"status":"success","message":"Event processed","dedup_key":"disk/1"})");
  ASSERT_EQ(world_.seen().size(), 1u);
  EXPECT_EQ(world_.seen()[0].source, "pager");
  EXPECT_EQ(world_.seen()[0].actor, "source:pager");
  EXPECT_EQ(world_.seen()[0].first, "ReportAlert");
}

TEST_F(Events, ATriggerWithoutAKeyGetsOneOfItsOwnEachTime) {
  world_.start();
  const std::string first = send(event("trigger")).body;
  const std::string second = send(event("trigger")).body;
  EXPECT_NE(first.find("\"dedup_key\":\""), std::string::npos);
  EXPECT_NE(first, second);
  EXPECT_EQ(world_.seen().size(), 2u);
}

TEST_F(Events, AnAcknowledgementIsAStepOfItsOwn) {
  world_.decide = [](const triage::Step&, const triage::Delivery&) {
    triage::StepAnswer answer;
    answer.fate = triage::Fate::unknown_acknowledge;
    return answer;
  };
  world_.start();
  EXPECT_EQ(send(event("acknowledge", R"(,"dedup_key":"disk/1")")).status, 202);
  ASSERT_EQ(world_.seen().size(), 1u);
  EXPECT_EQ(world_.seen()[0].first, "AcknowledgeAlert");
  EXPECT_EQ(world_.seen()[0].actor, "source:pager");
  const std::string metrics = world_.ask(get("/metrics")).body;
  EXPECT_NE(metrics.find("tocsin_alerts_total{result=\"unknown_acknowledge\",source=\"pager\"} 1"),
            std::string::npos)
      << metrics;
}

TEST_F(Events, AnAcknowledgementByThePathOfTheSourceCountsAsAccepted) {
  world_.start();
  const Answer answer =
      world_.ask(post("/ingest/pager", event("acknowledge", R"(,"dedup_key":"disk/1")")));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"accepted":1,"refused":0,"rejected":[],"alerts":[]})");
}

TEST_F(Events, AnEventThatIsNoneIsToldSoInPagerDutysWords) {
  world_.start();
  for (const char* body : {"{}", "[]", "{", R"({"event_action":"trigger","payload":{}})"}) {
    SCOPED_TRACE(body);
    const Answer answer = send(body);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.headers.at("Content-Type"), "application/json");
    EXPECT_TRUE(answer.body.starts_with(
        R"({"status":"invalid event","message":"Event object is invalid","errors":[")"))
        << answer.body;
  }
  EXPECT_TRUE(world_.seen().empty());
}

TEST_F(Events, TheRoutingKeyIsATokenAndNamesTheSource) {
  use_token(config::Anonymous::none, "pager-eu");
  world_.start();
  EXPECT_EQ(send(event("trigger")).status, 202);
  EXPECT_EQ(world_.seen().back().source, "pager-eu");
  const Answer refused = send(event("trigger", "", "another-key-0123456789abcdef0123"));
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.body.find("another-key"), std::string::npos) << "a secret is not repeated";
  EXPECT_TRUE(refused.body.starts_with(R"({"status":"invalid event")")) << refused.body;
  EXPECT_EQ(send(R"({"event_action":"trigger"})").status, 401) << "before anything else is told";
  EXPECT_EQ(world_.seen().size(), 1u);
}

TEST_F(Events, ATokenInTheHeadDoesAsWell) {
  use_token(config::Anonymous::none, "pager-eu");
  world_.start();
  const std::string head =
      "Content-Type: application/json\r\nAuthorization: Bearer " + std::string(kKey) + "\r\n";
  EXPECT_EQ(world_.ask(post("/v2/enqueue", event("trigger", "", "x"), head)).status, 202);
}

TEST_F(Events, WhereAnybodyIsLetInAKeyThatMatchesNothingIsIgnoredAndCounted) {
  use_token(config::Anonymous::loopback, "pager-eu");
  world_.start();
  EXPECT_EQ(send(event("trigger", "", "another-key-0123456789abcdef0123")).status, 202);
  EXPECT_EQ(world_.seen().back().source, "pager");
  const std::string metrics = world_.ask(get("/metrics")).body;
  EXPECT_NE(metrics.find("tocsin_http_access_total{result=\"ignored\"} 1"), std::string::npos);
}

TEST_F(Events, ATokenOfASourceOfAnotherKindIsRefused) {
  use_token(config::Anonymous::loopback, "prom-us");
  world_.start();
  EXPECT_EQ(send(event("trigger")).status, 403);
}

TEST_F(Events, WithoutASourceOfTheKindThePathLeadsNowhere) {
  world_.policy.sources = {{"prom-us", "alertmanager-api", std::nullopt}};
  world_.start();
  const Answer answer = send(event("trigger"));
  EXPECT_EQ(answer.status, 404);
  EXPECT_NE(answer.body.find("no source is of kind pagerduty"), std::string::npos);
}

TEST_F(Events, OverloadIs429HereAsThisSenderTakes5xxAnd4xxForSomethingElse) {
  world_.decide = [](const triage::Step&, const triage::Delivery&) {
    triage::StepAnswer answer;
    answer.fate = triage::Fate::refused;
    answer.refusal = triage::Refusal::no_space;
    return answer;
  };
  world_.start();
  const Answer answer = send(event("trigger"));
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.headers.count("Retry-After"), 1u);
  EXPECT_EQ(world_.ask(post("/api/v2/alerts", kOneAlert)).status, 503);
}

TEST_F(Events, C3ADefaultContentTypeOfSendersIsFineWhereThePathSaysWhatComes) {
  world_.start();
  for (const char* type : {"application/x-www-form-urlencoded", "text/plain", "text/json"}) {
    SCOPED_TRACE(type);
    const std::string line = "Content-Type: " + std::string(type) + "\r\n";
    EXPECT_EQ(world_.ask(post("/v2/enqueue", event("trigger"), line)).status, 202);
    EXPECT_EQ(world_.ask(post("/api/v2/alerts", kOneAlert, line)).status, 415);
  }
  EXPECT_EQ(world_.ask(post("/v2/enqueue", event("trigger"), "")).status, 202);
  EXPECT_EQ(world_.ask(post("/v2/enqueue", "a=b", "")).status, 400);
}

TEST_F(Events, AnEventIsAtMostAMebibyte) {
  world_.start();
  EXPECT_EQ(send(event("trigger", R"(,"padding":")" + std::string(2U << 20, 'x') + "\"")).status,
            413);
}

// ---- Signatures ----

class Signed : public ::testing::Test {
 protected:
  Signed() {
    config::Sender sender;
    sender.source = "relay";
    sender.hmac_secret = "a secret of the relay";
    sender.hmac_header = "X-Tocsin-Signature";
    world_.policy.sources.push_back({"relay", "alertmanager", std::nullopt});
    world_.settings.senders.push_back(sender);
  }
  int send(std::string_view signature, std::string_view header = "X-Tocsin-Signature") {
    std::string head = "Content-Type: application/json\r\n";
    if (!signature.empty()) {
      head.append(header).append(": ").append(signature).append("\r\n");
    }
    return world_.ask(post("/ingest/relay", kBody, head)).status;
  }
  /// With the time of signing in it, as Tocsin signs.
  std::string timed(std::int64_t unix_seconds) const {
    const std::string time = std::to_string(unix_seconds);
    return "t=" + time + ",v1=" + hex_hmac(secret_, time + "." + kBody);
  }
  static std::int64_t unix_now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())
        .time_since_epoch()
        .count();
  }
  bool counted(const std::string& result, int times) {
    const std::string metrics = world_.ask(get("/metrics")).body;
    return metrics.find("tocsin_http_access_total{result=\"" + result + "\"} " +
                        std::to_string(times) + "\n") != std::string::npos;
  }
  static constexpr const char* kBody = R"({"alerts":[{"labels":{"alertname":"A"}}]})";
  const std::string secret_ = "a secret of the relay";
  World world_;
};

TEST_F(Signed, AGoodSignatureLetsItInInEverySpelling) {
  world_.start();
  const std::string hex = hex_hmac(secret_, kBody);
  std::string upper = hex;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(send(hex), 200);
  EXPECT_EQ(send(upper), 200);
  EXPECT_EQ(send("sha256=" + hex), 200);
  EXPECT_EQ(send(timed(unix_now())), 200);
  EXPECT_EQ(send(hex, "x-tocsin-signature"), 200) << "names of headers have no case";
  EXPECT_EQ(world_.seen().size(), 5u);
}

TEST_F(Signed, NobodyIsLetInWithoutOneAndItIsCounted) {
  world_.start();
  const std::string hex = hex_hmac(secret_, kBody);
  EXPECT_EQ(send(""), 401) << "not even on loopback";
  EXPECT_EQ(send(hex.substr(1)), 401);
  EXPECT_EQ(send(hex_hmac("another secret", kBody)), 401);
  EXPECT_EQ(send("sha1=" + hex), 401);
  const std::string time = std::to_string(unix_now());
  EXPECT_EQ(send("t=" + time + ",v1=" + hex_hmac(secret_, time + "0." + kBody)), 401)
      << "of another time";
  EXPECT_EQ(send(hex, "X-Hub-Signature-256"), 401) << "another header is none";
  EXPECT_TRUE(world_.seen().empty());
  const std::string metrics = world_.ask(get("/metrics")).body;
  EXPECT_NE(metrics.find("tocsin_http_access_total{result=\"no_signature\"} 2"), std::string::npos)
      << metrics;
  EXPECT_NE(metrics.find("tocsin_http_access_total{result=\"signature\"} 4"), std::string::npos);
}

TEST_F(Signed, S11ASignatureIsGoodForFiveMinutesAroundItsTime) {
  world_.start();
  EXPECT_EQ(send(timed(unix_now() - 310)), 401);
  EXPECT_EQ(send(timed(unix_now() + 310)), 401);
  EXPECT_TRUE(world_.seen().empty());
  EXPECT_TRUE(counted("signature_time", 2));
  EXPECT_EQ(send(timed(unix_now() - 240)), 200);
  EXPECT_EQ(send(timed(unix_now() + 240)), 200);
}

TEST_F(Signed, S11ARequestThatWasOverheardIsNotTakenAgainInAnySpellingOfItsSignature) {
  world_.start();
  const std::string signature = timed(unix_now());
  EXPECT_EQ(send(signature), 200);
  EXPECT_EQ(send(signature), 401);
  std::string upper = signature;
  std::transform(upper.begin() + 20, upper.end(), upper.begin() + 20,
                 [](char c) { return static_cast<char>(std::toupper(c)); });
  EXPECT_EQ(send(upper), 401);
  EXPECT_EQ(world_.seen().size(), 1u);
  EXPECT_TRUE(counted("signature_repeated", 2));
}

TEST_F(Signed, S11ARequestThatFoundNoRoomMayBeSentAgain) {
  std::atomic<bool> full = true;
  world_.decide = [&](const triage::Step&, const triage::Delivery&) {
    triage::StepAnswer answer;
    if (!full) return answer;
    answer.fate = triage::Fate::refused;
    answer.refusal = triage::Refusal::no_space;
    return answer;
  };
  world_.start();
  const std::string signature = timed(unix_now());
  EXPECT_EQ(send(signature), 503);
  full = false;
  EXPECT_EQ(send(signature), 200);
  EXPECT_EQ(send(signature), 401);
}

TEST(TimedSignatures, S11AreJudgedByTheGivenClockToTheSecond) {
  config::Sender sender;
  sender.source = "relay";
  sender.hmac_secret = "a secret of the relay";
  sender.hmac_header = "X-Tocsin-Signature";
  std::string value;
  Request request;
  request.body = request.body_as_sent = "[]";
  request.head.header = [&](std::string_view) { return std::string_view(value); };
  struct Case {
    const char* time;
    Signature expected;
  };
  for (const Case& c : {Case{"1000000", Signature::good}, Case{"999700", Signature::good},
                        Case{"999699", Signature::untimely}, Case{"1000300", Signature::good},
                        Case{"1000301", Signature::untimely}, Case{"", Signature::untimely},
                        Case{"1000000x", Signature::untimely}, Case{"-1", Signature::untimely},
                        Case{"99999999999999999999", Signature::untimely},
                        Case{"9223372036854775807", Signature::untimely}}) {
    SCOPED_TRACE(c.time);
    value = "t=" + std::string(c.time) +
            ",v1=" + hex_hmac(sender.hmac_secret, std::string(c.time) + ".[]");
    const auto checked =
        check_signature(&sender, request, Instant(std::chrono::seconds(1'000'000)));
    EXPECT_EQ(checked.result, c.expected);
    EXPECT_EQ(checked.once.empty(), c.expected != Signature::good);
  }
  value = hex_hmac(sender.hmac_secret, "[]");
  EXPECT_EQ(check_signature(&sender, request, Instant{}).once, "") << "it says no time";
}

TEST(TakenRequests, S11AreRememberedForTenMinutesAndNoLonger) {
  using Was = TakenOnce::Was;
  TakenOnce taken;
  const Instant begin{};
  EXPECT_EQ(taken.take("a", begin), Was::fresh);
  EXPECT_EQ(taken.take("a", begin + TakenOnce::kKept), Was::taken_before);
  EXPECT_EQ(taken.take("b", begin + TakenOnce::kKept), Was::fresh);
  EXPECT_EQ(taken.take("a", begin + TakenOnce::kKept + Duration(1)), Was::fresh);
  taken.give_back("b");
  EXPECT_EQ(taken.take("b", begin + TakenOnce::kKept + Duration(1)), Was::fresh);
}

TEST(TakenRequests, S11AreBoundedAndTheOldestIsDropped) {
  using Was = TakenOnce::Was;
  TakenOnce taken;
  for (std::size_t i = 0; i < TakenOnce::kMax; ++i) {
    ASSERT_EQ(taken.take(std::to_string(i), Instant{}), Was::fresh);
  }
  EXPECT_EQ(taken.take("one more", Instant{}), Was::fresh_and_one_dropped);
  EXPECT_EQ(taken.take("1", Instant{}), Was::taken_before);
  EXPECT_EQ(taken.take("0", Instant{}), Was::fresh_and_one_dropped) << "it was the oldest";
}

TEST(TakenRequests, S11AreTakenOnceByAllThreadsTogether) {
  TakenOnce taken;
  std::atomic<int> fresh = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 2'000; ++n) {
          if (taken.take(std::to_string(n), Instant{}) == TakenOnce::Was::fresh) ++fresh;
        }
      });
    }
  }
  EXPECT_EQ(fresh, 2'000);
}

TEST_F(Signed, ASignatureIsCredentialEnough) {
  world_.settings.auth.anonymous = config::Anonymous::none;
  world_.start();
  EXPECT_EQ(send(hex_hmac(secret_, kBody)), 200);
  EXPECT_EQ(world_.seen().back().source, "relay");
  EXPECT_EQ(send(""), 401);
}

TEST_F(Signed, ATokenOfTheSourceDoesNotReplaceIt) {
  config::Token token;
  token.name = "monitor";
  token.secrets = {kKey};
  token.source = "relay";
  world_.settings.auth.tokens.push_back(token);
  world_.start();
  const std::string head =
      "Content-Type: application/json\r\nAuthorization: Bearer " + std::string(kKey) + "\r\n";
  EXPECT_EQ(world_.ask(post("/api/v2/alerts", kOneAlert, head)).status, 401);
  EXPECT_EQ(world_.ask(post("/api/v2/alerts", kOneAlert)).status, 200) << "another source";
}

TEST_F(Signed, AnEventMayBeSignedInsteadOfHavingAKey) {
  world_.policy.sources.push_back({"pager", "pagerduty", std::nullopt});
  world_.settings.senders.front().source = "pager";
  world_.settings.auth.anonymous = config::Anonymous::none;
  world_.start();
  const std::string body = event("trigger");
  const std::string head =
      "Content-Type: application/json\r\nX-Tocsin-Signature: " + hex_hmac(secret_, body) + "\r\n";
  EXPECT_EQ(world_.ask(post("/v2/enqueue", body, head)).status, 202);
  EXPECT_EQ(world_.ask(post("/v2/enqueue", body)).status, 401);
}

// ---- Kind json ----

TEST(Mapped, TheAnswerCountsAllThatWasRefusedAndDescribesTheFirst) {
  World world;
  world.policy.sources.push_back({"relay", "alertmanager", std::nullopt});
  world.start();
  std::string body = R"({"alerts":[{"labels":{"alertname":"A"}})";
  for (int i = 0; i < 5'000; ++i) body += R"(,{"labels":7})";
  const Answer answer = world.ask(post("/ingest/relay", body + "]}"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body.starts_with(R"({"accepted":1,"refused":5000,"rejected":[{"at":)"))
      << answer.body.substr(0, 200);
  std::size_t described = 0;
  for (std::size_t at = 0; (at = answer.body.find("\"problem\"", at)) != std::string::npos; ++at) {
    ++described;
  }
  EXPECT_EQ(described, 100u);
}

TEST(Mapped, TheAnswerSaysWhatIsRefusedAndWhatLedNowhere) {
  World world;
  ingest::Mapping map;
  map.status = ingest::Mapping::Status{*ingest::parse_pointer("/state"), {"down"}, {"up"}};
  map.labels = {{"alertname", {*ingest::parse_pointer("/name"), ""}},
                {"team", {*ingest::parse_pointer("/team"), ""}}};
  config::Sender sender;
  sender.source = "builds";
  sender.map = std::make_shared<const ingest::Mapping>(map);
  world.settings.senders.push_back(sender);
  world.policy.sources.push_back({"builds", "json", std::nullopt});
  world.start();
  const Answer answer = world.ask(
      post("/ingest/builds", R"([{"name":"a","state":"down"},{"name":"b","state":"sideways"}])"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find(R"("accepted":1)"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find(R"("at":"/1/state","problem":"\"sideways\" is neither firing (down))"),
            std::string::npos)
      << answer.body;
  EXPECT_NE(answer.body.find(R"("remarks":[{"at":"/0","problem":"map.labels.team: /team points at)"
                             R"( nothing; there are /name, /state"})"),
            std::string::npos)
      << answer.body;
}

}  // namespace
}  // namespace tocsin::http
