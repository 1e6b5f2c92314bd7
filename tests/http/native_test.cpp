#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "http/world.h"

namespace tocsin::http {
namespace {

namespace json = boost::json;

triage::Incident incident(std::uint64_t id, triage::IncidentState state, Severity severity,
                          std::string service) {
  triage::Incident made;
  made.id = IncidentId{id};
  made.state = state;
  made.severity = severity;
  made.title = "incident " + std::to_string(id);
  made.service = std::move(service);
  made.team = made.service == "checkout" ? "payments" : "platform";
  made.detected_at = Instant(Duration(static_cast<std::int64_t>(id) * 1'000));
  made.version = static_cast<std::uint32_t>(id + 6);
  return made;
}

store::AlertRow alert(std::uint64_t id, std::string name, triage::AlertState state) {
  store::AlertRow row;
  row.id = AlertId{id};
  row.source = id % 2 == 0 ? "prom-eu" : "prom-us";
  row.labels = Labels{{"alertname", name}, {"n", std::to_string(id)}};
  row.annotations = Labels{{"summary", "it is \"bad\""}};
  row.fingerprint = fingerprint(row.labels.view());
  row.status.state = state;
  row.status.incident = IncidentId{1};
  return row;
}

class Native : public testing::Test {
 protected:
  Native() {
    using enum triage::IncidentState;
    put(incident(1, triggered, Severity::sev2, "checkout"));
    put(incident(2, acknowledged, Severity::sev3, "search"));
    put(incident(3, recovering, Severity::sev3, "checkout"));
    put(incident(4, resolved, Severity::sev1, "checkout"));
    put(incident(5, closed, Severity::sev4, "search"));
    for (std::uint64_t i = 1; i <= 30; ++i) {
      world.shelf.alerts.push_back(
          alert(i, i % 3 == 0 ? "DiskFull" : "HostDown",
                i % 5 == 0 ? triage::AlertState::resolved : triage::AlertState::firing));
    }
  }
  void put(triage::Incident made) {
    const std::uint64_t id = made.id.value;
    world.shelf.incidents[id] = std::move(made);
  }

  /// The ids of a list, in order.
  std::string ids(const std::string& path, const char* list) {
    const Answer answer = world.ask(get(path));
    EXPECT_EQ(answer.status, 200) << answer.body;
    std::string out;
    const json::value document = json::parse(answer.body);
    for (const json::value& one : document.at(list).as_array()) {
      if (!out.empty()) out += ' ';
      out += one.at("id").is_string() ? std::string(one.at("id").as_string())
                                      : json::serialize(one.at("id"));
    }
    const json::value& next = document.at("next");
    if (!next.is_null()) out += " next " + std::string(next.as_string());
    return out;
  }

  World world;
};

struct ListCase {
  const char* query;
  const char* ids;
};

TEST_F(Native, IncidentsAreListedNewestFirstOpenOnesUnlessAsked) {
  world.start();
  const ListCase cases[] = {
      {"", "INC-3 INC-2 INC-1"},
      {"?state=open", "INC-3 INC-2 INC-1"},
      {"?state=all", "INC-5 INC-4 INC-3 INC-2 INC-1"},
      {"?state=resolved&state=closed", "INC-5 INC-4"},
      {"?severity=SEV-3", "INC-3 INC-2"},
      {"?severity=SEV-2&severity=SEV-3&service=checkout", "INC-3 INC-1"},
      {"?team=payments&state=all", "INC-4 INC-3 INC-1"},
      {"?since=1970-01-01T00:00:02Z", "INC-3 INC-2"},
      {"?since=1h", ""},
      {"?limit=2", "INC-3 INC-2 next 2"},
      {"?limit=2&cursor=2", "INC-1"},
      {"?q=alertname%3D%22DiskFull%22", "INC-1"},  // Of its alerts, the others have none.
      {"?q=n%3D%2230%22,alertname%3DDiskFull", "INC-1"},
      {"?q=alertname%3D%22Nope%22", ""},
      {"?token=of-another-receiver", "INC-3 INC-2 INC-1"},
  };
  for (const ListCase& c : cases) {
    SCOPED_TRACE(c.query);
    EXPECT_EQ(ids("/v1/incidents" + std::string(c.query), "incidents"), c.ids);
  }
}

TEST_F(Native, WordsThatMeanNothingAreRefusedWithThoseThatDo) {
  world.start();
  for (const char* path :
       {"/v1/incidents?state=open&state=shut", "/v1/incidents?severity=high",
        "/v1/incidents?since=yesterday", "/v1/incidents?limit=0", "/v1/incidents?limit=x",
        "/v1/incidents?cursor=-1", "/v1/alerts?state=triggered", "/v1/alerts?q=%3D%3D",
        "/v1/alerts?q=a%3D~%22(%22", "/v1/incidents?a=%zz", "/v1/incidents?bogus=1",
        "/v1/incidents?q=%3D", "/v1/alerts?stat=firing"}) {
    SCOPED_TRACE(path);
    const Answer answer = world.ask(get(path));
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.headers.at("Content-Type"), "application/problem+json");
  }
}

TEST_F(Native, OneIncidentIsShownWithItsAlertsAndTimeline) {
  world.start();
  for (const char* name : {"INC-1", "1", "inc-1"}) {
    const Answer answer = world.ask(get("/v1/incidents/" + std::string(name)));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.at("ETag"), "\"7\"");
    const json::value document = json::parse(answer.body);
    EXPECT_EQ(document.at("id").as_string(), "INC-1");
    EXPECT_EQ(document.at("alerts").as_array().size(), 30u);
    EXPECT_EQ(document.at("timeline").as_array().size(), 1u);
  }
  for (const char* name : {"INC-99", "0", "INC-", "one", "1x", "99999999999999999999999"}) {
    EXPECT_EQ(world.ask(get("/v1/incidents/" + std::string(name))).status, 404) << name;
  }
}

TEST_F(Native, FiringAlertsShowTheirLiveLeases) {
  world.start();
  for (const char* path : {"/v1/alerts?limit=1000", "/v1/incidents/INC-1"}) {
    SCOPED_TRACE(path);
    const json::value document = json::parse(world.ask(get(path)).body);
    for (const json::value& one : document.at("alerts").as_array()) {
      const std::string id(one.at("id").as_string());
      if (one.at("state").as_string() != "firing") continue;
      // The core of this world: even ids never end, odd ones after as many seconds.
      if (std::stoi(id) % 2 == 0) {
        EXPECT_TRUE(one.at("ends_at").is_null()) << id;
      } else {
        EXPECT_EQ(one.at("ends_at").as_string(),
                  format_rfc3339(Instant(std::chrono::seconds(std::stoi(id)))));
      }
    }
  }
}

TEST_F(Native, AlertsAreFilteredAndPaged) {
  world.start();
  const ListCase cases[] = {
      {"?limit=3", "30 29 28 next 28"},
      {"?limit=3&cursor=3", "2 1"},
      {"?state=resolved", "30 25 20 15 10 5"},
      {"?state=firing&limit=2", "29 28 next 28"},
      {"?source=prom-eu&limit=2", "30 28 next 28"},
      {"?q=alertname%3DDiskFull&state=firing", "27 24 21 18 12 9 6 3"},
      {"?q=%7Balertname%3D%22DiskFull%22%2Cn%3E20%7D", "30 27 24 21"},
      {"?q=n+in+(%224%22%2C%229%22)", "9 4"},
      {"?q=meta.source%3D%22prom-us%22&limit=2", "29 27 next 27"},
  };
  for (const ListCase& c : cases) {
    SCOPED_TRACE(c.query);
    const Answer answer = world.ask(get("/v1/alerts" + std::string(c.query)));
    ASSERT_EQ(answer.status, 200) << answer.body;
    const json::value document = json::parse(answer.body);
    std::string found;
    for (const json::value& one : document.at("alerts").as_array()) {
      if (!found.empty()) found += ' ';
      found += std::string(one.at("labels").at("n").as_string());
    }
    if (!document.at("next").is_null()) {
      found += " next " + std::string(document.at("next").as_string());
    }
    EXPECT_EQ(found, c.ids);
  }
}

struct VerbCase {
  const char* verb;
  const char* body;
  const char* step;
  const char* actor;
};

TEST_F(Native, VerbsReachTheCoreAsStepsOfPeople) {
  world.start();
  const VerbCase cases[] = {
      {"ack", "", "Acknowledge", "anonymous@loopback"},
      {"ack", "{}", "Acknowledge", "anonymous@loopback"},
      {"unack", R"({"note":"not me"})", "Unacknowledge", "anonymous@loopback"},
      {"resolve", R"({"by":"ana","note":null})", "Resolve", "ana"},
      {"reopen", R"({"by":"","unknown":7})", "Reopen", "anonymous@loopback"},
      {"note", R"({"text":"looking at it"})", "AddNote", "anonymous@loopback"},
  };
  for (const VerbCase& c : cases) {
    SCOPED_TRACE(c.verb);
    const Answer answer = world.ask(post("/v1/incidents/INC-1/" + std::string(c.verb), c.body, ""));
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.headers.at("ETag"), "\"7\"");
    EXPECT_EQ(json::parse(answer.body).at("id").as_string(), "INC-1");
    const Seen seen = world.seen().back();
    EXPECT_EQ(seen.lane, triage::Lane::people);
    EXPECT_EQ(seen.actor, c.actor);
    EXPECT_EQ(seen.first, c.step);
    EXPECT_FALSE(seen.if_version.has_value());
  }
}

TEST_F(Native, TheAnswerShowsTheIncidentAsItIsAfterTheAction) {
  world.decide = [this](const triage::Step& step, const triage::Delivery&) {
    const std::lock_guard lock(world.shelf.mutex);
    auto& changed = world.shelf.incidents[std::get<triage::Acknowledge>(step).incident.value];
    changed.state = triage::IncidentState::acknowledged;
    ++changed.version;
    return triage::StepAnswer{};
  };
  world.start();
  const Answer answer = world.ask(post("/v1/incidents/1/ack", ""));
  EXPECT_EQ(answer.headers.at("ETag"), "\"8\"");
  EXPECT_EQ(json::parse(answer.body).at("state").as_string(), "acknowledged");
}

struct IfMatchCase {
  const char* header;
  int version;  ///< -1: none asked for; -2: refused.
};

TEST_F(Native, IfMatchTravelsToTheCore) {
  world.start();
  const IfMatchCase cases[] = {{"\"7\"", 7},  {"W/\"7\"", 7}, {"12", 12},          {"*", -1},
                               {"seven", -2}, {"\"7", -2},    {"\"1\", \"2\"", -2}};
  for (const IfMatchCase& c : cases) {
    SCOPED_TRACE(c.header);
    const std::string header = "If-Match: " + std::string(c.header) + "\r\n";
    const Answer answer = world.ask(post("/v1/incidents/1/ack", "", header));
    EXPECT_EQ(answer.status, c.version == -2 ? 400 : 200);
    if (c.version == -2) continue;
    const auto asked = world.seen().back().if_version;
    EXPECT_EQ(asked ? static_cast<int>(*asked) : -1, c.version);
  }
}

TEST_F(Native, AnIdempotencyKeyTravelsToTheCoreAsTheCallersOwn) {
  world.start();
  const auto asked = [&](const char* verb, const std::string& body, const std::string& header) {
    const Answer answer = world.ask(post("/v1/incidents/1/" + std::string(verb), body, header));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return world.seen().back().idempotency;
  };
  const std::string header = "Idempotency-Key: \"8e03978e-40d5\"\r\n";
  const auto first = asked("ack", "{}", header);
  ASSERT_TRUE(first);
  const auto bare = asked("ack", "{}", "Idempotency-Key: 8e03978e-40d5\r\n");
  EXPECT_EQ(bare->key, first->key) << "with quotes or without";
  EXPECT_EQ(bare->content, first->content);
  EXPECT_NE(asked("unack", "{}", header)->content, first->content) << "another path";
  EXPECT_NE(asked("ack", "{\"note\":\"x\"}", header)->content, first->content) << "another body";
  EXPECT_NE(asked("ack", "{}", "Idempotency-Key: other\r\n")->key, first->key);
  EXPECT_FALSE(asked("ack", "{}", ""));
  for (const std::string& wrong :
       {std::string("two words"), std::string(256, 'x'), std::string("\"\"")}) {
    const Answer answer =
        world.ask(post("/v1/incidents/1/ack", "", "Idempotency-Key: " + wrong + "\r\n"));
    EXPECT_EQ(answer.status, 400) << wrong;
  }
}

struct RefusalCase {
  triage::Refusal refusal;
  int status;
  const char* says;
};

TEST_F(Native, RefusalsOfTheCoreHaveTheirStatus) {
  const RefusalCase cases[] = {
      {triage::Refusal::unknown_incident, 404, "INC-4"},
      {triage::Refusal::wrong_state, 409, "INC-4 is resolved"},
      {triage::Refusal::stale_version, 412, "version 10"},
      {triage::Refusal::key_reused, 422, "give each request its own"},
      {triage::Refusal::no_space, 503, "try again"},
  };
  std::atomic<triage::Refusal> refusal{};
  world.decide = [&](const triage::Step&, const triage::Delivery&) {
    triage::StepAnswer answer;
    answer.fate = triage::Fate::refused;
    answer.refusal = refusal;
    return answer;
  };
  world.start();
  for (const RefusalCase& c : cases) {
    refusal = c.refusal;
    const Answer answer = world.ask(post("/v1/incidents/4/ack", "{}"));
    EXPECT_EQ(answer.status, c.status);
    EXPECT_NE(answer.body.find(c.says), std::string::npos) << answer.body;
    EXPECT_EQ(answer.headers.at("Content-Type"), "application/problem+json");
  }
}

TEST_F(Native, AKeyThatIsReusedIsUnprocessable) {
  world.decide = [](const triage::Step&, const triage::Delivery&) {
    triage::StepAnswer answer;
    answer.fate = triage::Fate::refused;
    answer.refusal = triage::Refusal::key_reused;
    return answer;
  };
  world.start();
  const Answer answer = world.ask(post("/v1/incidents/4/ack", "{}"));
  EXPECT_NE(answer.body.find(R"("title":"Unprocessable Content")"), std::string::npos)
      << answer.body;
}

TEST_F(Native, BodiesOfVerbsAreReadStrictly) {
  world.start();
  for (const char* body : {"[]", "{\"note\":", "{} x", "\"note\"", "{\"by\":[]}", "{\"text\":5}"}) {
    EXPECT_EQ(world.ask(post("/v1/incidents/1/ack", body)).status, 400) << body;
  }
  EXPECT_EQ(world.ask(post("/v1/incidents/1/note", "{}")).status, 400);
  EXPECT_EQ(
      world.ask(post("/v1/incidents/1/note", "{\"text\":\"" + std::string(20'000, 'x') + "\"}"))
          .status,
      400);
  EXPECT_EQ(world.ask(post("/v1/incidents/1/note", std::string(70'000, ' '))).status, 413);
  EXPECT_EQ(world.ask(post("/v1/incidents/abc/ack", "{}")).status, 404);
  EXPECT_TRUE(world.seen().empty());
}

TEST_F(Native, AStoreThatCannotBeReadIsTrouble503) {
  world.shelf.broken = true;
  world.start();
  for (const char* path : {"/v1/incidents", "/v1/incidents/1", "/v1/alerts", "/api/v2/alerts"}) {
    const Answer answer = world.ask(get(path));
    EXPECT_EQ(answer.status, 503) << path;
    EXPECT_EQ(answer.body.find("fire"), std::string::npos);
  }
  EXPECT_EQ(world.ask(get("/metrics")).status, 200);
  EXPECT_EQ(world.ask(get("/-/healthy")).status, 200);
}

TEST_F(Native, ReadinessIsTold) {
  world.start();
  EXPECT_EQ(world.ask(get("/-/ready")).status, 200);
  EXPECT_EQ(world.ask(get("/some/prefix/-/ready")).status, 200);
  world.ready = false;
  EXPECT_EQ(world.ask(get("/-/ready")).status, 503);
  EXPECT_EQ(world.ask(get("/-/healthy")).status, 200);
}

}  // namespace
}  // namespace tocsin::http
