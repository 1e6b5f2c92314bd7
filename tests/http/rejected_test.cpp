#include <gtest/gtest.h>

#include "http/world.h"

namespace tocsin::http {
namespace {

config::Sender builds(std::vector<std::string> firing) {
  ingest::Mapping map;
  map.status = ingest::Mapping::Status{*ingest::parse_pointer("/state"), std::move(firing), {"up"}};
  map.labels = {{"alertname", {*ingest::parse_pointer("/name"), ""}}};
  config::Sender sender;
  sender.source = "builds";
  sender.map = std::make_shared<const ingest::Mapping>(map);
  return sender;
}

class Rejected : public ::testing::Test {
 protected:
  Rejected() {
    world_.policy.sources.push_back({"builds", "json", std::nullopt});
    world_.settings.senders.push_back(builds({"down"}));
  }
  Answer replay(const std::string& id) {
    return world_.ask(post("/v1/rejected/" + id + "/replay", ""));
  }
  /// What the server would do after a change of tocsin.yaml.
  void change_words(std::vector<std::string> firing) {
    world_.settings.senders = {builds(std::move(firing))};
    world_.server().configure(world_.settings);
  }
  World world_;
};

constexpr const char* kMixed =
    R"([{"name":"a","state":"down"},{"name":"b","state":"sideways"},{"name":"c","state":"down"},{}])";

TEST_F(Rejected, ABodyThatCannotBeReadIsKeptWithWhereAndWhy) {
  world_.start();
  world_.ask(post("/ingest/builds", R"({"token":"abc", "a" 5})"));
  const Answer list = world_.ask(get("/v1/rejected"));
  EXPECT_EQ(list.status, 200);
  EXPECT_NE(list.body.find(R"("source":"builds","reason":"malformed","offset":20,"refused":0,)"
                           R"("problems":[{"index":0,"at":"","problem":"'5' where a colon)"),
            std::string::npos)
      << list.body;
  EXPECT_NE(list.body.find(R"("bytes":22,"cut":false,"masked":true}],"next":null})"),
            std::string::npos)
      << list.body;
  const Answer one = world_.ask(get("/v1/rejected/1"));
  EXPECT_NE(one.body.find(R"("body":"{\"token\":\"xxx\", \"a\" 5}"})"), std::string::npos)
      << "its secrets are masked: " << one.body;
}

TEST_F(Rejected, ABodyWithRefusedAlertsIsKeptToo) {
  world_.start();
  EXPECT_EQ(world_.ask(post("/ingest/builds", kMixed)).status, 200);
  const std::string list = world_.ask(get("/v1/rejected")).body;
  EXPECT_NE(list.find(R"("reason":"unknown_status","offset":0,"refused":2)"), std::string::npos)
      << list;
  EXPECT_NE(list.find(R"("index":3,"at":"/3")"), std::string::npos);
  EXPECT_EQ(world_.ask(post("/ingest/builds", R"([{"name":"a","state":"up"}])")).status, 200);
  EXPECT_EQ(world_.shelf.rejected.size(), 1u) << "what was taken is not kept";
}

TEST_F(Rejected, TheListHasPagesTheNewestFirst) {
  world_.start();
  for (int i = 0; i < 5; ++i) world_.ask(post("/ingest/builds", "{"));
  const std::string first = world_.ask(get("/v1/rejected?limit=2")).body;
  EXPECT_LT(first.find(R"("id":"5")"), first.find(R"("id":"4")"));
  EXPECT_NE(first.find(R"("next":"4")"), std::string::npos);
  const std::string second = world_.ask(get("/v1/rejected?limit=2&cursor=4")).body;
  EXPECT_NE(second.find(R"("id":"3")"), std::string::npos);
  EXPECT_EQ(second.find(R"("id":"4")"), std::string::npos);
  EXPECT_EQ(world_.ask(get("/v1/rejected?limit=x")).status, 400);
}

TEST_F(Rejected, AReplayTakesWhatWasRefusedByTheConfigurationOfNow) {
  world_.start();
  world_.ask(post("/ingest/builds", kMixed));
  ASSERT_EQ(world_.seen().size(), 1u);
  change_words({"down", "sideways"});
  const Answer answer = replay("1");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find(R"("accepted":1,"refused":1,"rejected":[{"at":"/3")"),
            std::string::npos)
      << answer.body;
  ASSERT_EQ(world_.seen().size(), 2u);
  EXPECT_EQ(world_.seen()[1].steps, 1u) << "those that were accepted then are not repeated";
  EXPECT_EQ(world_.seen()[1].actor, "source:builds");
  EXPECT_EQ(world_.shelf.rejected.size(), 1u) << "what is refused again is not kept again";
}

TEST_F(Rejected, AReplayThatChangesNothingSaysSo) {
  world_.start();
  world_.ask(post("/ingest/builds", "{"));
  world_.ask(post("/ingest/builds", kMixed));
  EXPECT_EQ(replay("1").status, 400);
  const Answer again = replay("2");
  EXPECT_EQ(again.status, 200);
  EXPECT_NE(again.body.find(R"("accepted":0)"), std::string::npos);
}

TEST_F(Rejected, WhatCannotBeReplayedIsToldWithItsCure) {
  world_.start();
  EXPECT_EQ(replay("1").status, 404);
  EXPECT_EQ(replay("x").status, 404);
  EXPECT_EQ(world_.ask(get("/v1/rejected/7")).status, 404);
  world_.ask(post("/ingest/builds", "[" + std::string(2U << 20, ' ') + "x]"));
  const Answer cut = replay("1");
  EXPECT_EQ(cut.status, 409);
  EXPECT_NE(cut.body.find("only the beginning"), std::string::npos);
  EXPECT_NE(world_.ask(get("/v1/rejected")).body.find(R"("cut":true)"), std::string::npos);
  store::RejectedBody gone;
  gone.id = 2;
  gone.source = "former";
  gone.problems = "[]";
  gone.body = "{}";
  gone.bytes = 2;
  world_.shelf.rejected.push_back(gone);
  const Answer former = replay("2");
  EXPECT_EQ(former.status, 409);
  EXPECT_NE(former.body.find("nothing defines the source"), std::string::npos);
}

TEST_F(Rejected, ABodyWhoseSecretsWereMaskedIsNotReplayed) {
  world_.start();
  world_.ask(post("/ingest/builds", R"([{"name":"b","state":"sideways","token":"abc"}])"));
  change_words({"down", "sideways"});
  const Answer answer = replay("1");
  EXPECT_EQ(answer.status, 409);
  EXPECT_NE(answer.body.find("secrets were masked in it; let its sender send it again"),
            std::string::npos)
      << answer.body;
  EXPECT_TRUE(world_.seen().empty());
}

TEST_F(Rejected, AReplayRefusesAnIdempotencyKeyInsteadOfIgnoringIt) {
  world_.start();
  world_.ask(post("/ingest/builds", kMixed));
  const Answer answer =
      world_.ask(post("/v1/rejected/1/replay", "", "Idempotency-Key: once-1\r\n"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("a replay takes no Idempotency-Key"), std::string::npos);
  EXPECT_EQ(world_.seen().size(), 1u);
}

TEST_F(Rejected, OnlyWhoMayRespondMaySeeABodyOrReplayIt) {
  world_.settings.auth.anonymous = config::Anonymous::none;
  const auto add = [&](const char* name, const char* secret, bool respond, const char* team) {
    config::Token token;
    token.name = name;
    token.secrets = {secret};
    token.read = true;
    token.respond = respond;
    if (*team != '\0') token.respond_teams = {team};
    world_.settings.auth.tokens.push_back(token);
  };
  add("ana", "ana-0123456789-now", true, "");
  add("bo", "bo-0123456789-now", false, "payments");
  add("wall", "wall-0123456789-now", false, "");
  world_.start();
  const auto replays = [&](const char* secret) {
    return world_
        .ask(post("/v1/rejected/1/replay", "",
                  "Authorization: Bearer " + std::string(secret) + "\r\n"))
        .status;
  };
  const auto sees = [&](const char* path, const char* secret) {
    return world_.ask(get(path, "Authorization: Bearer " + std::string(secret) + "\r\n")).status;
  };
  EXPECT_EQ(replays("ana-0123456789-now"), 404);
  EXPECT_EQ(replays("bo-0123456789-now"), 403) << "not for the incidents of one team";
  EXPECT_EQ(replays("wall-0123456789-now"), 403);
  EXPECT_EQ(replays("nobody"), 401);
  EXPECT_EQ(sees("/v1/rejected/1", "ana-0123456789-now"), 404);
  EXPECT_EQ(sees("/v1/rejected/1", "bo-0123456789-now"), 403);
  EXPECT_EQ(sees("/v1/rejected/1", "wall-0123456789-now"), 403);
  EXPECT_EQ(sees("/v1/rejected", "wall-0123456789-now"), 200) << "the list is without bodies";
}

TEST_F(Rejected, WithoutRoomTheSenderIsAnsweredAllTheSame) {
  world_.rejected_room = false;
  world_.start();
  EXPECT_EQ(world_.ask(post("/ingest/builds", "{")).status, 400);
  EXPECT_TRUE(world_.shelf.rejected.empty());
}

TEST_F(Rejected, BodiesOfStrangersAreNotKept) {
  world_.settings.senders.front().hmac_secret = "secret";
  world_.settings.senders.front().hmac_header = "X-Tocsin-Signature";
  world_.start();
  EXPECT_EQ(world_.ask(post("/ingest/builds", "{")).status, 401);
  EXPECT_TRUE(world_.shelf.rejected.empty());
}

}  // namespace
}  // namespace tocsin::http
