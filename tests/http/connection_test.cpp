#include <gtest/gtest.h>

#include "http/world.h"

// What happens to a connection: every answer leaves it usable, or says that it closes and does.
namespace tocsin::http {
namespace {

TEST(Connection, ServesManyRequestsInTurn) {
  World world;
  Client client(world.start().port());
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.ask(post("/api/v2/alerts", kOneAlert)).status, 200);
    EXPECT_EQ(client.ask(get("/-/healthy")).body, "OK");
  }
  EXPECT_EQ(world.seen().size(), 50u);
}

TEST(Connection, AnswersPipelinedRequestsInOrder) {
  World world;
  Client client(world.start().port());
  std::string all;
  for (int i = 0; i < 20; ++i) {
    all += post("/api/v2/alerts", kOneAlert) + get("/-/healthy") + get("/nowhere") +
           post("/api/v2/alerts", "[");
  }
  ASSERT_TRUE(client.send(all));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(client.receive().status, 200);
    EXPECT_EQ(client.receive().body, "OK");
    EXPECT_EQ(client.receive().status, 404);
    EXPECT_EQ(client.receive().status, 400);
  }
}

TEST(Connection, ReadsARequestThatComesByteByByte) {
  World world;
  Client client(world.start().port());
  for (const char c : post("/api/v2/alerts", kOneAlert)) {
    ASSERT_TRUE(client.send(std::string_view(&c, 1)));
  }
  EXPECT_EQ(client.receive().status, 200);
}

TEST(Connection, C7OptionsTellWhatAPathTakesAndLetNoOtherOriginIn) {
  World world;
  world.start();
  const auto options = [](const char* path) {
    return "OPTIONS " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  };
  const Answer intake = world.ask(options("/ingest/builds"));
  EXPECT_EQ(intake.status, 200);
  EXPECT_EQ(intake.headers.at("Allow"), "POST, PUT, OPTIONS");
  EXPECT_EQ(intake.body, "");
  EXPECT_EQ(intake.headers.count("Access-Control-Allow-Origin"), 0u);
  EXPECT_EQ(world.ask(options("/v1/incidents")).headers.at("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(world.ask(options("/nowhere")).status, 404);
  EXPECT_TRUE(world.seen().empty());
}

TEST(Connection, TheFrontPageNamesWaysInAndWhatWasRejected) {
  World world;
  world.start();
  const std::string page = world.ask(get("/")).body;
  for (const char* line : {"POST /v2/enqueue ", "GET  /v1/rejected ", "GET  /v1/rejected/{id} ",
                           "POST /v1/rejected/{id}/replay\n"}) {
    EXPECT_NE(page.find(line), std::string::npos) << line;
  }
}

struct ErrorCase {
  const char* name;
  std::string request;
  int status;
  const char* says;
};

TEST(Connection, StaysUsableAfterEveryErrorWhoseEndIsKnown) {
  World world;
  world.settings.limits.body = 1 << 20;
  world.start();
  const std::string big(2 << 20, ' ');
  const ErrorCase cases[] = {
      {"malformed JSON", post("/api/v2/alerts", "[{\"labels\":}]"), 400, "at /0, byte 11"},
      {"empty body", post("/api/v2/alerts", ""), 400, "empty"},
      {"null", post("/api/v2/alerts", "null"), 400, "array"},
      {"an object", post("/api/v2/alerts", "{}"), 400, "array"},
      {"wrong type", post("/api/v2/alerts", R"([{"labels":{"a":1}}])"), 400,
       "/0/labels/a: a number"},
      {"no labels", post("/api/v2/alerts", R"([{}])"), 400, "/0/labels: no label"},
      {"content type", post("/api/v2/alerts", kOneAlert, "Content-Type: text/plain\r\n"), 415,
       "application/json"},
      {"no content type", post("/api/v2/alerts", kOneAlert, ""), 415, "application/json"},
      {"too large", post("/api/v2/alerts", big), 413, "larger than 1048576 bytes"},
      {"unknown route", get("/nowhere"), 404, "no such path"},
      {"unknown route with a body", post("/nowhere", big), 404, "no such path"},
      {"unknown compatible route", get("/api/v2/nowhere"), 404, "\"code\":404"},
      {"wrong method", post("/v1/incidents", "{}"), 405, "GET, HEAD"},
      {"wrong method, compatible",
       "PUT /api/v2/alerts HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n[]", 405,
       "POST, GET, HEAD"},
      {"old API", post("/api/v1/alerts", kOneAlert), 410, "/api/v2"},
      {"relative path", get("/v1/../v1/incidents"), 400, "relative"},
      {"encoded slash", get("/v1/incidents%2F1"), 400, "slash"},
      {"broken percent", get("/v1/%zz"), 400, "%25"},
      {"no Host", "GET /-/healthy HTTP/1.1\r\n\r\n", 400, "Host"},
      {"two Hosts", "GET /-/healthy HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "Host"},
      {"missing incident", get("/v1/incidents/INC-99"), 404, "INC-99"},
      {"bad parameter", get("/v1/incidents?state=foo"), 400, "acknowledged"},
      {"verb with a bad body", post("/v1/incidents/1/ack", "{\"note\":7}"), 400, "/note"},
  };
  for (const ErrorCase& c : cases) {
    SCOPED_TRACE(c.name);
    Client client(world.port());
    const Answer answer = client.ask(c.request);
    EXPECT_EQ(answer.status, c.status);
    EXPECT_NE(answer.body.find(c.says), std::string::npos) << answer.body;
    EXPECT_EQ(answer.headers.count("Connection"), 0u);
    EXPECT_EQ(answer.headers.at("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(answer.headers.at("Cache-Control"), "no-store");
    EXPECT_EQ(client.ask(post("/api/v2/alerts", kOneAlert)).status, 200);
  }
}

TEST(Connection, C6IsUsableAfterABodyOfFortyMegabytesWasRefused) {
  World world;
  Client client(world.start().port());
  const std::string body(40'000'000, ' ');
  const std::string request = post("/api/v2/alerts", body);
  const auto head_size = request.size() - body.size();
  // The answer comes before the body is sent.
  ASSERT_TRUE(client.send(std::string_view(request).substr(0, head_size)));
  EXPECT_EQ(client.receive().status, 413);
  ASSERT_TRUE(client.send(body));
  EXPECT_EQ(client.ask(post("/api/v2/alerts", kOneAlert)).status, 200);
}

TEST(Connection, ClosesWhereTheEndOfTheRequestIsNotKnown) {
  World world;
  world.settings.limits.body = 1 << 20;
  world.start();
  const std::string json = "Host: localhost\r\nContent-Type: application/json\r\n";
  const std::string head = "POST /api/v2/alerts HTTP/1.1\r\n" + json;
  const ErrorCase cases[] = {
      {"no HTTP", "hello\r\n\r\n", 400, "HTTP/1.1"},
      {"length in two ways",
       head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "length"},
      {"two lengths", head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n[]", 400, "length"},
      {"no number as length", head + "Content-Length: x\r\n\r\n[]", 400, "length"},
      {"unknown coding", head + "Transfer-Encoding: gzip\r\n\r\n[]", 501, "chunked"},
      {"broken chunks", head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n[]\r\n", 400, "chunk"},
      {"head too large", "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(20'000, 'x'), 431,
       "16 KiB"},
      {"chunked to nowhere",
       "POST /nowhere HTTP/1.1\r\n" + json +
           "Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
       404, "no such path"},
      {"chunks beyond the limit",
       head + "Transfer-Encoding: chunked\r\n\r\n200000\r\n" + std::string(1 << 21, ' '), 413,
       "larger than 1048576 bytes"},
      {"announced and refused", head + "Expect: 100-continue\r\nContent-Length: 2000000\r\n\r\n",
       413, "larger"},
  };
  for (const ErrorCase& c : cases) {
    SCOPED_TRACE(c.name);
    Client client(world.port());
    client.send(c.request);
    const Answer answer = client.receive();
    EXPECT_EQ(answer.status, c.status);
    EXPECT_NE(answer.body.find(c.says), std::string::npos) << answer.body;
    ASSERT_EQ(answer.headers.count("Connection"), 1u);
    EXPECT_EQ(answer.headers.at("Connection"), "close");
    EXPECT_TRUE(client.is_closed());
  }
  EXPECT_TRUE(world.seen().empty());
}

TEST(Connection, TellsAWaitingSenderToContinue) {
  World world;
  Client client(world.start().port());
  const std::string body(kOneAlert);
  const Answer interim = client.ask(
      "POST /api/v2/alerts HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      "Content-Type: application/json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_EQ(interim.status, 100);
  EXPECT_EQ(client.ask(body).status, 200);
  EXPECT_EQ(client.ask(get("/-/healthy")).status, 200);
}

TEST(Connection, C2ReadsChunkedBodies) {
  World world;
  Client client(world.start().port());
  const std::string head =
      "POST /api/v2/alerts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  const std::string body(kOneAlert);
  std::string chunks;
  for (const char c : body) chunks += std::string("1;x=y\r\n") + c + "\r\n";
  EXPECT_EQ(client.ask(head + chunks + "0\r\nTrailer: t\r\n\r\n").status, 200);
  EXPECT_EQ(client.ask(get("/-/healthy")).status, 200);
  EXPECT_EQ(world.seen().size(), 1u);
}

TEST(Connection, KeepsHttp10OnlyWhenAsked) {
  World world;
  world.start();
  Client closing(world.port());
  EXPECT_EQ(closing.ask("GET /-/healthy HTTP/1.0\r\n\r\n").status, 200);
  EXPECT_TRUE(closing.is_closed());
  Client keeping(world.port());
  const Answer answer = keeping.ask("GET /-/healthy HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(answer.headers.at("Connection"), "keep-alive");
  EXPECT_EQ(keeping.ask(get("/-/healthy")).status, 200);
}

TEST(Connection, HeadIsAnsweredLikeGetWithoutTheBody) {
  World world;
  Client client(world.start().port());
  for (const char* path : {"/-/healthy", "/-/ready", "/metrics", "/v1/incidents", "/"}) {
    SCOPED_TRACE(path);
    ASSERT_TRUE(client.send("HEAD " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    const Answer answer = client.receive(true);
    EXPECT_EQ(answer.status, 200);
    EXPECT_NE(answer.headers.at("Content-Length"), "0");
  }
  EXPECT_EQ(client.ask(get("/-/healthy")).body, "OK");
}

TEST(Connection, BodiesInFlightAreBounded) {
  World world;
  world.settings.limits.bodies_in_flight = 1 << 20;
  world.start();
  Client slow(world.port());
  const std::string head =
      "POST /api/v2/alerts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Expect: 100-continue\r\nContent-Length: 1000000\r\n\r\n";
  EXPECT_EQ(slow.ask(head).status, 100);
  Client refused(world.port());
  const Answer answer = refused.ask(post("/api/v2/alerts", std::string(100'000, ' ')));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.count("Retry-After"), 1u);
  EXPECT_EQ(
      slow.ask(kOneAlert + std::string(1'000'000 - std::string_view(kOneAlert).size(), ' ')).status,
      200);
  EXPECT_EQ(refused.ask(post("/api/v2/alerts", kOneAlert)).status, 200);
}

TEST(Connection, DrainingAnswersWhatIsOpenAndClosesWhatIsIdle) {
  World world;
  world.holds_answers = true;
  Client idle(world.start().port());
  EXPECT_EQ(idle.ask(get("/-/healthy")).status, 200);
  Client busy(world.port());
  ASSERT_TRUE(busy.send(post("/api/v2/alerts", kOneAlert)));
  // A second request on the idle connection comes back only after the first one was taken in.
  while (world.held() == 0) EXPECT_EQ(idle.ask(get("/-/healthy")).status, 200);
  EXPECT_GE(world.server().open_requests(), 1u);
  world.server().stop_accepting();
  EXPECT_TRUE(idle.is_closed());
  world.release();
  const Answer answer = busy.receive();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("Connection"), "close");
  EXPECT_TRUE(busy.is_closed());
  EXPECT_EQ(world.server().open_requests(), 0u);
}

TEST(Connection, APeerThatLeavesBeforeItsAnswerHarmsNobody) {
  World world;
  world.holds_answers = true;
  world.start();
  {
    Client leaving(world.port());
    ASSERT_TRUE(leaving.send(post("/api/v2/alerts", kOneAlert)));
    Client other(world.port());
    while (world.held() == 0) EXPECT_EQ(other.ask(get("/-/healthy")).status, 200);
  }
  world.release();
  world.holds_answers = false;
  EXPECT_EQ(world.ask(post("/api/v2/alerts", kOneAlert)).status, 200);
}

TEST(Server, SaysWhichAddressIsTakenAndWhatToDo) {
  World world;
  world.start();
  World second;
  second.settings.listen.port = world.port();
  try {
    second.start();
    FAIL() << "two servers on one port";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("127.0.0.1:" + std::to_string(world.port())),
              std::string::npos);
    EXPECT_NE(std::string(error.what()).find("listen"), std::string::npos);
  }
}

}  // namespace
}  // namespace tocsin::http
