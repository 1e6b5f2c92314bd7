// One small broken file for each mistake, with the exact text people see. A change of wording shows
// as a change of the .expected files; TOCSIN_UPDATE_GOLDEN=1 rewrites them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "config_world.h"
#include "tocsin/config/config.h"
#include "tocsin/config/test_cases.h"

namespace tocsin::config {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(TOCSIN_SOURCE_DIR) / "tests/golden/config";

/// A golden file may hold several rules files, each after a line `### name`.
std::vector<triage::PolicyFile> split(const std::string& text, const std::string& name) {
  std::vector<triage::PolicyFile> files;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = text.find('\n', at);
    end = end == std::string::npos ? text.size() : end + 1;
    const std::string line = text.substr(at, end - at);
    if (line.starts_with("### ")) {
      files.push_back({line.substr(4, line.size() - 5), ""});
    } else {
      if (files.empty()) files.push_back({name, ""});
      files.back().text += line;
    }
    at = end;
  }
  return files;
}

std::string diagnose_settings(const std::string& name, const std::string& text) {
  return text_of(parse_settings(text, name, "/nonexistent").diagnostics);
}

std::string diagnose_rules(const std::string& name, const std::string& text) {
  Settings settings = parse_settings("", "tocsin.yaml", "/nonexistent").settings;
  settings.channels.push_back({"ops-webhook", Channel::Kind::webhook, "", "", {}});
  const PolicyResult result = compile_policy(settings, split(text, name), Lint::yes);
  EXPECT_EQ(result.policy == nullptr, has_errors(result.diagnostics));
  return text_of(result.diagnostics);
}

std::string diagnose_cases(const std::string& name, const std::string& text) {
  return text_of(parse_test_cases(text, name).diagnostics);
}

using Diagnose = std::string (*)(const std::string& name, const std::string& text);

int check_folder(const std::string& folder, Diagnose diagnose) {
  int checked = 0;
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(kGolden / folder)) {
    if (entry.path().extension() == ".yaml") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  for (const fs::path& path : paths) {
    SCOPED_TRACE(path.string());
    const std::string got = diagnose(path.filename().string(), read_all(path));
    EXPECT_FALSE(got.empty()) << "the file was taken for good";
    const fs::path expected = fs::path(path).replace_extension(".expected");
    if (std::getenv("TOCSIN_UPDATE_GOLDEN") != nullptr) {
      std::ofstream(expected, std::ios::binary) << got;
    }
    EXPECT_EQ(got, read_all(expected));
    ++checked;
  }
  return checked;
}

TEST(ConfigDiagnostics, EveryMistakeInTocsinYamlIsNamedWithItsPlaceAndCure) {
  EXPECT_GE(check_folder("settings", diagnose_settings), 40);
}

TEST(ConfigDiagnostics, EveryMistakeInRulesFilesIsNamedWithItsPlaceAndCure) {
  EXPECT_GE(check_folder("rules", diagnose_rules), 100);
}

TEST(ConfigDiagnostics, EveryMistakeInCasesIsNamedWithItsPlaceAndCure) {
  EXPECT_GE(check_folder("cases", diagnose_cases), 11);
}

TEST(ConfigDiagnostics, NeverRepeatWhatASecretKeyHolds) {
  const std::string text =
      "channels:\n"
      "  - {name: a, kind: webhook, url: \"https://hooks.example.net/T0P-1\", secret: T0P-2}\n"
      "  - {name: b, kind: webhook, url_file: \"https://hooks.example.net/T0P-3\"}\n";
  const std::string got = diagnose_settings("tocsin.yaml", text);
  EXPECT_EQ(got.find("T0P"), std::string::npos) << got;
  EXPECT_NE(got.find("a secret never stands in YAML"), std::string::npos) << got;
}

TEST(ConfigDiagnostics, AreBoundedHoweverManyMistakesAFileHolds) {
  std::string text = "services:\n";
  for (int i = 0; i < 5000; ++i) text += "  s" + std::to_string(i) + ": {teem: x}\n";
  const PolicyResult result = compile_policy({}, {{"services.yaml", text}});
  EXPECT_EQ(result.policy, nullptr);
  EXPECT_LE(result.diagnostics.size(), 2002u);
}

TEST(ConfigDiagnostics, AnErrorIsSeenBehindAnyNumberOfWarnings) {
  std::string text = "services:\n";
  for (int i = 0; i < 5000; ++i) text += "  s" + std::to_string(i) + ": {tier: 1}\n";
  text += "incidents: {recovery: soon}\n";
  const PolicyResult result = compile_policy({}, {{"services.yaml", text}});
  EXPECT_EQ(result.policy, nullptr);
  EXPECT_TRUE(has_errors(result.diagnostics));
}

}  // namespace
}  // namespace tocsin::config
