// `tocsin explain`: golden files, and what it says no to.
#include "cli/explain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

#include "cli/loopback.h"
#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

namespace fs = std::filesystem;

const fs::path& golden() {
  static const fs::path kFolder = fs::path(TOCSIN_SOURCE_DIR) / "tests/golden/explain";
  return kFolder;
}

std::string read_all(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Said {
  int code = 0;
  std::string out, err;
};

Said say(std::vector<std::string> words, const std::string& input = "") {
  std::ostringstream out;
  std::ostringstream err;
  std::istringstream in(input);
  Terminal terminal{out, err, false, *parse_rfc3339("2026-11-23T04:30:00Z"), false, &in};
  words.insert(words.begin(), {"tocsin", "explain"});
  std::vector<const char*> argv;
  for (const std::string& word : words) argv.push_back(word.c_str());
  Said said;
  said.code = run_verb(
      static_cast<int>(argv.size()), argv.data(), [](const ServeOptions&) { return 0; }, terminal);
  said.out = out.str();
  said.err = err.str();
  return said;
}

/// A folder of rules, gone afterwards.
class Rules {
 public:
  /// What stands below a line `# file: NAME` goes into that file.
  explicit Rules(const std::string& text) {
    std::string pattern = ::testing::TempDir() + "tocsin-explain-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    std::string name = "rules.yaml";
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("# file: ")) name = line.substr(8);
      fs::create_directories((path() / name).parent_path());
      std::ofstream(path() / name, std::ios::app) << line << '\n';
    }
  }
  Rules(const Rules&) = delete;
  Rules& operator=(const Rules&) = delete;
  ~Rules() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  fs::path path() const { return folder_ / "rules"; }

 private:
  fs::path folder_;
};

Said explain(const Rules& rules, std::vector<std::string> words, const std::string& input = "") {
  words.insert(words.end(),
               {"--config", (golden() / "tocsin.yaml").string(), "--rules", rules.path().string()});
  return say(std::move(words), input);
}

/// The lines behind `# $ ` and `# < `.
struct Case {
  std::vector<std::string> words;
  std::string input;
};
Case case_of(const std::string& text) {
  Case out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# < ")) out.input += line.substr(4) + "\n";
    if (!line.starts_with("# $ ")) continue;
    std::istringstream words(line.substr(4));
    out.words.assign(std::istream_iterator<std::string>(words), {});
  }
  return out;
}

class Explained : public ::testing::TestWithParam<fs::path> {};

// TOCSIN_UPDATE_GOLDEN=1 writes the file instead.
TEST_P(Explained, IsAsExpected) {
  const std::string text = read_all(GetParam());
  const Case asked = case_of(text);
  const Said said = explain(Rules(text), asked.words, asked.input);
  const std::string actual = said.out + (said.err.empty() ? "" : "\n" + said.err);
  const fs::path expected = fs::path(GetParam()).replace_extension(".txt");
  if (std::getenv("TOCSIN_UPDATE_GOLDEN") != nullptr) std::ofstream(expected) << actual;
  EXPECT_EQ(actual, read_all(expected));
}

std::vector<fs::path> cases() {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(golden())) {
    const fs::path& path = entry.path();
    if (path.extension() == ".yaml" && path.filename() != "tocsin.yaml") out.push_back(path);
  }
  std::ranges::sort(out);
  return out;
}

INSTANTIATE_TEST_SUITE_P(Golden, Explained, ::testing::ValuesIn(cases()), [](const auto& one) {
  std::string name = one.param.stem().string();
  std::ranges::replace(name, '-', '_');
  return name;
});

constexpr const char* kPlain = "severity: {default: SEV-3}\n";

TEST(Explain, ExplainsAHundredOfTenThousandAlerts) {
  std::string body = "[";
  for (int i = 0; i < 10'000; ++i) {
    if (i > 0) body += ',';
    body += R"({"labels":{"alertname":"A","n":")" + std::to_string(i) + "\"}}";
  }
  const Said said = explain(Rules(kPlain), {"-o", "json"}, body + "]");
  EXPECT_EQ(said.code, 0) << said.err;
  const auto document = boost::json::parse(said.out);
  EXPECT_EQ(document.at("explanations").as_array().size(), 100u);
  EXPECT_EQ(document.at("omitted").as_int64(), 9'900);
}

TEST(Explain, HugeValuesMakeNoHugeExplanation) {
  const std::string value(16'000, 'v');
  std::string body = "[";
  for (int i = 0; i < 100; ++i) {
    if (i > 0) body += ',';
    body += R"({"labels":{"alertname":")" + std::to_string(i) + "\"";
    for (int j = 0; j < 100; ++j) body += ",\"l" + std::to_string(j) + "\":\"" + value + "\"";
    body += "}}";
    if (body.size() > 25'000'000) break;
  }
  const Said said = explain(Rules(kPlain), {"-o", "json"}, body + "]");
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_LT(said.out.size(), 20'000'000u);
}

TEST(Explain, WrongUsageIsToldWithWhatWouldBeRight) {
  const Rules rules(kPlain);
  EXPECT_EQ(explain(rules, {"-s", "nobody", "alertname=A"}).code, 2);
  EXPECT_NE(explain(rules, {"-s", "nobody", "alertname=A"}).err.find("prometheus"),
            std::string::npos);
  EXPECT_EQ(explain(rules, {"a=1", "a=2"}).code, 1);
  EXPECT_NE(explain(rules, {"a=1", "a=2"}).err.find("given twice"), std::string::npos);
  EXPECT_EQ(explain(rules, {"=1"}).code, 1);
  EXPECT_EQ(explain(rules, {"--limit", "0", "alertname=A"}).code, 2);
  EXPECT_EQ(explain(rules, {"--near", "101", "alertname=A"}).code, 2);
  EXPECT_EQ(explain(rules, {}, "[{").code, 1);
  EXPECT_EQ(explain(rules, {"INC-42"}).code, 2) << "the rules of a folder say nothing of it";
  EXPECT_EQ(explain(Rules("severity: {default: SEV-9}\n"), {"alertname=A"}).code, 1);
}

/// What the words make of the alert, as JSON.
boost::json::value alert_of(std::vector<std::string> words) {
  const Rules rules(kPlain);
  words.insert(words.end(), {"-o", "json"});
  const Said said = explain(rules, words);
  EXPECT_EQ(said.code, 0) << said.err;
  return boost::json::parse(said.out).at("explanations").at(0).at("alert");
}

TEST(Explain, LabelsMayBeWrittenAsASelectorOfEqualities) {
  const boost::json::value expected = {{"alertname", "A"}, {"b", "c \"d\""}};
  EXPECT_EQ(alert_of({R"({alertname="A", b="c \"d\""})"}).at("labels"), expected);
  EXPECT_EQ(alert_of({R"(alertname="A",b="c \"d\"")"}).at("labels"), expected);
  EXPECT_EQ(alert_of({"A", R"(b="c \"d\"")"}).at("labels"), expected);
  EXPECT_EQ(alert_of({"CPU is > 5"}).at("labels"),
            (boost::json::value{{"alertname", "CPU is > 5"}}));
  EXPECT_EQ(alert_of({"A", "path=\"~/x\"", "q=a=b"}).at("labels"),
            (boost::json::value{{"alertname", "A"}, {"path", "~/x"}, {"q", "a=b"}}));
}

TEST(Explain, AnnotationsAreNamedAsInMatchers) {
  const auto alert = alert_of({"A", "annotations.summary=low", R"({annotations.more="a b"})",
                               R"("annotations.x"="label")"});
  EXPECT_EQ(alert.at("annotations"), (boost::json::value{{"summary", "low"}, {"more", "a b"}}));
  EXPECT_EQ(alert.at("labels").at("annotations.x"), "label");
}

TEST(Explain, WhatTestsALabelIsNoLabel) {
  const Rules rules(kPlain);
  for (const char* word : {"x=~\"foo\"", "x=~foo", "x!=foo", "x!=\"foo\"", "x!~\"foo\"", "cpu>=5",
                           "cpu > 5", "x in (\"a\")", "{x=~\"foo\"}", "{alertname}", "{cpu > 5}"}) {
    const Said said = explain(rules, {word});
    EXPECT_EQ(said.code, 1) << word;
    EXPECT_EQ(said.out, "") << word;
    EXPECT_NE(said.err.find("tests a label"), said.err.npos) << word << ": " << said.err;
    EXPECT_NE(said.err.find("labels are written like"), said.err.npos) << said.err;
  }
  const auto refusal = [&](const char* word) { return explain(rules, {word}).err; };
  EXPECT_EQ(refusal("alertname="),
            "tocsin: \"alertname=\": alertname has no value\n"
            "  leave it out: an empty label is none\n");
  EXPECT_NE(refusal("{a=\"\"}").find("a has no value"), std::string::npos);
  EXPECT_NE(refusal("{a=\"1\", a=\"2\"}").find("a is given twice"), std::string::npos);
  EXPECT_NE(refusal("{a=\"1\"").find("tocsin: \"{a=\"1\"\": "), std::string::npos);
  EXPECT_NE(refusal("meta.source=\"x\"").find("--source"), std::string::npos);
}

TEST(Explain, ABodyOfAnotherKindOfSourceIsToldToNameIt) {
  const std::string webhook = R"({"version":"4","alerts":[{"labels":{"alertname":"A"}}]})";
  const Said said = explain(Rules(kPlain), {}, webhook);
  EXPECT_EQ(said.code, 1);
  EXPECT_NE(said.err.find("name its source: --source NAME"), said.err.npos) << said.err;
  EXPECT_EQ(explain(Rules(kPlain), {}, "[{").err.find("--source"), std::string::npos);
  Loopback daemon({{400, R"({"detail":"the body cannot be read"})"}});
  const Said refused = say({"--url", daemon.url()}, webhook);
  EXPECT_NE(refused.err.find("--source NAME"), refused.err.npos) << refused.err;
}

TEST(Explain, TheDaemonIsAskedForIncidentsAndFingerprints) {
  const Loopback::Answer none{200, R"({"explanations":[],"omitted":0,"refused":0})"};
  Loopback daemon({none, none, none});
  EXPECT_EQ(say({"INC-42", "--url", daemon.url()}).out, "no alerts\n");
  EXPECT_EQ(say({"0123456789abcdef", "--near", "3", "--url", daemon.url()}).code, 0);
  EXPECT_EQ(say({"alertname=A", "--source", "prom eu", "--url", daemon.url()}).code, 0);
  const std::vector<std::string> asked = daemon.requests();
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_TRUE(asked[0].starts_with("GET /v1/explain?limit=5&incident=INC-42 ")) << asked[0];
  EXPECT_TRUE(asked[1].starts_with("GET /v1/explain?near=3&fingerprint=0123456789abcdef "));
  EXPECT_TRUE(asked[2].starts_with("POST /v1/explain?source=prom%20eu "));
  EXPECT_TRUE(asked[2].ends_with(R"([{"labels":{"alertname":"A"}}])")) << asked[2];
}

}  // namespace
}  // namespace tocsin::cli
