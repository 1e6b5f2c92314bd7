// The verbs as a person types them, against a server that gives canned answers.
#include "cli/verbs.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/loopback.h"

namespace tocsin::cli {
namespace {

struct Said {
  int code = 0;
  std::string out, err;
};

Said say(std::vector<std::string> words, bool colour = false) {
  std::ostringstream out;
  std::ostringstream err;
  Terminal terminal{out, err, colour, *parse_rfc3339("2026-11-23T04:30:00Z")};
  std::vector<const char*> argv{"tocsin"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  const Serve serve = [&](const ServeOptions& options) {
    out << "serving " << options.config << '\n';
    return 78;
  };
  const int code = run_verb(static_cast<int>(argv.size()), argv.data(), serve, terminal);
  return {code, out.str(), err.str()};
}

constexpr const char* kIncident = R"({"id":"INC-42","state":"triggered","severity":"SEV-2",
 "severity_reason":{"criterion":"wide","at":"rules/severity.yaml:12"},"title":"HighErrorRate on checkout",
 "service":"checkout","team":"payments","key":null,"started_at":"2026-11-23T04:16:00.000Z",
 "detected_at":"2026-11-23T04:18:00.000Z","triaged_at":"2026-11-23T04:18:00.000Z","acknowledged_at":null,
 "cycle":1,"alerts":{"firing":3,"resolved":1,"suppressed":0},"assignee":null,
 "escalation":{"name":"payments","step":1,"round":1,"next_at":"2026-11-23T04:33:00.000Z","paused":null},
 "runbook":null,"version":7,"url":"http://127.0.0.1:9911/v1/incidents/INC-42"})";

std::string incidents(const std::string& next = "null") {
  return R"({"incidents":[)" + std::string(kIncident) +
         R"(,{"id":"INC-7","state":"acknowledged","severity":"SEV-4","title":"evil \u001b[2J\nname \u202e",
          "service":null,"detected_at":"2026-11-20T04:18:00.000Z","alerts":{"firing":0}}],"next":)" +
         next + "}";
}

TEST(IncidentList, IsATableWithOneLineAnIncident) {
  Loopback server({{200, incidents()}});
  const Said said = say({"incident", "list", "--url", server.url()});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(
      said.out,
      "ID      SEVERITY  STATE         AGE  FIRING  SERVICE   TITLE\n"
      "INC-42  SEV-2     triggered     12m  3       checkout  HighErrorRate on checkout\n"
      "INC-7   SEV-4     acknowledged  3d   0                 evil \\x1b[2J\\nname \\u202e\n");
}

TEST(IncidentList, AsksForWhatItsFlagsSay) {
  Loopback server({{200, incidents()}});
  say({"incident", "list", "--state", "resolved", "--severity", "SEV-1", "--severity", "SEV-2",
       "--service", "a b&c", "--team", "x", "--limit", "5", "--url", server.url() + "/"});
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_TRUE(server.requests()[0].starts_with(
      "GET /v1/incidents?state=resolved&severity=SEV-1&severity=SEV-2&"
      "service=a%20b%26c&team=x&limit=5 HTTP/1.1\r\n"))
      << server.requests()[0];
}

TEST(IncidentList, FollowsTheCursorUntilTheLimitIsReached) {
  Loopback server({{200, incidents("\"40\"")}, {200, incidents("\"20\"")}});
  const Said said = say({"incident", "list", "--limit", "4", "--url", server.url()});
  ASSERT_EQ(server.requests().size(), 2U);
  EXPECT_TRUE(server.requests()[1].starts_with("GET /v1/incidents?limit=2&cursor=40 "))
      << server.requests()[1];
  EXPECT_NE(said.out.find("there are more; see them with a larger --limit\n"), std::string::npos);
}

TEST(IncidentList, EndsWhenACursorLeadsNowhere) {
  Loopback server({{200, R"({"incidents":[],"next":"3"})"}});
  const Said said = say({"incident", "list", "--url", server.url()});
  EXPECT_EQ(said.code, 0);
  EXPECT_TRUE(said.out.starts_with("no incidents\n")) << said.out;
}

TEST(IncidentList, ColoursOnlyWhereAskedTo) {
  Loopback server({{200, incidents()}});
  const Said said = say({"incident", "list", "--url", server.url()}, true);
  EXPECT_NE(said.out.find("\x1b[31mSEV-2\x1b[0m     \x1b[31mtriggered\x1b[0m"), std::string::npos)
      << said.out;
  EXPECT_EQ(said.out.find("\x1b[2J"), std::string::npos);
}

TEST(IncidentShow, TellsTheStory) {
  std::string full = kIncident;
  full.replace(
      full.find(R"({"firing":3,"resolved":1,"suppressed":0})"), 40,
      R"([{"id":"9","state":"firing","received_at":"2026-11-23T04:18:00.000Z","incident":"INC-42",
                   "source":"prometheus","labels":{"alertname":"HighErrorRate","env":"prod","service":"checkout"}}])");
  full.pop_back();
  full += R"(,"alert_counts":{"firing":3,"resolved":1},"timeline":[
     {"at":"2026-11-23T04:19:00.000Z","actor":"ana","kind":"note","detail":"looking"},
     {"at":"2026-11-23T04:18:00.000Z","actor":"tocsin","kind":"opened","detail":"HighErrorRate on checkout"}]})";
  Loopback server({{200, full}});
  const Said said = say({"incident", "show", "42", "--url", server.url()});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(said.out,
            "INC-42  SEV-2  triggered  HighErrorRate on checkout\n"
            "  service       checkout\n"
            "  team          payments\n"
            "  severity      SEV-2, by wide (rules/severity.yaml:12)\n"
            "  alerts        3 firing, 1 resolved\n"
            "  started       2026-11-23T04:16:00.000Z (14m ago)\n"
            "  detected      2026-11-23T04:18:00.000Z (12m ago)\n"
            "  escalation    payments, step 1 of round 1, next at 2026-11-23T04:33:00.000Z\n"
            "  url           http://127.0.0.1:9911/v1/incidents/INC-42\n"
            "\n"
            "  STATE   AGE  INCIDENT  SOURCE      ALERT          LABELS\n"
            "  firing  12m  INC-42    prometheus  HighErrorRate  env=prod service=checkout\n"
            "\n"
            "  TIME                      WHO     WHAT    DETAIL\n"
            "  2026-11-23T04:18:00.000Z  tocsin  opened  HighErrorRate on checkout\n"
            "  2026-11-23T04:19:00.000Z  ana     note    looking\n");
  EXPECT_TRUE(server.requests()[0].starts_with("GET /v1/incidents/INC-42 "));
}

TEST(IncidentShow, GivesJsonAndYamlWhole) {
  Loopback server({{200, R"({"id":"INC-1","a":[],"l":[1,{"k":"yes"}],"n":null})"},
                   {200, R"({"id":"INC-1","a":[],"l":[1,{"k":"yes","m":{"x":1}}],"n":null})"}});
  EXPECT_EQ(say({"incident", "show", "INC-1", "-o", "json", "--url", server.url()}).out,
            "{\n  \"id\": \"INC-1\",\n  \"a\": [],\n  \"l\": [\n    1,\n    {\n      \"k\": "
            "\"yes\"\n    }\n  ],\n"
            "  \"n\": null\n}\n");
  EXPECT_EQ(say({"incident", "show", "INC-1", "-o", "yaml", "--url", server.url()}).out,
            "id: INC-1\na: []\nl:\n  - 1\n  - k: \"yes\"\n    m:\n      x: 1\n\"n\": null\n");
}

TEST(IncidentActions, PostTheNoteForEveryIdGiven) {
  Loopback server({{200, kIncident}, {200, kIncident}});
  const Said said =
      say({"incident", "ack", "INC-42", "inc-43", "--note", "on \"it\"", "--url", server.url()});
  EXPECT_EQ(said.code, 0);
  EXPECT_EQ(said.out,
            "INC-42 is triggered: HighErrorRate on checkout\nINC-42 is triggered: HighErrorRate on "
            "checkout\n");
  ASSERT_EQ(server.requests().size(), 2U);
  EXPECT_TRUE(server.requests()[0].starts_with("POST /v1/incidents/INC-42/ack "));
  EXPECT_TRUE(server.requests()[1].starts_with("POST /v1/incidents/INC-43/ack "));
  EXPECT_TRUE(server.requests()[0].ends_with("\r\n\r\n{\"note\":\"on \\\"it\\\"\"}"))
      << server.requests()[0];
}

TEST(IncidentActions, HaveARouteEach) {
  for (const std::string verb : {"ack", "unack", "resolve", "reopen"}) {
    Loopback server({{200, kIncident}});
    EXPECT_EQ(say({"incident", verb, "42", "--url", server.url()}).code, 0);
    EXPECT_TRUE(server.requests()[0].starts_with("POST /v1/incidents/INC-42/" + verb + " "));
    EXPECT_TRUE(server.requests()[0].ends_with("\r\n\r\n{}"));
  }
  Loopback server({{200, kIncident}});
  EXPECT_EQ(say({"incident", "note", "42", "some text", "--url", server.url()}).code, 0);
  EXPECT_TRUE(server.requests()[0].ends_with("\r\n\r\n{\"text\":\"some text\"}"));
}

TEST(IncidentActions, GoOnAfterARefusalAndFailAtTheEnd) {
  Loopback server(
      {{409, R"({"title":"Conflict","status":409,"detail":"INC-1 is closed"})"}, {200, kIncident}});
  const Said said = say({"incident", "ack", "1", "42", "--url", server.url()});
  EXPECT_EQ(said.code, 1);
  EXPECT_EQ(said.err, "tocsin: INC-1 is closed\n");
  EXPECT_NE(said.out.find("INC-42 is triggered"), std::string::npos);
}

TEST(Errors, NameTheNextStep) {
  struct Case {
    int status;
    const char* body;
    const char* err;
  };
  constexpr Case kCases[] = {
      {404, R"({"detail":"there is no INC-9"})",
       "tocsin: there is no INC-9\n  see what there is with: tocsin incident list --all\n"},
      {401, R"({"title":"Unauthorized"})",
       "tocsin: Unauthorized\n  give a token with --token-file or TOCSIN_TOKEN_FILE\n"},
      {200, "<html>", "is it Tocsin that listens there?\n"},
      {302, "", "answered 302"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.status);
    Loopback server({{c.status, c.body}});
    const Said said = say({"incident", "show", "9", "--url", server.url()});
    EXPECT_EQ(said.code, 1);
    EXPECT_TRUE(said.out.empty());
    EXPECT_NE(said.err.find(c.err), std::string::npos) << said.err;
  }
}

TEST(Errors, SayThatNobodyListens) {
  std::string url;
  {
    Loopback gone({});
    url = gone.url();
  }
  const Said said = say({"alert", "list", "--url", url});
  EXPECT_EQ(said.code, 1);
  EXPECT_EQ(said.err, "tocsin: cannot reach " + url + " (connection refused)\n" +
                          "  is the daemon running? try: tocsin serve; another address goes with "
                          "--url or TOCSIN_URL\n");
}

TEST(Remote, AFlagWinsOverTheEnvironmentForEveryVerb) {
  ::setenv("TOCSIN_URL", "http://192.0.2.1:9", 1);
  const std::vector<std::vector<std::string>> verbs = {
      {"incident", "list"}, {"incident", "show", "1"},      {"incident", "ack", "1"},
      {"alert", "list"},    {"ingest", "rejected", "list"}, {"reload"}};
  for (std::vector<std::string> verb : verbs) {
    SCOPED_TRACE(verb[0]);
    Loopback server({{503, R"({"detail":"heard"})"}});
    verb.insert(verb.end(), {"--url", server.url()});
    EXPECT_NE(say(verb).err.find("heard"), std::string::npos);
  }
  Loopback server({{503, R"({"detail":"heard"})"}});
  ::setenv("TOCSIN_URL", server.url().c_str(), 1);
  EXPECT_NE(say({"alert", "list"}).err.find("heard"), std::string::npos);
  ::unsetenv("TOCSIN_URL");
}

TEST(AlertList, IsATable) {
  Loopback server({{200, R"({"alerts":[
      {"state":"resolved","received_at":"2026-11-23T02:18:00.000Z","incident":null,"source":"prometheus",
       "labels":{"alertname":"DiskWillFill","instance":"db1:9100"}}],"next":null})"}});
  const Said said = say(
      {"alert", "list", "--state", "resolved", "--source", "prometheus", "--url", server.url()});
  EXPECT_EQ(said.out,
            "STATE     AGE  INCIDENT  SOURCE      ALERT         LABELS\n"
            "resolved  2h             prometheus  DiskWillFill  instance=db1:9100\n");
  EXPECT_TRUE(server.requests()[0].starts_with(
      "GET /v1/alerts?state=resolved&source=prometheus&limit=100 "));
}

TEST(Usage, WrongFlagsVerbsAndIdsExitWithTwo) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"incident"},
      {"dance"},
      {"incident", "list", "--colour"},
      {"incident", "list", "-o", "xml"},
      {"incident", "list", "--limit", "0"},
      {"incident", "list", "--all", "--state", "closed"},
      {"incident", "show"},
      {"incident", "show", "INC-x"},
      {"incident", "ack", "../../metrics"},
      {"incident", "note", "42"},
      {"alert", "list", "--state", "odd"},
  };
  for (const auto& words : wrong) {
    const Said said = say(words);
    EXPECT_EQ(said.code, 2) << testing::PrintToString(words);
    EXPECT_FALSE(said.err.empty()) << testing::PrintToString(words);
  }
}

TEST(Usage, HelpAndVersionExitWithZero) {
  EXPECT_EQ(say({"--help"}).code, 0);
  EXPECT_EQ(say({"incident", "ack", "--help"}).code, 0);
  EXPECT_EQ(say({"version"}).out, "tocsin " + std::string(kVersion) + "\n");
}

TEST(Serve, GetsItsFileAndGivesItsCodeBack) {
  const Said said = say({"serve", "--config", "/etc/x.yaml"});
  EXPECT_EQ(said.code, 78);
  EXPECT_EQ(said.out, "serving /etc/x.yaml\n");
}

TEST(Version, IsTheOneOfTheBuildFile) {
  std::ifstream in(std::filesystem::path(TOCSIN_SOURCE_DIR) / "CMakeLists.txt");
  const std::string cmake{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  EXPECT_NE(cmake.find("project(tocsin VERSION " + std::string(kVersion) + " "), std::string::npos);
}

class TokenFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "tocsin-cli-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ / "token";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& text, mode_t mode) {
    std::ofstream(path_) << text;
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
  }
  std::filesystem::path folder_, path_;
};

TEST_F(TokenFile, GoesIntoTheAuthorizationHeader) {
  write("s3cret\n", 0600);
  Loopback server({{200, kIncident}});
  EXPECT_EQ(say({"incident", "show", "42", "--token-file", path_, "--url", server.url()}).code, 0);
  EXPECT_NE(server.requests()[0].find("\r\nAuthorization: Bearer s3cret\r\n"), std::string::npos);
}

TEST_F(TokenFile, IsRefusedWhenOthersMayReadItOrItHoldsNoToken) {
  for (const auto& [text, mode] :
       {std::pair{"s3cret", mode_t{0644}}, {"", mode_t{0600}}, {"a\nb", mode_t{0600}}}) {
    write(text, mode);
    const Said said =
        say({"incident", "show", "42", "--token-file", path_, "--url", "http://127.0.0.1:1"});
    EXPECT_EQ(said.code, 1);
    EXPECT_NE(said.err.find("token file"), std::string::npos) << said.err;
    EXPECT_EQ(said.err.find("s3cret"), std::string::npos);
  }
}

TEST(Url, IsRefusedWithCredentialsOrWithoutScheme) {
  const Said with = say({"incident", "list", "--url", "http://ana:geheim@127.0.0.1:1"});
  EXPECT_EQ(with.code, 1);
  EXPECT_EQ(with.err.find("geheim"), std::string::npos) << with.err;
  const Said without = say({"incident", "list", "--url", "127.0.0.1:9911"});
  EXPECT_EQ(
      without.err,
      "tocsin: --url 127.0.0.1:9911 is no http address\n  try: --url http://127.0.0.1:9911\n");
}

}  // namespace
}  // namespace tocsin::cli
