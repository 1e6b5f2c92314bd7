// `tocsin test`: where rules and cases come from, and each way to print what came of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRules = R"(
services: {checkout: {tier: 0, runbook: https://runbooks.example.net/checkout}}
correlation: [{name: same-service, by: [service]}]
severity:
  criteria: [{name: outage, severity: SEV-1, when: ['impact="outage"']}]
)";
constexpr const char* kGood = R"(tests:
  - name: an outage is a SEV-1
    steps: [{fire: {alertname: Down, service: checkout, impact: outage}}]
    expect: [{incident: INC-1, severity: SEV-1}]
)";
constexpr const char* kBad = R"(tests:
  - name: 'a # <warning> & "so"'
    steps: [{fire: {alertname: Down, service: checkout}}]
    expect:
      - {incident: INC-1, severity: SEV-1}
      - {pages: 0}
)";

struct Said {
  int code = 0;
  std::string out, err;
};

class TestVerb : public ::testing::Test {
 protected:
  TestVerb() {
    std::string pattern = ::testing::TempDir() + "tocsin-test-XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    fs::create_directories(folder_ / "config");
    fs::create_directories(folder_ / "rules/tests");
    write("config/tocsin.yaml", "rules: [../rules]\n");
    write("rules/rules.yaml", kRules);
  }
  ~TestVerb() override { fs::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }
  Said say(std::vector<std::string> words) {
    words.insert(words.begin(), {"tocsin", "test"});
    words.insert(words.end(), {"--config", (folder_ / "config/tocsin.yaml").string()});
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    std::ostringstream out, err;
    Terminal terminal{out, err, false, Instant{}};
    const int code = run_verb(
        static_cast<int>(argv.size()), argv.data(), [](auto&) { return 70; }, terminal);
    return {code, plain(out.str()), plain(err.str())};
  }
  /// Without the folder's name.
  std::string plain(std::string text) const {
    const std::string name = folder_.string() + "/";
    for (std::size_t at = 0; (at = text.find(name, at)) != std::string::npos;) {
      text.erase(at, name.size());
    }
    return text;
  }
  fs::path folder_;
};

TEST_F(TestVerb, SaysOneLineWhenAllIsAsExpected) {
  write("rules/tests/a.yaml", kGood);
  const Said said = say({});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(said.out, "1 case in 1 file: all passed; 2 of 2 rules covered\n");
  EXPECT_EQ(said.err, "");
}

TEST_F(TestVerb, SaysALineForEachFailureWithItsPlace) {
  write("rules/tests/a.yaml", kGood);
  write("rules/tests/b.yaml", kBad);
  const Said said = say({"-v"});
  EXPECT_EQ(said.code, 1);
  EXPECT_EQ(
      said.out,
      "passed  rules/tests/a.yaml:2  an outage is a SEV-1\n"
      "rules/tests/b.yaml:5:37: a # <warning> & \"so\": expected that at 0s INC-1 has severity "
      "SEV-1, but it has SEV-3 (by default)\n"
      "rules/tests/b.yaml:6:9: a # <warning> & \"so\": expected that until 0s pages number 0, "
      "but 1: at 0s log triggered INC-1 (step 1, round 1)\n"
      "2 cases in 2 files: 1 failed; 2 of 2 rules covered\n");
}

TEST_F(TestVerb, RunsTheFilesAndFoldersNamed) {
  write("rules/tests/a.yaml", kGood);
  write("rules/tests/b.yaml", kBad);
  EXPECT_EQ(say({(folder_ / "rules/tests/a.yaml").string()}).code, 0);
  EXPECT_EQ(say({(folder_ / "rules/tests").string()}).code, 1);
}

TEST_F(TestVerb, TakesRulesFromAnotherFolder) {
  write("rules/tests/b.yaml", kBad);
  fs::create_directories(folder_ / "others");
  write("others/rules.yaml", "severity: {default: SEV-1}\n");
  write("one.yaml",
        "tests:\n- {name: a, steps: [{fire: {a: b}}], expect: [{alert: {}, severity: SEV-1}]}\n");
  const Said said =
      say({"--rules", (folder_ / "others").string(), (folder_ / "one.yaml").string()});
  EXPECT_EQ(said.out, "1 case in 1 file: all passed; 0 of 0 rules covered\n") << said.err;
  EXPECT_EQ(said.code, 0);
}

TEST_F(TestVerb, SaysWhichRulesNoCaseReaches) {
  write("rules/tests/b.yaml",
        "tests:\n- {name: a, steps: [{fire: {a: b}}], expect: [{pages: 1}]}\n");
  EXPECT_EQ(say({}).code, 0);
  const Said said = say({"--coverage", "--require-coverage", "50"});
  EXPECT_EQ(said.code, 1);
  EXPECT_EQ(said.out,
            "DECIDED  MATCHED  RULE          LIST               PLACE\n"
            "0        0        outage        severity.criteria  rules/rules.yaml:5\n"
            "0        0        same-service  correlation        rules/rules.yaml:3\n"
            "1 case in 1 file: all passed; 0 of 2 rules covered\n"
            "rules/rules.yaml:5: \"outage\" of severity.criteria decides nothing in any case\n"
            "rules/rules.yaml:3: \"same-service\" of correlation decides nothing in any case\n");
}

TEST_F(TestVerb, SpeaksTap) {
  write("rules/tests/a.yaml", kGood);
  write("rules/tests/b.yaml", kBad);
  const Said said = say({"-o", "tap"});
  EXPECT_EQ(said.code, 1);
  EXPECT_EQ(said.out,
            "TAP version 14\n"
            "1..2\n"
            "ok 1 - an outage is a SEV-1\n"
            "not ok 2 - a \\# <warning> & \"so\"\n"
            "  ---\n"
            "  at: \"rules/tests/b.yaml:2:5\"\n"
            "  failures:\n"
            "    - at: \"rules/tests/b.yaml:5:37\"\n"
            "      expected: \"at 0s INC-1 has severity SEV-1\"\n"
            "      happened: \"it has SEV-3 (by default)\"\n"
            "    - at: \"rules/tests/b.yaml:6:9\"\n"
            "      expected: \"until 0s pages number 0\"\n"
            "      happened: \"1: at 0s log triggered INC-1 (step 1, round 1)\"\n"
            "  ...\n"
            "# 2 cases in 2 files: 1 failed; 2 of 2 rules covered\n");
}

TEST_F(TestVerb, WritesJUnit) {
  write("rules/tests/a.yaml", kGood);
  write("rules/tests/b.yaml", kBad);
  const Said said = say({"-o", "junit"});
  EXPECT_EQ(said.code, 1);
  const std::string first =
      "expected that at 0s INC-1 has severity SEV-1, but it has SEV-3 (by default)";
  EXPECT_EQ(said.out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuites name=\"tocsin test\" tests=\"2\" failures=\"1\" errors=\"0\">\n"
            "  <testsuite name=\"rules/tests/a.yaml\" tests=\"1\" failures=\"0\" errors=\"0\">\n"
            "    <testcase name=\"an outage is a SEV-1\" classname=\"rules/tests/a.yaml\" "
            "file=\"rules/tests/a.yaml\" line=\"2\"/>\n"
            "  </testsuite>\n"
            "  <testsuite name=\"rules/tests/b.yaml\" tests=\"1\" failures=\"1\" errors=\"0\">\n"
            "    <testcase name=\"a # &lt;warning&gt; &amp; &quot;so&quot;\" "
            "classname=\"rules/tests/b.yaml\" file=\"rules/tests/b.yaml\" line=\"2\">\n"
            "      <failure message=\"" +
                first + "\">rules/tests/b.yaml:5:37: " + first +
                "\n"
                "rules/tests/b.yaml:6:9: expected that until 0s pages number 0, but 1: at 0s log "
                "triggered "
                "INC-1 (step 1, round 1)\n"
                "</failure>\n"
                "    </testcase>\n"
                "  </testsuite>\n"
                "</testsuites>\n");
}

TEST_F(TestVerb, GivesJsonForPrograms) {
  write("rules/tests/b.yaml", kBad);
  const Said said = say({"-o", "json", "--require-coverage", "100"});
  EXPECT_EQ(said.code, 1);
  for (const char* part :
       {"\"passed\": false", "\"expected\": \"at 0s INC-1 has severity SEV-1\"",
        "\"happened\": \"it has SEV-3 (by default)\"", "\"failed\": 1", "\"covered\": 1",
        "\"list\": \"correlation\"", "\"decided\": 1", "\"column\": 37"}) {
    EXPECT_NE(said.out.find(part), std::string::npos) << part << " in\n" << said.out;
  }
  EXPECT_EQ(said.err,
            "rules/rules.yaml:5: \"outage\" of severity.criteria decides nothing in any case\n");
}

TEST_F(TestVerb, MistakesInRulesAndCasesAreToldWithTheirPlace) {
  write("rules/tests/a.yaml", kGood);
  write("rules/rules.yaml", "severity: {default: SEV-9}\n");
  Said said = say({});
  EXPECT_EQ(said.code, 1);
  EXPECT_EQ(said.out, "");
  EXPECT_TRUE(said.err.starts_with("rules/rules.yaml:1:21: error: ")) << said.err;
  write("rules/rules.yaml", kRules);
  write("rules/tests/a.yaml",
        "tests:\n- {name: a, steps: [{fire: {a: b}}], expect: [{page: lgo}]}\n");
  said = say({});
  EXPECT_EQ(said.code, 1);
  EXPECT_EQ(said.err,
            "rules/tests/a.yaml:2:54: error: nothing defines the channel \"lgo\"; did you mean "
            "\"log\"?\n");
  write("rules/tests/a.yaml", "tests:\n- {name: a}\n");
  EXPECT_TRUE(say({}).err.starts_with("rules/tests/a.yaml:2:3: error: ")) << say({}).err;
}

constexpr const char* kBroken = R"(tests:
  - name: a
    steps: [{fire: {a: b}}, {channel: lgo, answers: refused}, {channel: [], answers: refused}]
    expect: [{pages: many}, {alert: {a: b}, by: {severity: outgae}}]
)";
constexpr const char* kErrors =
    "rules/tests/c.yaml:3:39: error: nothing defines the channel \"lgo\"; did you mean \"log\"?\n";

TEST_F(TestVerb, ABrokenFileOfCasesStopsNoOther) {
  write("rules/tests/b.yaml", kGood);
  write("rules/tests/c.yaml", kBroken);
  write("rules/tests/d.yaml", kBad);
  const Said said = say({"--require-coverage", "100"});
  EXPECT_EQ(said.code, 1);
  EXPECT_TRUE(
      said.out.ends_with("2 cases in 2 files: 1 failed; 1 more file with errors did not run; "
                         "2 of 2 rules covered\n"))
      << said.out;
  // Names that nothing defines and other mistakes at once, in the order of the file.
  EXPECT_TRUE(said.err.starts_with(kErrors)) << said.err;
  EXPECT_NE(said.err.find("c.yaml:3:73: error: "), said.err.npos) << said.err;
  EXPECT_NE(said.err.find("c.yaml:4:22: error: "), said.err.npos) << said.err;
  EXPECT_NE(said.err.find("did you mean \"outage\"?"), said.err.npos) << said.err;
  EXPECT_EQ(std::ranges::count(said.err, '\n'), 4) << said.err;
}

TEST_F(TestVerb, ABrokenFileOfCasesIsAnErrorInEveryReport) {
  write("rules/tests/b.yaml", kGood);
  write("rules/tests/c.yaml", kBroken);
  Said said = say({"-o", "tap"});
  EXPECT_EQ(said.code, 1);
  EXPECT_TRUE(
      said.out.starts_with("TAP version 14\n1..2\nok 1 - an outage is a SEV-1\n"
                           "not ok 2 - rules/tests/c.yaml can be run\n  ---\n  errors:\n    "
                           "- \"rules/tests/c.yaml:3:39: error: nothing defines the channel "
                           "\\\"lgo\\\"; did you mean \\\"log\\\"?\"\n"))
      << said.out;
  said = say({"-o", "junit"});
  EXPECT_EQ(said.code, 1);
  for (const char* part :
       {"<testsuites name=\"tocsin test\" tests=\"2\" failures=\"0\" errors=\"1\">",
        "  <testsuite name=\"rules/tests/c.yaml\" tests=\"1\" failures=\"0\" errors=\"1\">\n"
        "    <testcase name=\"the cases can be run\" classname=\"rules/tests/c.yaml\" "
        "file=\"rules/tests/c.yaml\" line=\"3\">\n"
        "      <error message=\"rules/tests/c.yaml:3:39: error: nothing defines the channel "
        "&quot;lgo&quot;; did you mean &quot;log&quot;?\">"}) {
    EXPECT_NE(said.out.find(part), said.out.npos) << part << " in\n" << said.out;
  }
  said = say({"-o", "json"});
  EXPECT_EQ(said.code, 1);
  EXPECT_NE(said.out.find("\"problem\": \"nothing defines the channel \\\"lgo\\\"\""),
            said.out.npos)
      << said.out;
  EXPECT_NE(said.out.find("\"passed\": true"), said.out.npos) << said.out;
}

TEST_F(TestVerb, ErrorsInRulesAreInEveryReport) {
  write("rules/tests/a.yaml", kGood);
  write("rules/rules.yaml", "severity: {default: SEV-9}\n");
  Said said = say({"-o", "tap"});
  EXPECT_EQ(said.code, 1);
  EXPECT_TRUE(said.out.starts_with("TAP version 14\n# rules/rules.yaml:1:21: error: ")) << said.out;
  EXPECT_TRUE(said.out.ends_with("\nBail out! the rules have errors\n")) << said.out;
  said = say({"-o", "junit"});
  EXPECT_EQ(said.code, 1);
  EXPECT_NE(
      said.out.find("tests=\"1\" failures=\"0\" errors=\"1\">\n    <testcase name=\"the rules can "
                    "be used\" classname=\"rules/rules.yaml\""),
      said.out.npos)
      << said.out;
  EXPECT_TRUE(said.out.ends_with("</testsuites>\n"));
  said = say({"-o", "json"});
  EXPECT_EQ(said.code, 1);
  EXPECT_NE(said.out.find("\"line\": 1"), said.out.npos) << said.out;
}

TEST_F(TestVerb, ShowsCoverageWhereAReportHasRoomForIt) {
  write("rules/tests/a.yaml", kGood);
  EXPECT_TRUE(say({"-o", "tap", "--coverage"})
                  .out.ends_with("# DECIDED  MATCHED  RULE          LIST               PLACE\n"
                                 "# 1        1        outage        severity.criteria  "
                                 "rules/rules.yaml:5\n"
                                 "# 1        1        same-service  correlation        "
                                 "rules/rules.yaml:3\n"
                                 "# 1 case in 1 file: all passed; 2 of 2 rules covered\n"))
      << say({"-o", "tap", "--coverage"}).out;
  EXPECT_EQ(say({"-o", "junit", "--coverage"}).code, 2);
}

TEST_F(TestVerb, CasesMayLieBesideTheRulesOfAFragment) {
  fs::create_directories(folder_ / "rules/payments/tests");
  write("rules/payments/rules.yaml", "rules: [{name: own, when: [alertname], severity: SEV-2}]\n");
  write("rules/payments/tests/a.yaml",
        "tests:\n- {name: a, steps: [{fire: {alertname: b}}], expect: [{alert: {}, by: {severity: "
        "own}}]}\n");
  write("rules/tests/a.yaml", kGood);
  const Said said = say({"-v"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(said.out,
            "passed  rules/tests/a.yaml:2  an outage is a SEV-1\n"
            "passed  rules/payments/tests/a.yaml:2  a\n"
            "2 cases in 2 files: all passed; 3 of 3 rules covered\n");
}

TEST_F(TestVerb, WithoutCasesTheUsageIsWrong) {
  Said said = say({});
  EXPECT_EQ(said.code, 2);
  EXPECT_EQ(said.err,
            "tocsin: there are no cases to run\n"
            "  name a file of cases, or a folder, such as rules/tests\n");
  said = say({(folder_ / "nowhere.yaml").string()});
  EXPECT_EQ(said.code, 2);
  EXPECT_TRUE(said.err.starts_with("tocsin: there is no \"nowhere.yaml\"\n")) << said.err;
  EXPECT_EQ(say({"-o", "xml"}).code, 2);
  EXPECT_EQ(say({"--require-coverage", "101"}).code, 2);
}

}  // namespace
}  // namespace tocsin::cli
