#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "http/world.h"

namespace tocsin::http {
namespace {

namespace json = boost::json;

class AlertmanagerApi : public testing::Test {
 protected:
  AlertmanagerApi() {
    for (std::uint64_t i = 1; i <= 4; ++i) {
      store::AlertRow row;
      row.id = AlertId{i};
      row.source = "prom-us";
      row.labels =
          Labels{{"alertname", i == 4 ? "DiskFull" : "HostDown"}, {"n", std::to_string(i)}};
      row.annotations = Labels{{"summary", "down"}};
      row.fingerprint = fingerprint(row.labels.view());
      row.generator_url = i == 1 ? "http://prometheus.example.net/graph" : "";
      if (i == 3) row.status.state = triage::AlertState::resolved;
      world.shelf.alerts.push_back(row);
    }
  }
  json::array list(const std::string& query) {
    const Answer answer = world.ask(get("/api/v2/alerts" + query));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body).as_array();
  }

  World world;
};

TEST_F(AlertmanagerApi, ListsWhatFiresInItsShapeByFingerprint) {
  world.start();
  const json::array alerts = list("?active=true&inhibited=true&silenced=true&unprocessed=true");
  ASSERT_EQ(alerts.size(), 3u);
  std::string last;
  for (const json::value& one : alerts) {
    const std::string print(one.at("fingerprint").as_string());
    EXPECT_LT(last, print);
    last = print;
    EXPECT_EQ(one.at("status").at("state").as_string(), "active");
    EXPECT_TRUE(one.at("status").at("silencedBy").as_array().empty());
    EXPECT_TRUE(one.at("status").at("inhibitedBy").as_array().empty());
    EXPECT_EQ(one.at("receivers").at(0).at("name").as_string(), "default");
    EXPECT_EQ(one.at("annotations").at("summary").as_string(), "down");
    const bool first = one.at("labels").at("n").as_string() == "1";
    // The live lease of alert 1 ends a second after 1970; the others never end.
    EXPECT_EQ(one.at("endsAt").as_string(),
              first ? "1970-01-01T00:00:01.000Z" : "9999-12-31T23:59:59.000Z");
    EXPECT_EQ(one.as_object().contains("generatorURL"), first);
    EXPECT_TRUE(parse_rfc3339(std::string(one.at("startsAt").as_string())).has_value());
    EXPECT_TRUE(parse_rfc3339(std::string(one.at("updatedAt").as_string())).has_value());
  }
}

struct FilterCase {
  const char* query;
  std::size_t count;
};

TEST_F(AlertmanagerApi, FiltersAsAmtoolAsks) {
  world.start();
  const FilterCase cases[] = {
      {"", 3},
      {"?filter=alertname%3D%22HostDown%22", 2},
      {"?filter=alertname%3DHostDown&filter=n%3D%221%22", 1},
      {"?filter=%7Balertname%3D~%22Host.*%22%2Cn!%3D%221%22%7D", 1},
      {"?filter=missing%3D%22%22", 3},
      {"?receiver=def.*", 3},
      {"?receiver=def", 0},
      {"?receiver=other", 0},
      {"?active=false", 0},
      {"?active=banana", 0},
  };
  for (const FilterCase& c : cases) {
    SCOPED_TRACE(c.query);
    EXPECT_EQ(list(c.query).size(), c.count);
  }
}

TEST_F(AlertmanagerApi, ABadFilterIsAJsonString) {
  world.start();
  for (const char* query : {"?filter=a%3D~%22(%22", "?filter=%22", "?receiver=(", "?filter=a"}) {
    SCOPED_TRACE(query);
    const Answer answer = world.ask(get("/api/v2/alerts" + std::string(query)));
    EXPECT_EQ(answer.status, 400);
    EXPECT_TRUE(json::parse(answer.body).is_string());
  }
}

TEST_F(AlertmanagerApi, StatusHasEveryFieldItsClientsRequire) {
  world.start();
  for (const char* path : {"/api/v2/status", "/alertmanager/api/v2/status/"}) {
    const json::value status = json::parse(world.ask(get(path)).body);
    EXPECT_EQ(status.at("cluster").at("status").as_string(), "disabled");
    EXPECT_TRUE(status.at("cluster").at("peers").as_array().empty());
    EXPECT_EQ(status.at("versionInfo").at("version").as_string(), "0.27.0");
    for (const char* field :
         {"branch", "buildDate", "buildUser", "goVersion", "revision", "version"}) {
      EXPECT_TRUE(status.at("versionInfo").at(field).is_string()) << field;
    }
    EXPECT_TRUE(parse_rfc3339(std::string(status.at("uptime").as_string())).has_value());
    EXPECT_EQ(status.at("config").at("original").as_string(),
              "route:\n  receiver: \"default\"\nreceivers:\n  - name: \"default\"\n");
  }
}

TEST_F(AlertmanagerApi, ReceiversAreEscalations) {
  world.start();
  EXPECT_EQ(world.ask(get("/api/v2/receivers")).body, R"([{"name":"default"}])");
}

}  // namespace
}  // namespace tocsin::http
