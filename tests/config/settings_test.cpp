#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <string>

#include "config_world.h"
#include "tocsin/config/config.h"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

Settings good(const std::string& text) {
  SettingsResult result = parse_settings(text, "tocsin.yaml", "/etc/tocsin/config");
  EXPECT_EQ(text_of(result.diagnostics), "");
  return std::move(result.settings);
}

std::string sources_of(const Settings& settings) {
  std::string out;
  for (const triage::Source& source : settings.sources) {
    out += source.name + "/" + source.kind + "/" +
           (source.resolve_timeout ? format_duration(*source.resolve_timeout) : "never") + " ";
  }
  return out;
}

TEST(Settings, AnEmptyFileHasEveryDefault) {
  for (const std::string text : {"", "# only a comment\n", "\xEF\xBB\xBF", "{}\n", "---\n"}) {
    SCOPED_TRACE(text);
    const Settings settings = good(text);
    EXPECT_EQ(settings.listen.host, "127.0.0.1");
    EXPECT_EQ(settings.listen.port, 9911);
    EXPECT_EQ(settings.external_url, "http://127.0.0.1:9911");
    EXPECT_FALSE(settings.insecure);
    EXPECT_EQ(settings.storage_path, "var");
    EXPECT_EQ(settings.min_free, 512ULL << 20);
    EXPECT_EQ(settings.keep_events, 24h * 30);
    EXPECT_EQ(settings.keep_incidents, 24h * 400);
    EXPECT_EQ(settings.rules, std::vector<std::string>{"/etc/tocsin/rules"});
    EXPECT_EQ(sources_of(settings), "alertmanager-api/alertmanager-api/5m tocsin/internal/never ");
    ASSERT_EQ(settings.channels.size(), 1u);
    EXPECT_EQ(settings.channels[0].name, "log");
    EXPECT_EQ(settings.fallback, std::vector<std::string>{"log"});
    EXPECT_EQ(settings.limits.body, 32ULL << 20);
    EXPECT_EQ(settings.limits.active_alerts, 2'000'000u);
  }
}

TEST(Settings, EveryKeyIsRead) {
  const Settings settings = good(R"(
listen: "[::1]:0"
external_url: https://tocsin.example.net/alerts/
insecure: true
storage:
  kind: sqlite
  path: /srv/tocsin/./store
  min_free: 1GiB
  retention: {events: 7d, incidents: 1y}
rules: [../rules, /srv/more-rules/, ../rules]
sources:
  - {name: prom-eu, kind: alertmanager-api, identity_ignore: [replica, prometheus], resolve_timeout: 10m}
  - {name: prom-us, kind: alertmanager-api, identity_ignore: [replica], resolve_timeout: never}
channels:
  - {name: lines, kind: log}
fallback: [channel:lines, channel:log, channel:lines]
limits: {body: 1MiB, bodies_in_flight: 2097152, labels: 64, label_value: 4KiB, active_alerts: 1000}
)");
  EXPECT_EQ(settings.listen.host, "::1");
  EXPECT_EQ(settings.listen.port, 0);
  EXPECT_EQ(settings.external_url, "https://tocsin.example.net/alerts");
  EXPECT_TRUE(settings.insecure);
  EXPECT_EQ(settings.storage_path, "/srv/tocsin/store");
  EXPECT_EQ(settings.min_free, 1ULL << 30);
  EXPECT_EQ(settings.keep_events, 24h * 7);
  EXPECT_EQ(settings.keep_incidents, 24h * 365);
  EXPECT_EQ(settings.rules, (std::vector<std::string>{"/etc/tocsin/rules", "/srv/more-rules/"}));
  EXPECT_EQ(sources_of(settings),
            "prom-eu/alertmanager-api/10m prom-us/alertmanager-api/never "
            "alertmanager-api/alertmanager-api/5m tocsin/internal/never ");
  EXPECT_EQ(settings.identity_ignore, (std::vector<std::string>{"prometheus", "replica"}));
  EXPECT_EQ(settings.fallback, (std::vector<std::string>{"lines", "log"}));
  EXPECT_EQ(settings.fallback_at.line, 16);
  EXPECT_EQ(settings.limits.body, 1ULL << 20);
  EXPECT_EQ(settings.limits.bodies_in_flight, 2ULL << 20);
  EXPECT_EQ(settings.limits.labels, 64u);
  EXPECT_EQ(settings.limits.label_value, 4096u);
  EXPECT_EQ(settings.limits.active_alerts, 1000u);
}

TEST(Settings, TheBuiltInSourceMayBeReplacedByOneOfItsName) {
  const Settings settings =
      good("sources: [{name: alertmanager-api, kind: alertmanager-api, resolve_timeout: 1h}]\n");
  EXPECT_EQ(sources_of(settings), "alertmanager-api/alertmanager-api/1h tocsin/internal/never ");
}

TEST(Settings, ListeningBeyondLoopbackNeedsInsecureInPlainSight) {
  struct Case {
    const char* listen;
    bool allowed;
  };
  for (const Case& c :
       {Case{"127.0.0.1:1", true}, Case{"127.9.9.9:1", true}, Case{"localhost:1", true},
        Case{"'[::1]:1'", true}, Case{"'[::ffff:127.0.0.1]:1'", true}, Case{"0.0.0.0:1", false},
        Case{"'[::]:1'", false}, Case{"192.0.2.1:1", false}, Case{"128.0.0.1:1", false},
        Case{"'[::ffff:192.0.2.1]:1'", false}}) {
    SCOPED_TRACE(c.listen);
    const std::string line = "listen: " + std::string(c.listen) + "\n";
    const auto alone = parse_settings(line, "tocsin.yaml", "/etc");
    EXPECT_EQ(has_errors(alone.diagnostics), !c.allowed);
    const auto insecure = parse_settings(line + "insecure: true\n", "tocsin.yaml", "/etc");
    EXPECT_FALSE(has_errors(insecure.diagnostics)) << text_of(insecure.diagnostics);
  }
}

TEST(Settings, TheDefaultUrlNeverPointsAtEveryAddress) {
  const Settings settings = good("{listen: 0.0.0.0:99, insecure: true}");
  EXPECT_EQ(settings.external_url.find("0.0.0.0"), std::string::npos);
  EXPECT_TRUE(settings.external_url.ends_with(":99")) << settings.external_url;
  EXPECT_EQ(good("listen: '[::1]:99'").external_url, "http://[::1]:99");
}

TEST(Settings, ARelativeStoreLiesInTheStateDirectory) {
  const Environment state("STATE_DIRECTORY", "/var/lib/tocsin:/var/lib/other");
  EXPECT_EQ(good("").storage_path, "/var/lib/tocsin/var");
  EXPECT_EQ(good("storage: {path: /srv/store}").storage_path, "/srv/store");
}

TEST(Settings, AreFilledAsFarAsTheyCouldBeRead) {
  const SettingsResult result = parse_settings(
      "listen: nowhere\nlimits: {labels: 7, body: x}\nchannels: [{name: hook, kind: webhook}]\n"
      "fallback: [channel:hook]\n",
      "tocsin.yaml", "/etc");
  EXPECT_EQ(result.settings.limits.labels, 7u);
  EXPECT_EQ(result.settings.limits.body, 32ULL << 20);
  EXPECT_EQ(result.settings.fallback, std::vector<std::string>{"hook"})
      << "a channel with a mistake is known by name, or each use would be a mistake more";
}

TEST(Settings, AMissingFileIsAnErrorThatSaysWhy) {
  const SettingsResult result = read_settings("/nonexistent/tocsin.yaml");
  EXPECT_EQ(text_of(result.diagnostics),
            "/nonexistent/tocsin.yaml: error: the file cannot be read: No such file or directory; "
            "name another one with --config\n");
}

TEST(StorageSettings, AreReadFromAFileWithAnyMistakeElsewhere) {
  const TemporaryFolder folder;
  folder.write("tocsin.yaml",
               "listne: 1\nauth: {tokens: [{name: ana, token_file: no-such-file, scopes: [x]}]}\n"
               "storage: {path: /srv/store, min_free: 1GiB, retention: {events: 7d}}\n");
  const SettingsResult result = read_storage_settings(folder / "tocsin.yaml");
  EXPECT_EQ(text_of(result.diagnostics), "");
  EXPECT_EQ(result.settings.storage_path, "/srv/store");
  EXPECT_EQ(result.settings.min_free, 1ULL << 30);
  EXPECT_EQ(result.settings.keep_events, 24h * 7);
  EXPECT_TRUE(result.settings.auth.tokens.empty());
}

TEST(StorageSettings, HaveTheSameDefaultAndTheSameStateDirectory) {
  const TemporaryFolder folder;
  folder.write("tocsin.yaml", "listne: 1\n");
  EXPECT_EQ(read_storage_settings(folder / "tocsin.yaml").settings.storage_path, "var");
  const Environment state("STATE_DIRECTORY", "/var/lib/tocsin");
  EXPECT_EQ(read_storage_settings(folder / "tocsin.yaml").settings.storage_path,
            "/var/lib/tocsin/var");
}

TEST(StorageSettings, WithAMistakeOfTheirOwnOrInNoYamlAreAnError) {
  const TemporaryFolder folder;
  const auto told = [&](const std::string& text) {
    folder.write("tocsin.yaml", text);
    return text_of(read_storage_settings(folder / "tocsin.yaml").diagnostics);
  };
  EXPECT_NE(told("storage: {pth: /srv}\n").find(":1:11: error: unknown key \"pth\" in storage"),
            std::string::npos)
      << told("storage: {pth: /srv}\n");
  EXPECT_NE(told("storage: /srv\n").find(":1:10: error: storage: "), std::string::npos)
      << told("storage: /srv\n");
  for (const char* text : {"storage: {path: /srv\n", "[storage]\n", "a: 1\na: 2\n"}) {
    EXPECT_NE(told(text).find("error: "), std::string::npos) << text;
  }
  EXPECT_NE(text_of(read_storage_settings("/nonexistent/tocsin.yaml").diagnostics)
                .find("the file cannot be read"),
            std::string::npos);
}

}  // namespace
}  // namespace tocsin::config
