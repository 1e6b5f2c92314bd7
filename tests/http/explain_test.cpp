#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "http/world.h"

namespace tocsin::http {
namespace {

namespace json = boost::json;

constexpr const char* kRulesOfThen = R"(
rules:
  - {name: hosts, when: ['alertname="HostDown"'], set: {labels: {component: host}}, severity: SEV-2}
correlation:
  - {name: by-component, when: [component], by: [component]}
)";
constexpr const char* kRulesOfNow = R"(
rules:
  - {name: hosts-are-small, when: ['alertname="HostDown"'], severity: SEV-4}
)";

std::shared_ptr<const triage::Policy> compiled(const config::Settings& settings,
                                               const char* rules) {
  auto result = config::compile_policy(settings, {{"rules/a.yaml", rules}});
  EXPECT_NE(result.policy, nullptr);
  return result.policy;
}

class Explain : public testing::Test {
 protected:
  Explain() {
    world.settings.sources = world.policy.sources;
    then_ = compiled(world.settings, kRulesOfThen);
    world.policy = *compiled(world.settings, kRulesOfNow);
    world.shelf.policies[then_->rules.hash] = then_->files;
    triage::Incident incident;
    incident.id = IncidentId{1};
    incident.firing = 2;
    world.shelf.incidents[1] = incident;
    add(1, Labels{{"alertname", "HostDown"}}, then_->rules.hash, IncidentId{1});
    add(2, Labels{{"alertname", "HostDown"}, {"n", "2"}}, world.policy.rules.hash, IncidentId{1});
  }

  store::AlertRow& add(std::uint64_t id, Labels labels, std::uint64_t rules_hash,
                       IncidentId incident = {}) {
    store::AlertRow& row = world.shelf.alerts.emplace_back();
    row.id = AlertId{id};
    row.source = "prom-eu";
    row.labels = std::move(labels);
    row.fingerprint = fingerprint(row.labels.view());
    row.status.rules_hash = rules_hash;
    row.status.incident = incident;
    const triage::Policy& policy = rules_hash == then_->rules.hash ? *then_ : world.policy;
    row.status.effects = rules::match(policy.rules, row.labels, {}, row.source).effects;
    return row;
  }

  json::value ask(const std::string& query, int status = 200) {
    const Answer answer = world.ask(get("/v1/explain" + query));
    EXPECT_EQ(answer.status, status) << answer.body;
    return json::parse(answer.body);
  }
  json::value send(const std::string& query, const std::string& body, int status = 200) {
    const Answer answer = world.ask(post("/v1/explain" + query, body));
    EXPECT_EQ(answer.status, status) << answer.body;
    return json::parse(answer.body);
  }
  static const json::value& only(const json::value& document) {
    EXPECT_EQ(document.at("explanations").as_array().size(), 1u);
    return document.at("explanations").as_array().at(0);
  }

  World world;
  std::shared_ptr<const triage::Policy> then_;
};

TEST_F(Explain, AlertsOfABodyAreExplainedByTheRulesInForce) {
  world.start();
  const json::value document = send(
      "?near=2", R"([{"labels":{"alertname":"HostDown","severity":"critical"}},{"labels":{}}])");
  const json::value& one = only(document);
  EXPECT_EQ(one.at("rules_of").as_string(), "now");
  EXPECT_EQ(one.at("rules").at(0).at("name").as_string(), "hosts-are-small");
  EXPECT_EQ(one.at("severity").at("severity").as_string(), "SEV-4");
  EXPECT_EQ(one.at("alert").at("source").as_string(), "prom-us");
  EXPECT_EQ(document.at("refused").as_int64(), 1);
  EXPECT_EQ(document.at("rejected").at(0).at("at").as_string(), "/1/labels");
  EXPECT_EQ(only(send("?source=prom-eu", kOneAlert)).at("alert").at("source").as_string(),
            "prom-eu");
  EXPECT_TRUE(world.seen().empty()) << "nothing reaches the core";
}

TEST_F(Explain, ItSaysWhichIncidentAnAlertWouldJoin) {
  std::vector<triage::GroupAsked> asked;
  world.would_join = [&](std::vector<triage::GroupAsked> groups,
                         std::function<void(std::vector<std::optional<IncidentId>>)> then) {
    asked.insert(asked.end(), groups.begin(), groups.end());
    then({IncidentId{7}});
  };
  world.start();
  const json::value document = send("", kOneAlert);
  EXPECT_EQ(only(document).at("correlation").at("joins").as_string(), "INC-7");
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_FALSE(asked[0].terms.has_value()) << "it stands for itself";
}

TEST_F(Explain, OfAHugeBodyAHundredAlertsAreExplained) {
  world.start();
  std::string body = "[";
  for (int i = 0; i < 10'000; ++i) {
    if (i > 0) body += ',';
    body += R"({"labels":{"alertname":"A","n":")" + std::to_string(i) + "\"}}";
  }
  const json::value document = send("", body + "]");
  EXPECT_EQ(document.at("explanations").as_array().size(), 100u);
  EXPECT_EQ(document.at("omitted").as_int64(), 9'900);
}

TEST_F(Explain, AStoredAlertIsExplainedWithTheRulesOfItsTime) {
  world.start();
  const json::value document = ask("?alert=1");
  const json::value& one = only(document);
  EXPECT_EQ(one.at("rules_of").as_string(), "then");
  EXPECT_EQ(one.at("rules").at(0).at("name").as_string(), "hosts");
  EXPECT_EQ(one.at("severity").at("severity").as_string(), "SEV-2");
  EXPECT_EQ(one.at("correlation").at("rule").as_string(), "by-component");
  EXPECT_EQ(one.at("alert").at("incident").as_string(), "INC-1");
  EXPECT_TRUE(one.at("note").is_null());
  EXPECT_EQ(only(ask("?alert=2")).at("rules_of").as_string(), "now");
}

TEST_F(Explain, WithoutThoseRulesWhatWasKeptIsShown) {
  world.shelf.policies.clear();
  world.start();
  const json::value document = ask("?alert=1&near=5");
  const json::value& one = only(document);
  EXPECT_EQ(one.at("rules_of").as_string(), "gone");
  EXPECT_TRUE(one.at("rules").as_array().empty());
  EXPECT_EQ(one.at("kept").at("labels.component").as_string(), "host");
  EXPECT_EQ(one.at("severity").at("severity").as_string(), "SEV-2");
  EXPECT_EQ(one.at("severity").at("name").as_string(), "hosts");
}

TEST_F(Explain, OtherScopesThanThenAreToldOf) {
  world.shelf.policies[77] = then_->files;
  add(3, Labels{{"alertname", "HostDown"}, {"n", "3"}}, then_->rules.hash).status.rules_hash = 77;
  world.start();
  const json::value document = ask("?alert=3");
  EXPECT_EQ(only(document).at("rules_of").as_string(), "then");
  EXPECT_NE(std::string(only(document).at("note").as_string()).find("scopes"), std::string::npos);
}

TEST_F(Explain, AnAlertThatHasChangedSinceIsToldOf) {
  add(3, Labels{{"alertname", "HostDown"}, {"n", "3"}}, world.policy.rules.hash).status.effects =
      nullptr;
  world.start();
  const json::value document = ask("?alert=3");
  EXPECT_NE(std::string(only(document).at("note").as_string()).find("changed since"),
            std::string::npos);
}

TEST_F(Explain, AnIncidentIsExplainedByItsAlertsFromTheFirst) {
  world.start();
  const json::value document = ask("?incident=INC-1");
  ASSERT_EQ(document.at("explanations").as_array().size(), 2u);
  EXPECT_EQ(document.at("explanations").at(0).at("alert").at("id").as_string(), "1");
  EXPECT_EQ(document.at("omitted").as_int64(), 0);
  const json::value first = ask("?incident=INC-1&limit=1");
  EXPECT_EQ(only(first).at("alert").at("id").as_string(), "1");
  EXPECT_EQ(first.at("omitted").as_int64(), 1);
}

TEST_F(Explain, AFingerprintFindsItsAlertOrListsTheChoices) {
  world.start();
  const std::string print = fingerprint(Labels{{"alertname", "HostDown"}}.view());
  EXPECT_EQ(only(ask("?fingerprint=" + print)).at("alert").at("id").as_string(), "1");
  {
    const std::lock_guard lock(world.shelf.mutex);
    store::AlertRow& row = world.shelf.alerts.emplace_back(world.shelf.alerts.front());
    row.id = AlertId{9};
    row.identity_by = IdentityBy::sender_key;
    row.identity_value = "disk/db-1";
  }
  const json::value choices = ask("?fingerprint=" + print, 409);
  const std::string detail(choices.at("detail").as_string());
  EXPECT_NE(detail.find("alert=9"), std::string::npos) << detail;
  EXPECT_NE(detail.find("alert=1"), std::string::npos) << detail;
}

TEST_F(Explain, WhatIsNotThereIsTold404WithTheNextStep) {
  world.start();
  for (const char* query : {"?incident=INC-9", "?incident=x", "?fingerprint=0123456789abcdef",
                            "?alert=99", "?alert=x", "?alert=0", "?alert=18446744073709551615"}) {
    const std::string detail(ask(query, 404).at("detail").as_string());
    EXPECT_TRUE(detail.find("/v1/") != std::string::npos) << detail;
  }
  EXPECT_NE(std::string(send("?source=nobody", "[]", 404).at("detail").as_string()).find("sources"),
            std::string::npos);
}

TEST_F(Explain, WordsThatMeanNothingAreRefused) {
  world.start();
  for (const char* query : {"", "?near=5", "?near=-1&alert=1", "?near=101&alert=1",
                            "?limit=0&alert=1", "?limit=101&alert=1", "?bogus=1"}) {
    ask(query, 400);
  }
  send("", "{", 400);
  send("?near=x", "[]", 400);
  send("?incident=INC-1", "[]", 400);
}

TEST_F(Explain, ItTakesTheScopeRead) {
  world.settings.auth.anonymous = config::Anonymous::none;
  config::Token reader;
  reader.name = "reader";
  reader.secrets = {"a token that may read"};
  reader.read = true;
  config::Token sender;
  sender.name = "sender";
  sender.secrets = {"a token that may send"};
  sender.source = "prom-eu";
  world.settings.auth.tokens = {reader, sender};
  world.start();
  const auto bearer = [](const std::string& token) {
    return "Authorization: Bearer " + token + "\r\n";
  };
  EXPECT_EQ(world.ask(post("/v1/explain", kOneAlert)).status, 401);
  EXPECT_EQ(world.ask(post("/v1/explain", kOneAlert, bearer("a token that may send"))).status, 403);
  EXPECT_EQ(world.ask(post("/v1/explain", kOneAlert, bearer("a token that may read"))).status, 200);
  EXPECT_EQ(world.ask(get("/v1/explain?alert=1", bearer("a token that may read"))).status, 200);
}

}  // namespace
}  // namespace tocsin::http
