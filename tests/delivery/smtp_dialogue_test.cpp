#include "delivery/smtp_dialogue.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "delivery/courier_world.h"

namespace tocsin::delivery {
namespace {

const Mail kMail{"tocsin@example.net",
                 {"ana@example.net", "bo@example.net", "cy@example.net"},
                 "Subject: x\r\n\r\n.dot\r\nend\r\n"};

/// Sends all there is; what was sent.
std::string send_all(SmtpDialogue& dialogue) {
  std::string out;
  while (!dialogue.next_bytes().empty()) {
    out += dialogue.next_bytes();
    dialogue.sent(dialogue.next_bytes().size());
  }
  return out;
}

/// A dialogue that got these replies, one for each thing it said.
struct Played {
  Played(const Mail& mail, const std::vector<std::string>& replies) : dialogue(mail, {1}) {
    for (const std::string& reply : replies) {
      said += send_all(dialogue);
      dialogue.received(reply);
    }
  }
  std::string said;
  SmtpDialogue dialogue;
};

TEST(SmtpDialogue, HandsTheMailInToAllAndStuffsDots) {
  const Played played(kMail, {"250 ok\r\n", "250 ok\r\n", "251 forwarded\r\n",
                              "250-two\r\n250 ok\r\n", "354 go\r\n", "250 kept as 42\r\n"});
  EXPECT_EQ(played.said,
            "MAIL FROM:<tocsin@example.net>\r\nRCPT TO:<ana@example.net>\r\n"
            "RCPT TO:<bo@example.net>\r\nRCPT TO:<cy@example.net>\r\nDATA\r\n"
            "Subject: x\r\n\r\n..dot\r\nend\r\n.\r\n");
  EXPECT_EQ(shown(played.dialogue.outcome()), "delivered none: 250 accepted");
  EXPECT_TRUE(played.dialogue.can_go_on());
}

TEST(SmtpDialogue, TheRepliesDecide) {
  struct Case {
    const char* name;
    std::vector<std::string> replies;
    const char* expected;
  };
  const std::string ok = "250 ok\r\n";
  const std::string no = "550 5.1.1 <ana@example.net>: who?\r\n";
  const std::string go = "354 go\r\n";
  const Case cases[] = {
      {"sender refused",
       {"553 no\r\n"},
       "refused 5xx: the sender's address was refused: 553 address not allowed"},
      {"sender refused for now",
       {"451 later\r\n"},
       "refused 4xx: the sender's address was refused: 451 error of the server"},
      {"login wanted",
       {"530 log in\r\n"},
       "refused 5xx: the sender's address was refused: 530 authentication or TLS required"},
      {"all recipients refused",
       {ok, no, "450 busy\r\n", no},
       "refused 5xx: recipient 1 of 3 was refused: 550 mailbox unavailable, or against its policy"},
      {"one recipient refused",
       {ok, ok, no, ok, go, ok},
       "delivered 5xx: recipient 2 of 3 was refused: 550 mailbox unavailable, or against its "
       "policy"},
      {"two refused",
       {ok, "450 grey\r\n", no, ok, go, ok},
       "delivered 4xx: recipient 1 of 3 was refused: 450 mailbox unavailable for now; and 1 more"},
      {"closing amid recipients",
       {ok, ok, "421 bye\r\n"},
       "refused 4xx: the server ended the dialogue: 421 service not available"},
      {"no text wanted",
       {ok, ok, ok, ok, "554 no\r\n"},
       "refused 5xx: the mail was refused before its text: 554 transaction failed"},
      {"text refused",
       {ok, ok, ok, ok, go, "552 big\r\n"},
       "refused 5xx: the mail was refused: 552 too much storage"},
      {"text refused for now",
       {ok, ok, ok, ok, go, "452-full\r\n452 try later\r\n"},
       "refused 4xx: the mail was refused: 452 too little storage, or too many recipients"},
      {"a code nobody knows",
       {"599 <script>\r\n"},
       "refused 5xx: the sender's address was refused: 599"},
      {"go where none belongs", {go}, "refused other: the answer is not SMTP"},
      {"yes where go belongs", {ok, ok, ok, ok, ok}, "refused other: the answer is not SMTP"},
      {"no code", {"HTTP/1.1 200 OK\r\n"}, "refused other: the answer is not SMTP"},
      {"nonsense after the text",
       {ok, ok, ok, ok, go, "\r\n"},
       "unknown other: the answer is not SMTP"},
      {"endless line", {std::string(40'000, '2')}, "refused other: the answer is not SMTP"},
      {"endless reply",
       {[] {
         std::string lines;
         for (int i = 0; i < 10'000; ++i) lines += "250-x\r\n";
         return lines;
       }()},
       "refused other: the answer is not SMTP"},
      {"two answers to one question",
       {"250 ok\r\n250 ok\r\n"},
       "refused other: the answer is not SMTP"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Played played(kMail, c.replies);
    ASSERT_TRUE(played.dialogue.ended());
    EXPECT_EQ(shown(played.dialogue.outcome()), c.expected);
    const bool delivered = played.dialogue.outcome().outcome == triage::Outcome::delivered;
    EXPECT_EQ(played.dialogue.can_go_on(), delivered);
  }
}

TEST(SmtpDialogue, OnlyWhatEndedAfterTheLastDotIsUnknown) {
  const std::vector<std::string> replies = {"250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "250 ok\r\n",
                                            "354 go\r\n"};
  for (std::size_t heard = 0; heard <= replies.size(); ++heard) {
    SCOPED_TRACE(heard);
    const std::vector<std::string> some(replies.begin(),
                                        replies.begin() + static_cast<std::ptrdiff_t>(heard));
    const bool all = heard == replies.size();
    Played lost(kMail, some);
    send_all(lost.dialogue);
    lost.dialogue.connection_lost();
    EXPECT_EQ(shown(lost.dialogue.outcome()),
              all ? "unknown connect: connection lost before the answer"
                  : "refused connect: connection lost");
    EXPECT_EQ(lost.dialogue.hung_up(), !all);
    Played late(kMail, some);
    send_all(late.dialogue);
    late.dialogue.timed_out();
    EXPECT_EQ(shown(late.dialogue.outcome()),
              all ? "unknown timeout: no answer in time" : "refused timeout: no answer in time");
  }
}

TEST(SmtpDialogue, AMailCutOffBeforeItsLastDotDidNotArrive) {
  Mail mail = kMail;
  mail.text += std::string(100'000, 'x') + "\r\n";
  Played played(mail, {"250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"});
  played.dialogue.sent(played.dialogue.next_bytes().size());
  played.dialogue.connection_lost();
  EXPECT_EQ(shown(played.dialogue.outcome()), "refused connect: connection lost");
}

TEST(SmtpDialogue, RepliesMayComeByteByByte) {
  SmtpDialogue dialogue(kMail, {1});
  send_all(dialogue);
  for (const char c : std::string("250-one\r\n250 ok\r")) dialogue.received(std::string(1, c));
  EXPECT_EQ(send_all(dialogue), "");
  dialogue.received("\n");
  EXPECT_EQ(send_all(dialogue), "RCPT TO:<ana@example.net>\r\n");
}

}  // namespace
}  // namespace tocsin::delivery
