#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <atomic>
#include <future>
#include <random>

#include "http/coded.h"
#include "http/world.h"

// Bodies that come compressed, from the socket to the core.
namespace tocsin::http {
namespace {

std::string post_coded(std::string_view path, std::string_view body, std::string_view coding,
                       std::string_view headers = "") {
  return post(path, body,
              "Content-Type: application/json\r\nContent-Encoding: " + std::string(coding) +
                  "\r\n" + std::string(headers));
}

std::string hex_hmac(std::string_view secret, std::string_view text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes, &size);
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out += "0123456789abcdef"[bytes[i] >> 4U];
    out += "0123456789abcdef"[bytes[i] & 15U];
  }
  return out;
}

TEST(CodedBody, IsReadByEveryRouteThatTakesOne) {
  World world;
  Client client(world.start().port());
  EXPECT_EQ(client.ask(post_coded("/api/v2/alerts", gzipped(kOneAlert), "gzip")).status, 200);
  EXPECT_EQ(client.ask(post_coded("/api/v2/alerts", gzipped(kOneAlert), "x-gzip")).status, 200);
  EXPECT_EQ(client.ask(post_coded("/api/v2/alerts", zstd_coded(kOneAlert), "zstd")).status, 200);
  EXPECT_EQ(client.ask(post_coded("/api/v2/alerts", kOneAlert, "identity")).status, 200);
  EXPECT_EQ(world.seen().size(), 4u);
  // Its 404 says that the body was read: a broken one would be 400.
  EXPECT_EQ(client.ask(post_coded("/v1/incidents/7/note", gzipped("{\"text\":7}"), "gzip")).status,
            400);
  EXPECT_EQ(client.ask(post_coded("/v1/explain", zstd_coded("{"), "zstd")).status, 400);
}

/// JSON that gets some 130 times smaller, less than what is refused.
std::string thin_alerts(std::size_t bytes) {
  constexpr std::string_view kBlanks = " \n\t\r";
  std::minstd_rand random(1);
  std::string out = "[" + std::string(kOneAlert).substr(1);
  out.back() = ',';
  while (out.size() < bytes) {
    out.append(1000, ' ');
    for (int i = 0; i < 8; ++i) out += kBlanks[random() / 7 % 4];
  }
  return out + R"({"labels":{"alertname":"B"}}])";
}

TEST(CodedBody, ThatTakesLongLetsOthersHaveTheirTurn) {
  World world;
  world.net_threads = 1;
  std::promise<void> held;
  std::promise<void> goes_on;
  std::atomic<bool> is_first = true;
  world.decide = [&](const triage::Step&, const triage::Delivery&) {
    if (is_first.exchange(false)) {
      held.set_value();
      goes_on.get_future().wait();
    }
    return triage::StepAnswer{};
  };
  world.start();
  Client first(world.port());
  Client much(world.port());
  Client little(world.port());
  for (Client* client : {&much, &little}) {  // Both are accepted.
    EXPECT_EQ(client->ask("GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
  }
  const std::string body = gzipped(thin_alerts(7U << 20));
  ASSERT_GT(body.size(), 40U << 10) << "ten pieces of it";
  ASSERT_LT(body.size(), 60U << 10) << "and one read";
  ASSERT_TRUE(first.send(post("/api/v2/alerts", kOneAlert, "Content-Type: application/json\r\n")));
  held.get_future().wait();
  ASSERT_TRUE(much.send(post_coded("/api/v2/alerts", body, "gzip")));
  ASSERT_TRUE(little.send(post("/api/v2/alerts", kOneAlert, "Content-Type: application/json\r\n")));
  goes_on.set_value();
  EXPECT_EQ(little.receive().status, 200);
  EXPECT_EQ(much.receive().status, 200);
  const auto seen = world.seen();
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[1].steps, 1U) << "came second, and was served before the long one";
  EXPECT_EQ(seen[2].steps, 2U);
}

TEST(CodedBody, ComesInChunksToo) {
  World world;
  Client client(world.start().port());
  std::string chunks;
  for (const char c : zstd_coded(kOneAlert)) chunks += std::string("1\r\n") + c + "\r\n";
  EXPECT_EQ(client
                .ask("POST /api/v2/alerts HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                     "application/json\r\nContent-Encoding: zstd\r\nTransfer-Encoding: "
                     "chunked\r\n\r\n" +
                     chunks + "0\r\n\r\n")
                .status,
            200);
  EXPECT_EQ(world.seen().size(), 1u);
}

TEST(CodedBody, UnknownAndChainedCodingsAre415AndNameTheKnownOnes) {
  World world;
  Client client(world.start().port());
  for (const char* coding :
       {"br", "deflate", "gzip, gzip", "zstd, gzip", "gzip\r\nContent-Encoding: gzip"}) {
    SCOPED_TRACE(coding);
    const Answer answer = client.ask(post_coded("/api/v2/alerts", gzipped(kOneAlert), coding));
    EXPECT_EQ(answer.status, 415);
    ASSERT_EQ(answer.headers.count("Accept-Encoding"), 1u);
    EXPECT_EQ(answer.headers.at("Accept-Encoding"), "gzip, zstd");
  }
  EXPECT_TRUE(world.seen().empty());
  EXPECT_EQ(client.ask(post("/api/v2/alerts", kOneAlert)).status, 200);
}

TEST(CodedBody, ABrokenOrBottomlessOneIsRefusedWithItsReason) {
  struct Case {
    const char* name;
    std::string body;
    const char* coding;
    int status;
    const char* reason;
  };
  World world;
  world.settings.limits.body = 8 << 20;
  world.start();
  const std::string large = std::string(9 << 20, ' ');
  const std::string whole = gzipped(kOneAlert);
  const Case cases[] = {
      {"no gzip", kOneAlert, "gzip", 400, "content_coding"},
      {"cut off", whole.substr(0, whole.size() - 1), "gzip", 400, "content_coding"},
      {"trailing garbage", whole + "x", "gzip", 400, "content_coding"},
      {"gzip bomb", gzipped(large), "gzip", 413, "ratio"},
      {"zstd bomb", zstd_coded(large), "zstd", 413, "ratio"},
      {"large window", zstd_coded(kOneAlert, 27), "zstd", 413, "window"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const std::string counter = R"(reason=")" + std::string(c.reason) + '"';
    Client client(world.port());
    const Answer answer = client.ask(post_coded("/api/v2/alerts", c.body, c.coding));
    EXPECT_EQ(answer.status, c.status) << answer.body;
    EXPECT_NE(world.metrics.text().find(counter), std::string::npos);
    EXPECT_TRUE(client.is_closed());
  }
  EXPECT_TRUE(world.seen().empty());
  EXPECT_EQ(world.ask(post("/api/v2/alerts", kOneAlert)).status, 200);
}

TEST(CodedBody, TheLimitOfTheRouteIsOfWhatComesOut) {
  World world;
  world.settings.limits.body = 100'000;
  world.start();
  std::string text(100'000, ' ');
  text.replace(0, std::string_view(kOneAlert).size(), kOneAlert);
  EXPECT_EQ(world.ask(post_coded("/api/v2/alerts", gzipped(text), "gzip")).status, 200);
  const Answer answer = world.ask(post_coded("/api/v2/alerts", gzipped(text + ' '), "gzip"));
  EXPECT_EQ(answer.status, 413);
  EXPECT_NE(answer.body.find("larger than 100000 bytes"), std::string::npos) << answer.body;
}

TEST(CodedBody, WhatComesOutCountsAmongTheBodiesInFlight) {
  World world;
  world.settings.limits.bodies_in_flight = 1 << 20;
  world.start();
  Client slow(world.port());
  ASSERT_EQ(slow.ask("POST /api/v2/alerts HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                     "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n")
                .status,
            100);
  // Some hundred bytes that become 1 MiB.
  const std::string body = gzipped(std::string(1 << 20, ' '));
  const Answer answer = world.ask(post_coded("/api/v2/alerts", body, "gzip"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.count("Retry-After"), 1u);
  EXPECT_EQ(slow.ask(std::string(100, ' ')).status, 400);
  // Everything was given back.
  EXPECT_EQ(world.ask(post_coded("/api/v2/alerts", gzipped(kOneAlert), "gzip")).status, 200);
}

TEST(CodedBody, S11ASignatureIsOfTheBytesAsTheyWereSent) {
  World world;
  world.settings.auth.anonymous = config::Anonymous::none;
  config::Sender sender;
  sender.source = "prom-us";
  sender.hmac_secret = "wine-dark-sea";
  sender.hmac_header = "X-Signature";
  world.settings.senders = {sender};
  world.start();
  const std::string body = gzipped(kOneAlert);
  const auto signed_by = [&](std::string_view text) {
    return post_coded("/prom-us/api/v2/alerts", body, "gzip",
                      "X-Signature: " + hex_hmac(sender.hmac_secret, text) + "\r\n");
  };
  EXPECT_EQ(world.ask(signed_by(body)).status, 200);
  EXPECT_EQ(world.ask(signed_by(kOneAlert)).status, 401);
  ASSERT_EQ(world.seen().size(), 1u);
  EXPECT_EQ(world.seen()[0].source, "prom-us");
}

TEST(CodedBody, ARejectedOneIsKeptWithoutItsCoding) {
  World world;
  world.start();
  EXPECT_EQ(world.ask(post_coded("/api/v2/alerts", gzipped("[{\"labels\":"), "gzip")).status, 400);
  const std::lock_guard lock(world.shelf.mutex);
  ASSERT_EQ(world.shelf.rejected.size(), 1u);
  EXPECT_EQ(world.shelf.rejected[0].body, "[{\"labels\":");
}

}  // namespace
}  // namespace tocsin::http
