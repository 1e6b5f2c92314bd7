// The email channel against servers that behave in every way a server can; the real one is met in
// tests/end_to_end/test_email.py.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "delivery/courier_world.h"
#include "delivery/sink.h"

namespace tocsin::delivery {
namespace {

using triage::Outcome;

/// A mail server that takes everything, except where a step says otherwise.
struct Script {
  std::string greeting = "220 mail.example.net ESMTP";
  std::string mail = "250 ok";
  std::string recipient = "250 ok";
  std::string text = "250 ok";  ///< "": never.
  bool close_after_text = false;
  int mails_per_connection = 1'000;
};

class MailServer {
 public:
  explicit MailServer(Script script = {})
      : script_(std::move(script)), sink_([this](Connection& connection) { serve(connection); }) {}

  int port() const { return sink_.port(); }
  int connections() const { return sink_.connections(); }
  std::vector<std::string> mails() {
    const std::lock_guard lock(mutex_);
    return mails_;
  }

 private:
  void serve(Connection& connection) {
    if (!connection.send(script_.greeting + "\r\n")) return;
    int taken = 0;
    while (const auto line = connection.read_line()) {
      if (line->starts_with("MAIL FROM")) {
        if (taken == script_.mails_per_connection) return;
        connection.send(script_.mail + "\r\n");
      } else if (line->starts_with("RCPT TO")) {
        connection.send(script_.recipient + "\r\n");
      } else if (*line == "DATA") {
        connection.send("354 go\r\n");
        ++taken;
        if (!take_text(connection)) return;
      } else if (*line == "QUIT") {
        connection.send("221 bye\r\n");
        return;
      } else {
        connection.send("250-mail.example.net\r\n250 8BITMIME\r\n");
      }
    }
  }
  bool take_text(Connection& connection) {
    std::string text;
    for (;;) {
      const auto line = connection.read_line();
      if (!line) return false;
      if (*line == ".") break;
      text += *line + "\n";
    }
    {
      const std::lock_guard lock(mutex_);
      mails_.push_back(std::move(text));
    }
    if (script_.close_after_text) return false;
    if (script_.text.empty()) {
      connection.wait_until_closed();
      return false;
    }
    return connection.send(script_.text + "\r\n");
  }

  const Script script_;
  std::mutex mutex_;
  std::vector<std::string> mails_;
  Sink sink_;
};

TEST(CourierMail, APageIsHandedIn) {
  MailServer server;
  CourierWorld world({mail("mail", server.port())});
  EXPECT_EQ(shown(world.deliver(message(1, "mail"))), "delivered none: 250 accepted");
  ASSERT_EQ(server.mails().size(), 1U);
  EXPECT_NE(server.mails()[0].find("\nX-Tocsin-Key: INC-42/1/triggered/1/1/mail\n"),
            std::string::npos);
}

TEST(CourierMail, ManyPagesUseOneConnection) {
  MailServer server;
  CourierWorld world({mail("mail", server.port())});
  for (std::uint64_t page = 1; page <= 20; ++page) {
    EXPECT_EQ(world.deliver(message(page, "mail")).outcome, Outcome::delivered);
  }
  EXPECT_EQ(server.mails().size(), 20U);
  EXPECT_EQ(server.connections(), 1);
}

TEST(CourierMail, AStormUsesNoMoreConnectionsThanAttemptsAtOnce) {
  MailServer server;
  CourierWorld world({mail("mail", server.port())});
  for (std::uint64_t page = 1; page <= 200; ++page) world.queue(message(page, "mail"));
  world.start();
  for (std::uint64_t page = 1; page <= 200; ++page) {
    EXPECT_EQ(world.outcome(page).outcome, Outcome::delivered);
  }
  EXPECT_EQ(server.mails().size(), 200U);
  EXPECT_LE(server.connections(), 4);
}

TEST(CourierMail, AKeptConnectionThatTheServerClosedIsReplacedWithoutANewAttempt) {
  MailServer server({.mails_per_connection = 2});
  CourierWorld world({mail("mail", server.port())});
  for (std::uint64_t page = 1; page <= 6; ++page) {
    EXPECT_EQ(shown(world.deliver(message(page, "mail"))), "delivered none: 250 accepted");
  }
  EXPECT_EQ(server.mails().size(), 6U);
  EXPECT_EQ(server.connections(), 3);
}

TEST(CourierMail, TheServersRepliesDecide) {
  struct Case {
    Script script;
    const char* expected;
  };
  const Case cases[] = {
      {{.greeting = "554 go away"},
       "refused 5xx: the mail server refused us: 554 transaction failed"},
      {{.greeting = "421 full"},
       "refused 4xx: the mail server refused us: 421 service not available"},
      {{.mail = "452 full"},
       "refused 4xx: the sender's address was refused: 452 too little storage, or too many "
       "recipients"},
      {{.recipient = "550 who?"},
       "refused 5xx: recipient 1 of 1 was refused: 550 mailbox unavailable, or against its policy"},
      {{.text = "451 greylisted"}, "refused 4xx: the mail was refused: 451 error of the server"},
      {{.close_after_text = true}, "unknown connect: connection lost before the answer"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.expected);
    MailServer server(c.script);
    CourierWorld world({mail("mail", server.port())});
    EXPECT_EQ(shown(world.deliver(message(1, "mail"))), c.expected);
    // A connection that heard a "no" is not used again.
    world.deliver(message(2, "mail"));
    EXPECT_EQ(server.connections(), 2);
  }
}

TEST(CourierMail, AServerThatMustEncryptAndCannotGetsNothing) {
  MailServer server;
  config::Channel channel = mail("mail", server.port());
  channel.mail.require_tls = true;
  CourierWorld world({channel});
  EXPECT_EQ(shown(world.deliver(message(1, "mail"))),
            "refused tls: the mail server offers no STARTTLS");
  EXPECT_TRUE(server.mails().empty());
}

TEST(CourierMail, ATextWhereTlsBelongsIsAFailedHandshake) {
  MailServer server;
  config::Channel channel = mail("mail", server.port());
  channel.url = "smtps://127.0.0.1:" + std::to_string(server.port());
  channel.mail.require_tls = true;
  CourierWorld world({channel});
  EXPECT_EQ(shown(world.deliver(message(1, "mail"))), "refused tls: TLS handshake failed");
}

TEST(CourierMail, NobodyListensMeansRefused) {
  int port = 0;
  {
    const Sink gone([](Connection&) {});
    port = gone.port();
  }
  CourierWorld world({mail("mail", port)});
  EXPECT_EQ(shown(world.deliver(message(1, "mail"))), "refused connect: connection refused");
}

TEST(CourierMail, AChannelThatNamesNobodyIsRefused) {
  MailServer server;
  CourierWorld world({mail("mail", server.port(), {})});
  EXPECT_EQ(shown(world.deliver(message(1, "mail"))), "refused other: the channel names nobody");
}

// R28: neither a server that never greets nor one that never answers to the text holds anybody up.
TEST(CourierMail, ASilentServerDelaysNoOther) {
  Gate arrived;
  const Sink silent([&](Connection& connection) {
    arrived.arrive();
    connection.wait_until_closed();
  });
  MailServer mute_at_the_end({.text = ""});
  MailServer fine;
  const Sink hook(answers(empty_answer("200 OK")));
  CourierWorld world({mail("silent", silent.port()), mail("mute", mute_at_the_end.port()),
                      mail("fine", fine.port()), webhook("hook", hook.url())});
  world.start();
  for (std::uint64_t page = 1; page <= 20; ++page) {
    world.queue(message(page, "silent"));
    world.queue(message(100 + page, "mute"));
    world.queue(message(200 + page, "fine"));
    world.queue(message(300 + page, "hook"));
  }
  for (std::uint64_t page = 1; page <= 20; ++page) {
    EXPECT_EQ(world.outcome(200 + page).outcome, Outcome::delivered);
    EXPECT_EQ(world.outcome(300 + page).outcome, Outcome::delivered);
  }
  EXPECT_TRUE(arrived.wait_for(4));
  EXPECT_EQ(world.outcomes(), 40U);
  EXPECT_EQ(silent.connections(), 4);
}

TEST(CourierMail, SilenceEndsWithTheAttemptsTime) {
  const Sink silent([](Connection& connection) { connection.wait_until_closed(); });
  MailServer mute_at_the_end({.text = ""});
  CourierWorld world({mail("silent", silent.port()), mail("mute", mute_at_the_end.port())},
                     Duration(300));
  EXPECT_EQ(shown(world.deliver(message(1, "silent"))),
            "refused timeout: the mail server did not answer in time");
  EXPECT_EQ(shown(world.deliver(message(2, "mute"))), "unknown timeout: no answer in time");
}

TEST(CourierMail, AHandshakeThatNeverEndsTakesTheTimeOfAConnection) {
  const Sink silent([](Connection& connection) { connection.wait_until_closed(); });
  config::Channel channel = mail("mail", silent.port());
  channel.url = "smtps://127.0.0.1:" + std::to_string(silent.port());
  CourierWorld world({channel}, kNever, Duration(200));
  EXPECT_EQ(shown(world.deliver(message(1, "mail"))),
            "refused connect: no connection with TLS in time");
}

TEST(CourierMail, AServerThatTakesItsTimeToGreetIsWaitedFor) {
  const Sink slow([](Connection& connection) {
    connection.stirs_within(400);  // Longer than a connection may take.
    connection.send("554 after all no\r\n");
    connection.wait_until_closed();
  });
  CourierWorld world({mail("mail", slow.port())}, kNever, Duration(100));
  EXPECT_EQ(shown(world.deliver(message(1, "mail"))),
            "refused 5xx: the mail server refused us: 554 transaction failed");
}

TEST(CourierMail, StoppingEndsADialogueAsUnknown) {
  MailServer mute_at_the_end({.text = ""});
  CourierWorld world({mail("mute", mute_at_the_end.port())});
  world.start();
  world.queue(message(1, "mute"));
  while (mute_at_the_end.mails().empty()) std::this_thread::yield();
  world.stop();
  EXPECT_EQ(shown(world.outcome(1)), "unknown aborted: stopped during the attempt");
  EXPECT_EQ(world.courier().in_flight(), 0U);
}

TEST(CourierMail, NewSettingsTakeANewConnection) {
  MailServer old_server;
  MailServer new_server;
  CourierWorld world({mail("mail", old_server.port())});
  EXPECT_EQ(world.deliver(message(1, "mail")).outcome, Outcome::delivered);
  world.courier().configure({mail("mail", new_server.port(), {"bo@example.net"})},
                            "http://tocsin.example.net");
  EXPECT_EQ(world.deliver(message(2, "mail")).outcome, Outcome::delivered);
  EXPECT_EQ(old_server.mails().size(), 1U);
  ASSERT_EQ(new_server.mails().size(), 1U);
  EXPECT_NE(new_server.mails()[0].find("\nTo: bo@example.net\n"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::delivery
