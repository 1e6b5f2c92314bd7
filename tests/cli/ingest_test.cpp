// `tocsin ingest`: what a payload would become, by files on disk.
#include "cli/ingest.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/loopback.h"
#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSettings = R"(
sources:
  - {name: prom, kind: alertmanager-api, identity_ignore: [replica]}
  - {name: pager, kind: pagerduty}
  - name: builds
    kind: json
    map:
      identity: [/job]
      status: {from: /result, firing: [FAILURE], resolved: [SUCCESS]}
      labels: {alertname: /job, service: "=checkout", severity: "=critical", team: /team}
)";
constexpr const char* kRules = R"(
services: {checkout: {team: payments}}
correlation: [{name: same-service, when: [service], by: [service]}]
severity: {default: SEV-3, from_label: severity, map: {critical: SEV-2}}
)";

struct Said {
  int code = 0;
  std::string out, err;
};

class Ingest : public ::testing::Test {
 protected:
  Ingest() {
    std::string pattern = ::testing::TempDir() + "tocsin-ingest-XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    fs::create_directories(folder_ / "config");
    fs::create_directories(folder_ / "rules");
    write("config/tocsin.yaml", kSettings);
    write("rules/rules.yaml", kRules);
  }
  ~Ingest() override { fs::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }
  Said say(std::vector<std::string> words, const std::string& payload = "") {
    std::ostringstream out;
    std::ostringstream err;
    std::istringstream in(payload);
    Terminal terminal{out, err, false, *parse_rfc3339("2026-11-23T04:30:00Z"), false, &in};
    words.insert(words.begin(), {"tocsin", "ingest"});
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    const Serve serve = [](const ServeOptions&) { return 78; };
    const int code = run_verb(static_cast<int>(argv.size()), argv.data(), serve, terminal);
    return {code, out.str(), err.str()};
  }
  Said reads(const std::string& source, const std::string& payload,
             const std::string& format = "") {
    std::vector<std::string> words{"--source", source, "--config",
                                   (folder_ / "config/tocsin.yaml").string()};
    if (!format.empty()) words.insert(words.end(), {"-o", format});
    return say(words, payload);
  }
  fs::path folder_;
};

TEST_F(Ingest, ShowsWhatAnAlertIsMadeOfAndWhatTheRulesSay) {
  const Said said = reads("builds", R"({"job":"deploy","result":"FAILURE","team":"payments"})");
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(said.out,
            "firing  deploy\n"
            "  identity      its sender's key deploy\n"
            "  severity      SEV-2, by critical (rules/rules.yaml:4)\n"
            "  service       checkout\n"
            "  team          payments\n"
            "  correlation   same-service\n"
            "  labels        alertname=\"deploy\", service=\"checkout\", severity=\"critical\", "
            "team=\"payments\"\n"
            "1 alert, 0 refused\n");
}

TEST_F(Ingest, SaysWhatIsRefusedAndFails) {
  const Said said =
      reads("builds", R"([{"job":"a","result":"ABORTED"},{"job":"b","result":"SUCCESS"}])");
  EXPECT_EQ(said.code, 1);
  EXPECT_NE(said.out.find("refused at /0/result: \"ABORTED\" is neither firing (FAILURE)"),
            std::string::npos)
      << said.out;
  EXPECT_NE(said.out.find("resolved  b\n"), std::string::npos);
  EXPECT_NE(said.out.find("remark at /1: map.labels.team: /team points at nothing; there are "
                          "/job, /result"),
            std::string::npos);
  EXPECT_NE(said.out.find("1 alert, 1 refused\n"), std::string::npos);
}

TEST_F(Ingest, CountsAllThatIsRefusedAndNotOnlyWhatIsDescribed) {
  std::string payload = "[7";
  for (int i = 1; i < 5'000; ++i) payload += ",7";
  const Said said = reads("builds", payload + "]");
  EXPECT_EQ(said.code, 1);
  EXPECT_TRUE(said.out.ends_with("0 alerts, 5000 refused\n"))
      << said.out.substr(said.out.size() - std::min<std::size_t>(100, said.out.size()));
  EXPECT_NE(reads("builds", payload + "]", "json").out.find("\"refused\": 5000"),
            std::string::npos);
}

TEST_F(Ingest, ReadsLabelsTimesAndEndsAsTheDaemonDoes) {
  const Said said = reads("prom",
                          R"([{"labels":{"alertname":"Down","replica":"a"},
                               "startsAt":"2026-11-23T04:00:00Z","endsAt":"2026-11-23T04:10:00Z"}])",
                          "json");
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_NE(said.out.find(R"("state": "resolved")"), std::string::npos) << said.out;
  EXPECT_NE(said.out.find("\"by\": \"labels\",\n        \"value\": {\n          \"alertname\": "
                          "\"Down\"\n        }"),
            std::string::npos)
      << said.out;
  EXPECT_NE(said.out.find(R"("starts_at": "2026-11-23T04:00:00.000Z")"), std::string::npos);
  EXPECT_NE(reads("prom", "[]", "yaml").out.find("alerts: []"), std::string::npos);
}

TEST_F(Ingest, ShowsAnAcknowledgementAndAKeyThatIsStillToBeMade) {
  EXPECT_NE(reads("pager", R"({"event_action":"acknowledge","dedup_key":"disk/1"})")
                .out.find("acknowledges the incident of disk/1"),
            std::string::npos);
  EXPECT_NE(reads("pager", R"({"event_action":"trigger","payload":{"summary":"x"}})")
                .out.find("(made by the daemon)"),
            std::string::npos);
}

TEST_F(Ingest, APayloadThatCannotBeReadIsToldWithItsPlace) {
  const Said said = reads("prom", R"([{"labels":{]])");
  EXPECT_EQ(said.code, 1);
  EXPECT_NE(said.err.find("the payload cannot be read: at /0, byte 12: "), std::string::npos)
      << said.err;
  EXPECT_EQ(reads("prom", "").code, 1);
  write("config/tocsin.yaml", "limits: {body: 1KiB, bodies_in_flight: 1KiB}\n");
  EXPECT_NE(reads("alertmanager-api", std::string(2000, ' ')).err.find("larger than limits.body"),
            std::string::npos);
}

TEST_F(Ingest, ASourceThatNothingDefinesIsWrongUsageAndThoseThereAreAreNamed) {
  const Said said = reads("prometheus", "[]");
  EXPECT_EQ(said.code, 2);
  EXPECT_NE(said.err.find("sources are: prom, pager, builds, alertmanager-api"), std::string::npos)
      << said.err;
  EXPECT_EQ(say({}).code, 2) << "without --source";
}

TEST_F(Ingest, MistakesInTheFilesAreToldAndNothingIsRead) {
  write("rules/rules.yaml", "nonsense: 1\n");
  const Said said = reads("prom", "[]");
  EXPECT_EQ(said.code, 1);
  EXPECT_NE(said.err.find("rules.yaml:1:1: error: unknown key \"nonsense\""), std::string::npos)
      << said.err;
}

constexpr const char* kOne =
    R"({"id":"7","at":"2026-11-23T04:18:00.000Z","source":"builds","reason":"malformed","offset":3,"refused":0,
 "problems":[{"index":0,"at":"","problem":"a string that never ends"}],"bytes":12,"cut":false,"masked":true,"body":"{\"a\u001b[2J"})";

TEST_F(Ingest, RejectedBodiesAreListedShownAndReplayed) {
  {
    Loopback server({{200, R"({"rejected":[)" + std::string(kOne) + R"(],"next":null})"}});
    const Said said = say({"rejected", "list", "--url", server.url()});
    EXPECT_EQ(said.code, 0) << said.err;
    EXPECT_EQ(said.out,
              "ID  AGE  SOURCE  REFUSED  BYTES  WHY\n"
              "7   12m  builds  all      12     a string that never ends\n");
  }
  {
    Loopback server({{200, kOne}});
    const Said said = say({"rejected", "show", "7", "--url", server.url()});
    EXPECT_NE(said.out.find("refused: a string that never ends"), std::string::npos) << said.out;
    EXPECT_NE(said.out.find("secrets masked\n"), std::string::npos);
    EXPECT_NE(said.out.find("{\"a\\x1b[2J"), std::string::npos) << "harmless in a terminal";
  }
  {
    Loopback server(
        {{200,
          R"({"accepted":2,"refused":5000,"rejected":[{"at":"/3","problem":"still wrong"}],"alerts":[]})"}});
    const Said said = say({"rejected", "replay", "7", "--url", server.url()});
    EXPECT_EQ(said.code, 1);
    EXPECT_EQ(said.out, "refused at /3: still wrong\n2 accepted, 5000 refused\n");
  }
}

}  // namespace
}  // namespace tocsin::cli
