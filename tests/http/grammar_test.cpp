#include <gtest/gtest.h>

#include <thread>

#include "http/limits.h"
#include "http/world.h"

// RFC 9112 by the letter: what is a request, where it ends, and what must not be taken for one.
namespace tocsin::http {
namespace {

constexpr std::string_view kPost = "POST /api/v2/alerts HTTP/1.1\r\nHost: localhost\r\n";
constexpr std::string_view kJsonType = "Content-Type: application/json\r\n";

std::string post_head(std::string_view lines) {
  return std::string(kPost) + std::string(kJsonType) + std::string(lines) + "\r\n";
}

struct GrammarCase {
  const char* name;
  std::string request;
  int status;
};

/// Each is answered with its status and the connection closed, and what follows it is not read as a
/// request of its own.
void expect_closed(const std::vector<GrammarCase>& cases) {
  World world;
  world.start();
  for (const GrammarCase& c : cases) {
    SCOPED_TRACE(c.name);
    Client client(world.port());
    client.send(c.request + post("/api/v2/alerts", kOneAlert));
    const Answer answer = client.receive();
    EXPECT_EQ(answer.status, c.status) << answer.body;
    EXPECT_EQ(answer.headers.count("Connection"), 1u);
    EXPECT_TRUE(client.is_closed());
  }
  EXPECT_TRUE(world.seen().empty());
}

TEST(Grammar, ABodyWithTwoLengthsIsNobodysRequest) {
  const std::string chunk = "2\r\n[]\r\n0\r\n\r\n";
  expect_closed({
      {"C2: length, then chunked",
       post_head("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n") + chunk, 400},
      {"C2: chunked, then length",
       post_head("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n") + chunk, 400},
      {"two lengths", post_head("Content-Length: 2\r\nContent-Length: 3\r\n") + "[]", 400},
      {"two lengths in one line", post_head("Content-Length: 2, 3\r\n") + "[]", 400},
      {"no number", post_head("Content-Length: 2x\r\n") + "[]", 400},
      {"a sign", post_head("Content-Length: +2\r\n") + "[]", 400},
      {"negative", post_head("Content-Length: -2\r\n") + "[]", 400},
      {"empty", post_head("Content-Length:\r\n") + "[]", 400},
      {"beyond 64 bits", post_head("Content-Length: 18446744073709551618\r\n") + "[]", 400},
      {"unknown coding and length",
       post_head("Transfer-Encoding: gzip\r\nContent-Length: 2\r\n") + "[]", 400},
      {"unknown coding", post_head("Transfer-Encoding: gzip\r\n"), 501},
      {"chunked below another", post_head("Transfer-Encoding: gzip, chunked\r\n") + chunk, 501},
      {"another above in a line of its own",
       post_head("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n") + chunk, 501},
      {"chunked twice", post_head("Transfer-Encoding: chunked, chunked\r\n") + chunk, 501},
      {"chunked, spelled otherwise", post_head("Transfer-Encoding: xchunked\r\n") + chunk, 501},
      {"chunked in HTTP/1.0",
       "POST /api/v2/alerts HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n"
       "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" +
           chunk,
       400},
  });
}

TEST(Grammar, BrokenChunksEndTheConnection) {
  const std::string head = post_head("Transfer-Encoding: chunked\r\n");
  expect_closed({
      {"no number", head + "x\r\n[]\r\n0\r\n\r\n", 400},
      {"a sign", head + "+2\r\n[]\r\n0\r\n\r\n", 400},
      {"0x", head + "0x2\r\n[]\r\n0\r\n\r\n", 400},
      {"beyond 64 bits", head + "10000000000000002\r\n[]\r\n0\r\n\r\n", 400},
      {"longer than it says", head + "1\r\n[]\r\n0\r\n\r\n", 400},
      {"bare LF", head + "2\n[]\n0\n\n", 400},
      {"a length among the trailers", head + "2\r\n[]\r\n0\r\nContent-Length: 5\r\n\r\n", 400},
  });
}

TEST(Grammar, EndlessLinesOfChunksAreBounded) {
  World world;
  world.start();
  const std::string head = post_head("Transfer-Encoding: chunked\r\n");
  const std::string endless(kHeadMax + 100, 'x');
  for (const std::string& chunks : {"2;" + endless, "2\r\n[]\r\n0\r\nX: " + endless}) {
    Client client(world.port());
    EXPECT_EQ(client.ask(head + chunks).status, 431);
    EXPECT_TRUE(client.is_closed());
  }
  EXPECT_TRUE(world.seen().empty());
}

TEST(Grammar, ALineThatIsNoHeaderEndsTheConnection) {
  const std::string get = "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n";
  std::string many = get;
  for (std::size_t i = 0; i < kHeadFieldsMax; ++i) many += "X: y\r\n";
  expect_closed({
      {"a space before the colon", get + "X-A : b\r\n\r\n", 400},
      {"length with a space before the colon", post_head("Content-Length : 2\r\n") + "[]", 400},
      {"no name", get + ": b\r\n\r\n", 400},
      {"no colon", get + "X-A\r\n\r\n", 400},
      {"a line that begins with a space", "GET / HTTP/1.1\r\n Host: localhost\r\n\r\n", 400},
      {"NUL in a value", get + std::string("X: a\0b\r\n\r\n", 10), 400},
      {"NUL in a name", get + std::string("X\0: a\r\n\r\n", 9), 400},
      {"a control character", get + "X: a\x01z\r\n\r\n", 400},
      {"DEL", get + "X: a\x7fz\r\n\r\n", 400},
      {"bare CR", get + "X: a\rY: b\r\n\r\n", 400},
      {"bare LF", get + "X: a\nY: b\r\n\r\n", 400},
      {"a head of bare LF", "GET /-/healthy HTTP/1.1\nHost: localhost\n\n", 400},
      {"two spaces in the first line", "GET  /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"a space in the target", "GET /-/he althy HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"no version", "GET /-/healthy\r\nHost: localhost\r\n\r\n", 400},
      {"HTTP/0.9", "GET /-/healthy HTTP/0.9\r\nHost: localhost\r\n\r\n", 505},
      {"HTTP/2.0", "GET /-/healthy HTTP/2.0\r\nHost: localhost\r\n\r\n", 505},
      {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"C5: a line of 20 KB", get + "X: " + std::string(20'000, 'x') + "\r\n\r\n", 431},
      {"C5: more than 100 lines", many + "\r\n", 431},
  });
}

TEST(Grammar, AHundredLinesAreFine) {
  World world;
  std::string lines;
  for (std::size_t i = 1; i < kHeadFieldsMax; ++i) lines += "X: y\r\n";
  EXPECT_EQ(world.start().ask(get("/-/healthy", lines)).status, 200);
}

TEST(Grammar, AFoldedLineIsOneLine) {
  World world;
  world.start();
  // RFC 9112 section 5.2: refused, or read as if a space stood there.
  EXPECT_EQ(world
                .ask("POST /api/v2/alerts HTTP/1.1\r\nHost: localhost\r\nContent-Type:\r\n "
                     "application/json\r\nContent-Length: 2\r\n\r\n[]")
                .status,
            200);
}

TEST(Grammar, EmptyLinesBeforeARequestAreIgnored) {
  World world;
  Client client(world.start().port());
  EXPECT_EQ(client.ask("\r\n\r\n" + get("/-/healthy")).status, 200);
  ASSERT_TRUE(client.send("\r"));
  EXPECT_EQ(client.ask("\n" + get("/-/healthy")).status, 200);
}

TEST(Grammar, TrailersAndChunkExtensionsSayNothing) {
  World world;
  world.settings.auth.anonymous = config::Anonymous::none;
  config::Token token;
  token.name = "ana";
  token.secrets = {"a-token"};
  token.source = "prom-us";
  world.settings.auth.tokens = {token};
  Client client(world.start().port());
  const std::string chunks = "2;a=b;c=\"d e\"\r\n[]\r\n0;last\r\n";
  const std::string head = post_head("Transfer-Encoding: chunked\r\n");
  EXPECT_EQ(client.ask(head).status, 401);
  EXPECT_TRUE(client.is_closed());
  // A credential among the trailers comes too late.
  Client late(world.port());
  EXPECT_EQ(late.ask(head + chunks + "Authorization: Bearer a-token\r\n\r\n").status, 401);
  Client good(world.port());
  EXPECT_EQ(good.ask(post_head("Transfer-Encoding: chunked\r\nAuthorization: Bearer a-token\r\n") +
                     chunks + "X-Trailer: y\r\n\r\n")
                .status,
            200);
  EXPECT_EQ(good.ask(get("/-/healthy")).status, 200);
}

TEST(Grammar, ATargetInAbsoluteFormSaysWhichHostIsMeant) {
  World world;
  world.start();
  const auto ask = [&](const char* target, const char* host) {
    return world.ask("GET " + std::string(target) + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
        .status;
  };
  EXPECT_EQ(ask("http://localhost/v1/incidents", "localhost"), 200);
  EXPECT_EQ(ask("HTTP://LOCALHOST/v1/incidents", "localhost"), 200);
  // Whatever Host says (RFC 9112 section 3.2.2), this is not meant for a loopback name.
  EXPECT_EQ(ask("http://evil.example/v1/incidents", "localhost"), 403);
  EXPECT_EQ(ask("http://localhost/v1/incidents", "evil.example"), 200);
  EXPECT_EQ(ask("http://user@localhost/v1/incidents", "localhost"), 400);
  EXPECT_EQ(ask("localhost:443", "localhost"), 400);
  EXPECT_EQ(ask("/v1/incidents", "a b"), 400);
  EXPECT_EQ(ask("/v1/incidents", "localhost/x"), 400);
  EXPECT_EQ(ask("/v1/incidents", "localhost,evil.example"), 400);
}

TEST(Grammar, OptionsOfTheServerItselfAreAnswered) {
  World world;
  EXPECT_EQ(world.start().ask("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
  EXPECT_EQ(world.ask("GET * HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 400);
}

TEST(Grammar, C1ExpectIsAnsweredBeforeTheBodyIsSent) {
  World world;
  world.settings.limits.body = 1 << 20;
  world.settings.auth.anonymous = config::Anonymous::none;
  config::Token token;
  token.name = "ana";
  token.secrets = {"a-token"};
  token.source = "prom-us";
  world.settings.auth.tokens = {token};
  world.start();
  const std::string good = "Authorization: Bearer a-token\r\n";
  const struct {
    const char* name;
    std::string lines;
    int status;
  } cases[] = {
      {"continue", good + "Expect: 100-Continue\r\nContent-Length: 2\r\n", 100},
      {"chunked", good + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", 100},
      {"no token", "Expect: 100-continue\r\nContent-Length: 2\r\n", 401},
      {"too large", good + "Expect: 100-continue\r\nContent-Length: 2000000\r\n", 413},
      {"unknown coding",
       good + "Expect: 100-continue\r\nContent-Encoding: br\r\nContent-Length: 2\r\n", 415},
      {"another expectation", good + "Expect: magic\r\nContent-Length: 2\r\n", 417},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Client client(world.port());
    const Answer answer = client.ask(post_head(c.lines));
    EXPECT_EQ(answer.status, c.status);
    if (c.status == 100) continue;
    // Nobody knows whether the body follows: the connection cannot be used again.
    EXPECT_EQ(answer.headers.at("Connection"), "close");
    EXPECT_TRUE(client.is_closed());
  }
}

TEST(Grammar, ExpectOfHttp10IsIgnored) {
  World world;
  Client client(world.start().port());
  EXPECT_EQ(client
                .ask("POST /api/v2/alerts HTTP/1.0\r\nContent-Type: application/json\r\nExpect: "
                     "100-continue\r\nContent-Length: 2\r\n\r\n[]")
                .status,
            200);
  EXPECT_TRUE(client.is_closed());
}

TEST(Grammar, ThousandsOfRequestsInOneWriteAreAnsweredInOrder) {
  World world;
  Client client(world.start().port());
  std::string all;
  constexpr int kRounds = 1'000;
  for (int i = 0; i < kRounds; ++i) {
    all += get("/-/healthy") + get("/nowhere");
    if (i % 10 == 0) all += post("/api/v2/alerts", kOneAlert);
  }
  std::thread sender([&] { EXPECT_TRUE(client.send(all)); });
  for (int i = 0; i < kRounds; ++i) {
    ASSERT_EQ(client.receive().status, 200);
    ASSERT_EQ(client.receive().status, 404);
    if (i % 10 == 0) ASSERT_EQ(client.receive().status, 200);
  }
  sender.join();
  EXPECT_EQ(world.seen().size(), std::size_t{kRounds} / 10);
}

TEST(Grammar, AHalfClosedPeerGetsItsAnswers) {
  World world;
  world.holds_answers = true;
  Client client(world.start().port());
  ASSERT_TRUE(client.send(get("/-/healthy") + post("/api/v2/alerts", kOneAlert)));
  client.end_sending();
  EXPECT_EQ(client.receive().body, "OK");
  while (world.held() == 0) EXPECT_EQ(world.ask(get("/-/healthy")).status, 200);
  world.release();
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_TRUE(client.is_closed());
}

TEST(Grammar, APeerThatEndsWithinARequestGetsNoAnswerAndHarmsNobody) {
  World world;
  world.start();
  const std::string request = post("/api/v2/alerts", kOneAlert);
  for (const std::size_t size : {std::size_t{1}, request.size() / 2, request.size() - 1}) {
    Client client(world.port());
    ASSERT_TRUE(client.send(std::string_view(request).substr(0, size)));
    client.end_sending();
    EXPECT_TRUE(client.is_closed());
  }
  EXPECT_TRUE(world.seen().empty());
  while (world.server().open_requests() > 0) {
  }
}

TEST(Grammar, EveryAnswerTellsBrowsersToKeepOut) {
  World world;
  world.start();
  for (const std::string& request :
       {get("/"), get("/metrics"), get("/nowhere"), get("/v1/%zz"), post("/api/v2/alerts", "["),
        std::string("nonsense\r\n\r\n")}) {
    const Answer answer = world.ask(request);
    SCOPED_TRACE(request);
    EXPECT_EQ(answer.headers.at("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(answer.headers.at("Content-Security-Policy"),
              "default-src 'none'; frame-ancestors 'none'");
    EXPECT_EQ(answer.headers.at("Referrer-Policy"), "no-referrer");
    EXPECT_EQ(answer.headers.at("Cache-Control"), "no-store");
    EXPECT_EQ(answer.headers.count("Server"), 0u);
  }
}

}  // namespace
}  // namespace tocsin::http
