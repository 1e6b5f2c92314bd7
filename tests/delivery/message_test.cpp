#include <gtest/gtest.h>

#include "delivery/courier_world.h"
#include "delivery/last_good.h"

namespace tocsin::delivery {
namespace {

// Computed with `openssl dgst -sha256 -hmac "a very secret secret"` over the signed text.
TEST(Signature, IsTheHmacOfTimeAndBody) {
  EXPECT_EQ(signature("a very secret secret", 1'700'000'000, R"({"event":"incident.triggered"})"),
            "t=1700000000,"
            "v1=f43e0b77ac553c55a6d767a52b377143041225fb789772091e78a20bd7846063");
}

TEST(LogFields, HoldWhatThePageSays) {
  Message page = message(1, "log");
  page.incident.service = "checkout";
  page.incident.team = "payments";
  EXPECT_EQ(in_one_line(log_fields(page)),
            "about=incident.triggered incident=INC-42 severity=SEV-2 "
            "title=HighErrorRate on checkout service=checkout team=payments firing=1 resolved=0 "
            "reason=escalation payments, step 1 to=log key=INC-42/1/triggered/1/1/log attempt=1");
}

TEST(LogFields, CallAnEndByLeaseNoLongerReported) {
  Message page = message(1, "log");
  page.page.event = triage::Event::resolved;
  page.page.possible_duplicate = true;
  page.alerts.resize(1);
  page.alerts[0].status.state = triage::AlertState::resolved;
  page.alerts[0].status.ended_by = triage::EndedBy::lease;
  const std::string line = in_one_line(log_fields(page));
  EXPECT_NE(line.find(" ending=no longer reported "), std::string::npos) << line;
  EXPECT_TRUE(line.ends_with(" possible_duplicate=true")) << line;
}

TEST(LastGood, AnAddressIsKeptForADay) {
  const HostAndPort target = host_and_port("https://sink.example.net/hook");
  EXPECT_EQ(target, (HostAndPort{"sink.example.net", "443"}));
  LastGood last_good;
  const Instant seen{Duration(1'000'000)};
  const Duration day(24 * 60 * 60 * 1000);
  EXPECT_FALSE(last_good.entry(target, seen).has_value());
  last_good.remember(target, "2001:db8::7", seen);
  EXPECT_EQ(last_good.entry(target, seen + day), "+sink.example.net:443:[2001:db8::7]");
  EXPECT_FALSE(last_good.entry(target, seen + day + Duration(1)).has_value());
  EXPECT_FALSE(last_good.entry({"sink.example.net", "8443"}, seen).has_value());
}

}  // namespace
}  // namespace tocsin::delivery
