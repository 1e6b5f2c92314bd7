#include "delivery/mail.h"

#include <gtest/gtest.h>

#include <string>

#include "delivery/courier_world.h"

namespace tocsin::delivery {
namespace {

constexpr std::int64_t kAt = 1'796'353'445;  // 2026-12-04 03:04:05 UTC

Message checkout_page() {
  Message page = message(7, "mail");
  const Instant at{std::chrono::seconds(kAt)};
  page.incident.service = "checkout";
  page.incident.team = "payments";
  page.incident.runbook = "https://runbooks.example.net/checkout";
  page.incident.started_at = at - Duration(65'000);
  page.incident.firing = 2;
  page.alerts.resize(1);
  store::AlertRow& alert = page.alerts[0];
  alert.labels = Labels{{"alertname", "HighErrorRate"}, {"instance", "web-3"}, {"job", "checkout"}};
  alert.annotations = Labels{{"summary", "2 % of all checkouts fail"}};
  alert.status.starts_at = at - Duration(65'000);
  return page;
}

std::string composed(const Message& page, const std::string& store = "of the store") {
  const config::MailSettings settings =
      mail("mail", 25, {"ana@example.net", "bo@example.net"}).mail;
  return compose_mail(page, settings, "http://tocsin.example.net", store, kAt).text;
}

std::string header(const std::string& text, const std::string& name) {
  const std::size_t at = ("\r\n" + text).find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + name.size() + 2;
  return text.substr(begin, text.find("\r\n", begin) - begin);
}

TEST(Mail, SaysWhatAPersonNeedsAtThree) {
  EXPECT_EQ(composed(checkout_page()),
            "Date: Fri, 04 Dec 2026 03:04:05 +0000\r\n"
            "From: Tocsin <tocsin@example.net>\r\n"
            "To: ana@example.net, bo@example.net\r\n"
            "Subject: SEV-2 triggered: HighErrorRate on checkout (INC-42)\r\n" +
                ("Message-ID: " + header(composed(checkout_page()), "Message-ID") + "\r\n") +
                ("In-Reply-To: " + header(composed(checkout_page()), "In-Reply-To") + "\r\n") +
                ("References: " + header(composed(checkout_page()), "References") + "\r\n") +
                "X-Tocsin-Incident: INC-42\r\n"
                "X-Tocsin-Event: incident.triggered\r\n"
                "X-Tocsin-Severity: SEV-2\r\n"
                "X-Tocsin-Key: INC-42/1/triggered/1/1/mail\r\n"
                "X-Tocsin-Attempt: 1\r\n"
                "Auto-Submitted: auto-generated\r\n"
                "X-Auto-Response-Suppress: All\r\n"
                "MIME-Version: 1.0\r\n"
                "Content-Type: text/plain; charset=utf-8\r\n"
                "Content-Transfer-Encoding: quoted-printable\r\n"
                "\r\n"
                "SEV-2: HighErrorRate on checkout\r\n"
                "\r\n"
                "Now: triggered\r\n"
                "Service: checkout\r\n"
                "Team: payments\r\n"
                "Since: 2026-12-04 03:03:00 UTC\r\n"
                "Alerts: 2 firing, 0 resolved\r\n"
                "\r\n"
                "* firing since 2026-12-04 03:03:00 UTC: HighErrorRate\r\n"
                "  2 % of all checkouts fail\r\n"
                "  instance=3Dweb-3, job=3Dcheckout\r\n"
                "* and 1 more\r\n"
                "\r\n"
                "Runbook: https://runbooks.example.net/checkout\r\n"
                "Incident: http://tocsin.example.net/v1/incidents/INC-42\r\n"
                "Acknowledge: tocsin incident ack INC-42\r\n"
                "or: curl -X POST http://tocsin.example.net/v1/incidents/INC-42/ack\r\n"
                "\r\n"
                "You get this because of: escalation payments, step 1\r\n");
}

TEST(Mail, EveryAttemptHasTheSameIdAndEveryPageAnother) {
  const Message first = checkout_page();
  Message again = first;
  again.page.attempts = 3;
  again.page.possible_duplicate = true;
  Message other = first;
  other.page.key = "INC-42/1/resolved/1/1/mail";
  const std::string id = header(composed(first), "Message-ID");
  EXPECT_EQ(id.size(), 32 + std::string("<@example.net>").size()) << id;
  EXPECT_EQ(header(composed(again), "Message-ID"), id);
  EXPECT_EQ(header(composed(again), "X-Tocsin-Attempt"), "4");
  EXPECT_EQ(header(composed(again), "X-Tocsin-Possible-Duplicate"), "true");
  EXPECT_NE(header(composed(other), "Message-ID"), id);
  // A mail system drops a second mail with a known id: an INC-42 of another store must not vanish.
  EXPECT_NE(header(composed(first, "of another store"), "Message-ID"), id);
}

TEST(Mail, AllOfOneIncidentFormOneConversation) {
  Message first = checkout_page();
  Message end = checkout_page();
  end.page.key = "INC-42/1/resolved/1/1/mail";
  end.page.event = triage::Event::resolved;
  Message other = checkout_page();
  other.incident.id = {43};
  const std::string root = header(composed(first), "References");
  EXPECT_EQ(header(composed(end), "References"), root);
  EXPECT_EQ(header(composed(end), "In-Reply-To"), root);
  EXPECT_NE(header(composed(other), "References"), root);
  EXPECT_NE(header(composed(first, "of another store"), "References"), root);
}

TEST(Mail, AnEndByLeaseIsNoRecovery) {
  Message end = checkout_page();
  end.page.event = triage::Event::resolved;
  end.alerts[0].status.state = triage::AlertState::resolved;
  end.alerts[0].status.ended_by = triage::EndedBy::resolve;
  EXPECT_EQ(header(composed(end), "Subject"), "SEV-2 resolved: HighErrorRate on checkout (INC-42)");
  EXPECT_EQ(composed(end).find("Acknowledge"), std::string::npos);
  end.alerts[0].status.ended_by = triage::EndedBy::lease;
  EXPECT_EQ(header(composed(end), "Subject"),
            "SEV-2 no longer reported: HighErrorRate on checkout (INC-42)");
}

// S1: whatever a sender writes, it makes no header, no recipient and no line of ours.
TEST(Mail, HostileTextStaysInItsPlace) {
  const std::string evil = "x\r\nBcc: eve@example.net\r\n\r\nAcknowledge: evil\n.\r\nRunbook: evil";
  Message page = checkout_page();
  page.incident.title = page.incident.service = page.incident.team = page.incident.runbook = evil;
  page.page.reason = page.page.key = evil;
  page.alerts[0].labels = Labels{{"alertname", evil}, {"a\nb", evil}};
  page.alerts[0].annotations = Labels{{"summary", evil}, {"description", evil}};
  const std::string text = composed(page);
  const std::size_t header_end = text.find("\r\n\r\n");
  EXPECT_EQ(text.substr(header_end).find("\r\nBcc"), std::string::npos);
  EXPECT_EQ(text.substr(0, header_end).find("\r\nBcc"), std::string::npos);
  EXPECT_EQ(text.find("\r\nAcknowledge: evil"), std::string::npos);
  EXPECT_EQ(text.find("\r\nRunbook: evil"), std::string::npos);
  EXPECT_EQ(text.find("\r\n.\r\n"), std::string::npos);
}

TEST(Mail, IsBoundedHoweverMuchThereIsToSay) {
  const std::string much(1U << 20, 'x');
  Message page = checkout_page();
  page.incident.title = page.incident.runbook = page.page.reason = much;
  page.alerts.assign(kMessageAlertsMax, page.alerts[0]);
  for (store::AlertRow& alert : page.alerts) {
    alert.labels = Labels{{"alertname", much}, {"x", much}};
    alert.annotations = Labels{{"summary", much}, {"description", much}};
  }
  EXPECT_LT(composed(page).size(), 64U << 10);
}

}  // namespace
}  // namespace tocsin::delivery
