#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "delivery/courier_world.h"
#include "delivery/sink.h"

namespace tocsin::delivery {
namespace {

using triage::Outcome;
using triage::Reason;

TEST(Courier, PostsThePageWithItsHeaders) {
  std::string request;
  const Sink sink([&](Connection& connection) {
    request = connection.read_request().value_or("");
    connection.send(empty_answer("204 No Content"));
  });
  CourierWorld world({webhook("ops", sink.url(), "a very secret secret")});
  Message page = message(7, "ops");
  page.page.possible_duplicate = true;
  EXPECT_EQ(shown(world.deliver(page)), "delivered none: 204 No Content");
  world.stop();

  const std::string body = request.substr(request.find("\r\n\r\n") + 4);
  EXPECT_TRUE(request.starts_with("POST /hooks/s3cret-path HTTP/1.1\r\n"));
  EXPECT_NE(request.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
  EXPECT_NE(request.find("\r\nIdempotency-Key: INC-42/1/triggered/1/1/ops\r\n"), std::string::npos);
  EXPECT_NE(request.find("\r\nUser-Agent: tocsin/1.2.3\r\n"), std::string::npos);
  EXPECT_EQ(request.find("\r\nExpect:"), std::string::npos);
  EXPECT_TRUE(body.starts_with(
      R"({"event":"incident.triggered","page":{"key":"INC-42/1/triggered/1/1/ops","attempt":1,)"
      R"("possible_duplicate":true,"to":"ops","reason":"escalation payments, step 1"})"));

  const std::size_t at = request.find("\r\nX-Tocsin-Signature: t=");
  ASSERT_NE(at, std::string::npos);
  const std::string shown_signature =
      request.substr(at + 22, request.find("\r\n", at + 2) - at - 22);
  const std::int64_t time = std::stoll(shown_signature.substr(2));
  EXPECT_EQ(shown_signature, signature("a very secret secret", time, body));
}

TEST(Courier, AWebhookWithoutSecretIsNotSigned) {
  std::string request;
  const Sink sink([&](Connection& connection) {
    request = connection.read_request().value_or("");
    connection.send(empty_answer("200 OK"));
  });
  CourierWorld world({webhook("ops", sink.url())});
  EXPECT_EQ(world.deliver(message(1, "ops")).outcome, Outcome::delivered);
  world.stop();
  EXPECT_EQ(request.find("X-Tocsin-Signature"), std::string::npos);
}

TEST(Courier, TheAnswersStatusDecides) {
  struct Case {
    const char* status;
    const char* headers;
    const char* expected;
  };
  const Case cases[] = {
      {"200 Fine", "", "delivered none: 200 OK"},
      {"202 Accepted", "", "delivered none: 202 Accepted"},
      {"299 Odd", "", "delivered none: 299"},
      {"302 Found", "Location: http://192.0.2.1/elsewhere\r\n",
       "refused other: 302 Found; redirects are not followed"},
      {"400 Bad", "", "refused 4xx: 400 Bad Request"},
      {"404 Not here", "Retry-After: 9\r\n", "refused 4xx: 404 Not Found"},
      {"429 Slow down", "Retry-After: 17\r\n", "refused 429: 429 Too Many Requests after 17s"},
      {"429 Slow down", "", "refused 429: 429 Too Many Requests"},
      {"500 Oops", "", "refused 5xx: 500 Internal Server Error"},
      {"503 <script>", "Retry-After: 100000\r\n", "refused 5xx: 503 Service Unavailable after 5m"},
      {"503 Down", "Retry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\n",
       "refused 5xx: 503 Service Unavailable after 5m"},
      {"503 Down", "Retry-After: Sat, 01 Jan 2000 00:00:00 GMT\r\n",
       "refused 5xx: 503 Service Unavailable"},
      {"503 Down", "Retry-After: soon\r\n", "refused 5xx: 503 Service Unavailable"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.status) + " " + c.headers);
    const Sink sink(answers(empty_answer(c.status, c.headers)));
    CourierWorld world({webhook("ops", sink.url())});
    EXPECT_EQ(shown(world.deliver(message(1, "ops"))), c.expected);
  }
}

TEST(Courier, AnInterimAnswerIsNotTheAnswer) {
  const Sink sink([](Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
    connection.reset_on_close();
  });
  CourierWorld world({webhook("ops", sink.url())});
  EXPECT_EQ(shown(world.deliver(message(1, "ops"))),
            "unknown connect: connection lost before the answer");
}

TEST(Courier, NobodyListensMeansRefused) {
  int port = 0;
  {
    const Sink gone([](Connection&) {});
    port = gone.port();
  }
  const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/hooks/s3cret-path";
  CourierWorld world({webhook("ops", url)});
  EXPECT_EQ(shown(world.deliver(message(1, "ops"))), "refused connect: connection refused");
}

TEST(Courier, AResetAfterTheRequestIsUnknown) {
  const Sink sink([](Connection& connection) {
    connection.read_request();
    connection.reset_on_close();
  });
  CourierWorld world({webhook("ops", sink.url())});
  EXPECT_EQ(shown(world.deliver(message(1, "ops"))),
            "unknown connect: connection lost before the answer");
}

TEST(Courier, AnAnswerThatIsNotHttpIsUnknown) {
  const Sink sink(answers("220 mail.example.net ESMTP ready\r\n"));
  CourierWorld world({webhook("ops", sink.url())});
  EXPECT_EQ(shown(world.deliver(message(1, "ops"))), "unknown other: the answer is not HTTP");
}

TEST(Courier, ADestinationWithoutTlsIsRefusedBeforeAnythingIsSent) {
  const Sink sink([](Connection& connection) {
    connection.stirs_within(10'000);
    connection.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  CourierWorld world({webhook("ops", sink.url("https"))});
  EXPECT_EQ(shown(world.deliver(message(1, "ops"))), "refused tls: TLS handshake failed");
}

TEST(Courier, OnlyHttpIsSpoken) {
  CourierWorld world({webhook("ops", "file:///etc/s3cret-path")});
  EXPECT_EQ(shown(world.deliver(message(1, "ops"))),
            "refused other: the channel's URL is not one of http or https");
}

// R27: a tarpit that answers a byte at a time ends with the attempt's total time.
TEST(Courier, ATarpitInTheHeaderEndsInTimeAsUnknown) {
  const Sink sink([](Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nX-Slow: ");
    while (!connection.stirs_within(10) && connection.send("z")) continue;
  });
  CourierWorld world({webhook("ops", sink.url())}, Duration(200));
  EXPECT_EQ(shown(world.deliver(message(1, "ops"))), "unknown timeout: no answer in time");
}

TEST(Courier, ATarpitInTheBodyCannotTakeAConfirmationBack) {
  const Sink sink([](Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (!connection.stirs_within(10) && connection.send("z")) continue;
  });
  CourierWorld world({webhook("ops", sink.url())}, Duration(200));
  EXPECT_EQ(shown(world.deliver(message(1, "ops"))), "delivered none: 200 OK");
}

TEST(Courier, AnEndlessAnswerIsCutOff) {
  Gate cut_off;
  const Sink sink([&](Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n");
    const std::string block(64U << 10, 'x');
    while (connection.send(block)) continue;
    cut_off.arrive();
  });
  CourierWorld world({webhook("ops", sink.url())});
  EXPECT_EQ(shown(world.deliver(message(1, "ops"))), "refused 5xx: 500 Internal Server Error");
  EXPECT_TRUE(cut_off.wait_for(1));
}

// P4, R28, I9: the other destination is served while one takes everything and answers nothing.
TEST(Courier, AStuckDestinationDelaysNoOther) {
  Gate arrived;
  const Sink stuck([&](Connection& connection) {
    if (connection.read_request()) arrived.arrive();
    connection.wait_until_closed();
  });
  const Sink fine(answers(empty_answer("200 OK")));
  CourierWorld world({webhook("stuck", stuck.url()), webhook("fine", fine.url())});
  for (std::uint64_t page = 1; page <= 50; ++page) world.queue(message(page, "stuck"));
  for (std::uint64_t page = 101; page <= 150; ++page) world.queue(message(page, "fine"));
  world.start();
  for (std::uint64_t page = 101; page <= 150; ++page) {
    EXPECT_EQ(world.outcome(page).outcome, Outcome::delivered);
  }
  EXPECT_EQ(world.outcomes(), 50U);
  EXPECT_GE(world.courier().in_flight(), 50U);
  EXPECT_TRUE(arrived.wait_for(4));
  EXPECT_EQ(stuck.connections(), 4);
}

TEST(Courier, ADestinationGetsFourAttemptsAtOnce) {
  Gate arrived;
  Gate released;
  std::atomic<int> at_once = 0;
  std::atomic<int> most = 0;
  const Sink sink([&](Connection& connection) {
    while (connection.read_request()) {
      const int now = ++at_once;
      int before = most;
      while (before < now && !most.compare_exchange_weak(before, now)) continue;
      arrived.arrive();
      released.wait_for(1);
      --at_once;
      connection.send(empty_answer("200 OK"));
    }
  });
  CourierWorld world({webhook("ops", sink.url())});
  world.start();
  for (std::uint64_t page = 1; page <= 12; ++page) world.queue(message(page, "ops"));
  ASSERT_TRUE(arrived.wait_for(4));
  released.arrive();
  for (std::uint64_t page = 1; page <= 12; ++page) {
    EXPECT_EQ(world.outcome(page).outcome, Outcome::delivered);
  }
  EXPECT_EQ(most, 4);
}

TEST(Courier, AKeptConnectionIsUsedAgain) {
  const Sink sink(answers(empty_answer("200 OK")));
  CourierWorld world({webhook("ops", sink.url())});
  for (std::uint64_t page = 1; page <= 5; ++page) {
    EXPECT_EQ(world.deliver(message(page, "ops")).outcome, Outcome::delivered);
  }
  EXPECT_EQ(sink.connections(), 1);
}

// P3: nothing is sent twice without being marked, not even by the HTTP library.
TEST(Courier, AKeptConnectionThatBreaksIsUnknownAndNotRepeatedInSecret) {
  std::atomic<int> requests = 0;
  const Sink sink([&](Connection& connection) {
    for (int i = 0; i < 2 && connection.read_request(); ++i) {
      ++requests;
      if (i == 0) connection.send(empty_answer("200 OK"));
    }
  });
  CourierWorld world({webhook("ops", sink.url())});
  EXPECT_EQ(world.deliver(message(1, "ops")).outcome, Outcome::delivered);
  EXPECT_EQ(shown(world.deliver(message(2, "ops"))),
            "unknown connect: connection lost before the answer");
  EXPECT_EQ(requests, 2);
}

TEST(Courier, StoppingEndsRunningAttemptsAsUnknownAndDropsTheRest) {
  Gate arrived;
  const Sink sink([&](Connection& connection) {
    if (connection.read_request()) arrived.arrive();
    connection.wait_until_closed();
  });
  CourierWorld world({webhook("ops", sink.url())});
  world.start();
  for (std::uint64_t page = 1; page <= 6; ++page) world.queue(message(page, "ops"));
  ASSERT_TRUE(arrived.wait_for(4));
  world.stop();
  for (std::uint64_t page = 1; page <= 4; ++page) {
    EXPECT_EQ(shown(world.outcome(page)), "unknown aborted: stopped during the attempt");
  }
  EXPECT_EQ(world.outcomes(), 4U);
  EXPECT_EQ(world.courier().in_flight(), 0U);
}

TEST(Courier, StoppedBeforeItRunsItReturnsAtOnce) {
  CourierWorld world({});
  world.queue(message(1, "log"));
  world.courier().stop();
  world.courier().run();
  EXPECT_EQ(world.outcomes(), 0U);
}

TEST(Courier, AChannelThatIsNotConfiguredIsRefused) {
  CourierWorld world({});
  EXPECT_EQ(shown(world.deliver(message(1, "gone"))),
            "refused other: channel is no longer configured");
}

TEST(Courier, NewChannelsHoldForAttemptsThatBeginLater) {
  Gate arrived;
  Gate released;
  const Sink old_sink([&](Connection& connection) {
    while (connection.read_request()) {
      arrived.arrive();
      released.wait_for(1);
      connection.send(empty_answer("200 OK"));
    }
  });
  const Sink new_sink(answers(empty_answer("202 Accepted")));
  CourierWorld world({webhook("moved", old_sink.url()), webhook("gone", old_sink.url())});
  world.start();
  for (std::uint64_t page = 1; page <= 4; ++page) world.queue(message(page, "moved"));
  for (std::uint64_t page = 11; page <= 15; ++page) world.queue(message(page, "gone"));
  ASSERT_TRUE(arrived.wait_for(8));
  world.courier().configure({webhook("moved", new_sink.url())}, "http://tocsin.example.net");
  // The fifth was waiting when its channel was removed.
  EXPECT_EQ(shown(world.outcome(15)), "refused other: channel is no longer configured");
  world.queue(message(5, "moved"));
  released.arrive();
  for (std::uint64_t page = 1; page <= 4; ++page) {
    EXPECT_EQ(shown(world.outcome(page)), "delivered none: 200 OK");
    EXPECT_EQ(shown(world.outcome(10 + page)), "delivered none: 200 OK");
  }
  EXPECT_EQ(shown(world.outcome(5)), "delivered none: 202 Accepted");
}

TEST(Courier, AFullQueueRefusesWhatComesOnTop) {
  const Sink stuck([](Connection& connection) { connection.wait_until_closed(); });
  CourierWorld world({webhook("stuck", stuck.url()), webhook("other", stuck.url())});
  for (std::uint64_t page = 1; page <= kWaitingMax + 1; ++page) {
    world.queue(message(page, "stuck"));
  }
  Message large = message(20'000, "other");
  large.alerts.resize(1);
  large.alerts[0].annotations = Labels{{"description", std::string(kWaitingBytesMax, 'x')}};
  world.queue(std::move(large));
  world.start();
  EXPECT_EQ(shown(world.outcome(kWaitingMax + 1)), "refused other: queue full");
  EXPECT_EQ(shown(world.outcome(20'000)), "refused other: queue full");
  world.stop();
  EXPECT_FALSE(world.has_outcome(kWaitingMax));
}

// How the daemon's watchdog sees that it lives (R17).
TEST(Courier, ItsLoopComesRoundOnceASecondWithoutAnythingToDo) {
  std::mutex mutex;
  std::condition_variable turned;
  int turns = 0;
  Courier courier({.channels = {webhook("ops", "http://127.0.0.1:9/")}, .on_turn = [&] {
                     const std::scoped_lock lock(mutex);
                     ++turns;
                     turned.notify_one();
                   }});
  const auto began = std::chrono::steady_clock::now();
  std::thread thread([&] { courier.run(); });
  {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(turned.wait_for(lock, kNever, [&] { return turns >= 3; }));
  }
  courier.stop();
  thread.join();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(8));
}

TEST(Courier, TheLogChannelWritesOneLineAndIsDelivered) {
  CourierWorld world({{"log", config::Channel::Kind::log, "", "", {}}});
  EXPECT_EQ(world.deliver(message(1, "log")).outcome, Outcome::delivered);
  world.stop();
  ASSERT_EQ(world.lines().size(), 1U);
  EXPECT_EQ(world.lines()[0], in_one_line(log_fields(message(1, "log"))));
}

}  // namespace
}  // namespace tocsin::delivery
