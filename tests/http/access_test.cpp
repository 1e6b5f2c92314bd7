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
    config::Settings settings;
    settings.external_url = "https://Tocsin.example.net/path";
    settings.insecure = c.insecure;
    const Access access(settings, nullptr);
    const std::string_view address = c.address;
    const Peer peer{c.address, address == "::1" || address.starts_with("127.")};
    for (const Scope scope : {Scope::read, Scope::respond, Scope::ingest}) {
      const auto caller = access.check(scope, c.head, peer, Instant{});
      EXPECT_EQ(caller.has_value(), c.actor != nullptr);
      if (caller && c.actor != nullptr) {
        EXPECT_EQ(caller->actor, c.actor);
        EXPECT_TRUE(caller->admin);
      }
      if (!caller) {
        EXPECT_EQ(caller.error().status, 403);
      }
    }
    EXPECT_TRUE(access.check(Scope::open, c.head, peer, Instant{}).has_value());
  }
}

TEST(Access, IntakeRefusesPagesOfOtherSitesEvenWhereAnybodyMayEnter) {
  for (const bool insecure : {false, true}) {
    config::Settings settings;
    settings.insecure = insecure;
    const Access access(settings, nullptr);
    const Head head = head_with("localhost", {}, {}, "cross-site");
    EXPECT_FALSE(access.check(Scope::ingest, head, {"127.0.0.1", true}, Instant{}).has_value());
    EXPECT_TRUE(access.check(Scope::read, head, {"127.0.0.1", true}, Instant{}).has_value());
  }
}

const Peer kHere{"127.0.0.1", true};
const Peer kElsewhere{"192.0.2.7", false};

config::Settings with_tokens(config::Anonymous anonymous) {
  config::Settings settings;
  settings.auth.anonymous = anonymous;
  settings.auth.tokens = {
      {.name = "prometheus", .secrets = {"prometheus-token-1"}, .source = "prometheus"},
      {.name = "ana",
       .secrets = {"ana-token-now-0123", "ana-token-before-1"},
       .read = true,
       .respond = true,
       .admin = true},
      // printf %s bo-token-012345 | sha256sum
      {.name = "bo",
       .secrets = {"sha256:"
                   "235213173edccc5535889ba1aa4b0b3f1cb71681fdbbf1a55a6667069260056d"},
       .read = true,
       .respond_teams = {"payments"}},
  };
  return settings;
}

Head with_token(std::string_view authorization, std::string_view target = "/v1/incidents") {
  Head head = head_with("tocsin.example.net");
  head.authorization = authorization;
  head.target = target;
  return head;
}

std::string outcome(const std::expected<Caller, Access::Denied>& caller) {
  if (caller) return caller->actor;
  return std::to_string(caller.error().status) + " " + std::string(caller.error().reason);
}

TEST(Tokens, AreFoundWhereverSendersCanPutThem) {
  const Access access(with_tokens(config::Anonymous::none), nullptr);
  const std::pair<Head, const char*> cases[] = {
      {with_token("Bearer ana-token-now-0123"), "ana"},
      {with_token("bearer   ana-token-now-0123 "), "ana"},
      {with_token("Bearer ana-token-before-1"), "ana"},
      {with_token("GenieKey ana-token-now-0123"), "ana"},
      {with_token("Basic YW55Ym9keTphbmEtdG9rZW4tbm93LTAxMjM="), "ana"},  // anybody:…
      {with_token("Basic YW5hLXRva2VuLW5vdy0wMTIzOg=="), "ana"},          // …: without password
      {with_token("", "/v1/incidents?limit=3&token=ana-token-now-0123"), "ana"},
      {with_token("Bearer bo-token-012345"), "bo"},
      {with_token(""), "401 no_token"},
      {with_token("Bearer"), "401 no_token"},
      {with_token("Digest ana-token-now-0123"), "401 no_token"},
      {with_token("Basic !!!"), "401 no_token"},
      {with_token("Bearer ana-token-now-012"), "401 unknown_token"},
      {with_token("Bearer ANA-TOKEN-NOW-0123"), "401 unknown_token"},
      {with_token("Bearer sha256:"
                  "235213173edccc5535889ba1aa4b0b3f1cb71681fdbbf1a55a6667069260056d"),
       "401 unknown_token"},  // What is stored opens nothing.
      {with_token("", "/v1/incidents?token="), "401 unknown_token"},
  };
  for (const auto& [head, expected] : cases) {
    SCOPED_TRACE(std::string(head.authorization) + " " + std::string(head.target));
    EXPECT_EQ(outcome(access.check(Scope::read, head, kElsewhere, Instant{})), expected);
  }
}

TEST(Tokens, MayDoWhatTheirScopesSayAndNothingElse) {
  const Access access(with_tokens(config::Anonymous::none), nullptr);
  struct Case {
    const char* token;
    const char* read;
    const char* respond;
    const char* ingest;
    const char* admin;
  };
  const Case cases[] = {
      {"Bearer prometheus-token-1", "403 scope", "403 scope", "prometheus", "403 scope"},
      {"Bearer ana-token-now-0123", "ana", "ana", "403 scope", "ana"},
      {"Bearer bo-token-012345", "bo", "bo", "403 scope", "403 scope"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.token);
    const Head head = with_token(c.token);
    EXPECT_EQ(outcome(access.check(Scope::read, head, kHere, Instant{})), c.read);
    EXPECT_EQ(outcome(access.check(Scope::respond, head, kHere, Instant{})), c.respond);
    EXPECT_EQ(outcome(access.check(Scope::ingest, head, kHere, Instant{})), c.ingest);
    EXPECT_EQ(outcome(access.check(Scope::admin, head, kHere, Instant{})), c.admin);
  }
  const auto bo = access.check(Scope::respond, with_token("Bearer bo-token-012345"), kHere, {});
  EXPECT_EQ(bo->teams, std::vector<std::string>{"payments"});
  EXPECT_FALSE(bo->admin);
}

TEST(Tokens, ACredentialOfAnotherReceiverIsIgnoredWhereNoneIsNeeded) {
  struct Case {
    config::Anonymous anonymous;
    Scope scope;
    bool here;
    const char* outcome;
  };
  using config::Anonymous;
  const Case cases[] = {
      {Anonymous::loopback, Scope::ingest, true, "anonymous@loopback"},
      {Anonymous::loopback, Scope::ingest, false, "401 unknown_token"},
      {Anonymous::loopback, Scope::read, false, "401 unknown_token"},
      {Anonymous::read, Scope::admin, true, "anonymous@loopback"},
      {Anonymous::read, Scope::read, false, "anonymous@192.0.2.7"},
      {Anonymous::read, Scope::respond, false, "401 unknown_token"},
      {Anonymous::none, Scope::read, true, "401 unknown_token"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.outcome);
    const Access access(with_tokens(c.anonymous), nullptr);
    Head head = with_token("Bearer of-another-receiver");
    if (c.here) head.host = "localhost";
    const auto caller = access.check(c.scope, head, c.here ? kHere : kElsewhere, Instant{});
    EXPECT_EQ(outcome(caller), c.outcome);
    if (caller) {
      EXPECT_TRUE(caller->credential_ignored);
    }
  }
}

TEST(Tokens, TheBootstrapTokenWorksOnceAndNotForLong) {  // S5
  config::Settings settings;
  settings.auth.anonymous = config::Anonymous::none;
  EXPECT_TRUE(needs_bootstrap(settings));
  const Instant until = Instant(Duration(1000));
  const auto bootstrap = std::make_shared<Bootstrap>(hash_of_token("once-0123456789"), until);
  const Access access(settings, bootstrap);
  const Head other = with_token("Bearer another-0123456");
  const Head head = with_token("Bearer once-0123456789");
  EXPECT_EQ(outcome(access.check(Scope::admin, other, kHere, Instant{})), "401 unknown_token");
  EXPECT_EQ(outcome(access.check(Scope::admin, head, kHere, until)), "bootstrap");
  EXPECT_EQ(outcome(access.check(Scope::admin, head, kHere, until)), "401 bootstrap_used");
  const auto late = std::make_shared<Bootstrap>(hash_of_token("once-0123456789"), until);
  EXPECT_EQ(outcome(Access(settings, late).check(Scope::admin, head, kHere, until + Duration(1))),
            "401 bootstrap_expired");
  EXPECT_FALSE(needs_bootstrap(with_tokens(config::Anonymous::none)));
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

TEST(Denied, WhatIsRefusedAgainAndAgainHidesNothingElseFromTheLog) {
  ::testing::internal::CaptureStderr();
  {
    telemetry::Log log(telemetry::LogFormat::json);
    World world;
    world.log = &log;
    world.settings.auth.anonymous = config::Anonymous::none;
    world.start();
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(world.ask(post("/api/v2/alerts", kOneAlert)).status, 401);
    }
    EXPECT_EQ(world.ask(post("/-/reload", "")).status, 401);
    EXPECT_EQ(
        world.ask(post("/-/reload", "", "Authorization: Bearer not-a-token-of-mine\r\n")).status,
        401);
    log.flush();
  }
  const std::string text = ::testing::internal::GetCapturedStderr();
  const auto lines_with = [&](std::string_view what) {
    int count = 0;
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++count;
    return count;
  };
  EXPECT_EQ(lines_with("POST /-/reload"), 2) << text;
  EXPECT_GE(lines_with("POST /api/v2/alerts"), 1);
  EXPECT_LT(lines_with("POST /api/v2/alerts"), 20);
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
      const bool asks = route.path == "/v1/explain" && route.scope == "read";
      EXPECT_TRUE(asks || route.scope == "respond" || route.scope == "ingest" ||
                  route.scope == "admin");
    }
  }
}

}  // namespace
}  // namespace tocsin::http
