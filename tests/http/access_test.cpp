#include "http/access.h"

#include <gtest/gtest.h>

#include "http/world.h"

namespace tocsin::http {
namespace {

Head head_with(std::string_view host, std::string_view origin = {}, std::string_view via = {},
               std::string_view site = {}) {
  Head head;
  head.host = host;
  head.origin = origin;
  head.forwarded_by = via;
  head.sec_fetch_site = site;
  return head;
}

struct AccessCase {
  const char* name;
  Head head;
  bool insecure;
  const char* address;
  const char* actor;  ///< Null: refused.
};

TEST(Access, ADirectLoopbackPeerMayDoEverything) {
  const std::string_view own = "tocsin.example.net";
  const AccessCase cases[] = {
      {"IPv4", head_with("127.0.0.1:9911"), false, "127.0.0.1", "anonymous@loopback"},
      {"another loopback address", head_with("127.1.2.3"), false, "127.0.0.1",
       "anonymous@loopback"},
      {"IPv6", head_with("[::1]:9911"), false, "::1", "anonymous@loopback"},
      {"localhost in capitals", head_with("LocalHost:80"), false, "::1", "anonymous@loopback"},
      {"no Host, as HTTP/1.0 allows", head_with(""), false, "127.0.0.1", "anonymous@loopback"},
      {"external_url", head_with(own), false, "127.0.0.1", "anonymous@loopback"},
      {"foreign Host", head_with("evil.example"), false, "127.0.0.1", nullptr},
      {"name that begins like loopback", head_with("127.0.0.1.evil.example"), false, "127.0.0.1",
       nullptr},
      {"through a proxy", head_with("localhost", {}, "Via"), false, "127.0.0.1", nullptr},
      {"own origin", head_with("localhost:9911", "http://localhost:9911"), false, "127.0.0.1",
       "anonymous@loopback"},
      {"origin of external_url", head_with("localhost", "https://tocsin.example.net"), false,
       "127.0.0.1", "anonymous@loopback"},
      {"foreign origin", head_with("localhost", "https://evil.example"), false, "127.0.0.1",
       nullptr},
      {"another port's page", head_with("localhost:9911", "http://localhost:3000"), false,
       "127.0.0.1", nullptr},
      {"origin null", head_with("localhost", "null"), false, "127.0.0.1", nullptr},
      {"from elsewhere", head_with("localhost"), false, "192.0.2.7", nullptr},
      {"insecure, from elsewhere", head_with("tocsin.test"), true, "192.0.2.7",
       "anonymous@192.0.2.7"},
      {"insecure, foreign origin", head_with("tocsin.test", "https://evil.example"), true,
       "192.0.2.7", nullptr},
      {"insecure, loopback", head_with("localhost"), true, "127.0.0.1", "anonymous@loopback"},
  };
  for (const AccessCase& c : cases) {
    SCOPED_TRACE(c.name);
    const Access access("https://Tocsin.example.net/path", c.insecure);
    const std::string_view address = c.address;
    const Peer peer{c.address, address == "::1" || address.starts_with("127.")};
    for (const Scope scope : {Scope::read, Scope::respond, Scope::ingest}) {
      const auto actor = access.check(scope, c.head, peer);
      EXPECT_EQ(actor.has_value(), c.actor != nullptr);
      if (actor && c.actor != nullptr) {
        EXPECT_EQ(*actor, c.actor);
      }
      if (!actor) {
        EXPECT_EQ(actor.error().status, 403);
      }
    }
    EXPECT_TRUE(access.check(Scope::open, c.head, peer).has_value());
  }
}

TEST(Access, IntakeRefusesPagesOfOtherSitesEvenWhereAnybodyMayEnter) {
  for (const bool insecure : {false, true}) {
    const Access access("", insecure);
    const Head head = head_with("localhost", {}, {}, "cross-site");
    EXPECT_FALSE(access.check(Scope::ingest, head, {"127.0.0.1", true}).has_value());
    EXPECT_TRUE(access.check(Scope::read, head, {"127.0.0.1", true}).has_value());
  }
}

struct WireCase {
  const char* header;
  int status;
};

TEST(Access, IsDecidedByWhatStandsOnTheWire) {
  const WireCase cases[] = {
      {"X-Forwarded-For: 192.0.2.1\r\n", 403},
      {"x-forwarded-proto: https\r\n", 403},
      {"Forwarded: for=192.0.2.1\r\n", 403},
      {"Via: 1.1 proxy\r\n", 403},
      {"Origin: https://evil.example\r\n", 403},
      {"Sec-Fetch-Site: cross-site\r\n", 403},
      {"Sec-Fetch-Site: same-origin\r\n", 200},
      {"Origin: http://localhost\r\n", 200},
      {"Authorization: Bearer of-another-receiver\r\n", 200},
  };
  World world;
  world.start();
  for (const WireCase& c : cases) {
    SCOPED_TRACE(c.header);
    Client client(world.port());
    const Answer answer = client.ask(post(
        "/api/v2/alerts", kOneAlert, std::string("Content-Type: application/json\r\n") + c.header));
    EXPECT_EQ(answer.status, c.status) << answer.body;
    if (c.status == 403) {
      EXPECT_NE(answer.body.find("\"code\":403"), std::string::npos);
    }
    EXPECT_EQ(client.ask(get("/-/healthy")).status, 200);
  }
  const Answer native = world.ask(get("/v1/incidents", "Via: 1.1 proxy\r\n"));
  EXPECT_EQ(native.status, 403);
  EXPECT_EQ(native.headers.at("Content-Type"), "application/problem+json");
  EXPECT_NE(native.body.find("Via"), std::string::npos);
}

TEST(RouteTable, EveryRouteHasAMethodAScopeAndALane) {
  const auto table = route_table();
  EXPECT_GE(table.size(), 15u);
  for (const RouteView& route : table) {
    SCOPED_TRACE(std::string(route.method) + " " + std::string(route.path));
    EXPECT_FALSE(route.method.empty());
    EXPECT_TRUE(route.path.starts_with('/'));
    EXPECT_FALSE(route.scope.empty());
    EXPECT_FALSE(route.lane.empty());
    // Only probes and the page of contents are open; whatever changes something takes a body.
    if (route.scope == "open") {
      EXPECT_EQ(route.method, "GET");
    }
    if (route.method == "POST") {
      EXPECT_GT(route.body_max, 0u);
      EXPECT_TRUE(route.scope == "respond" || route.scope == "ingest");
    }
  }
}

}  // namespace
}  // namespace tocsin::http
