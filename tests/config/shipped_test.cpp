#include <gtest/gtest.h>

#include <string>

#include "config_world.h"
#include "tocsin/config/config.h"

namespace tocsin::config {
namespace {

const std::string kShipped = std::string(TOCSIN_SOURCE_DIR) + "/config/tocsin.yaml";

TEST(ShippedFiles, LoadWithoutASingleMistake) {
  const Loaded loaded = load(kShipped);
  EXPECT_EQ(mistakes_in(loaded.diagnostics), "");
  EXPECT_TRUE(loaded.settings_are_good);
  ASSERT_NE(loaded.policy, nullptr);
  EXPECT_GE(loaded.policy->rules.services.size(), 4u);
  EXPECT_GE(loaded.policy->files.size(), 5u);
}

TEST(ShippedFiles, TheExampleIsOfSomeSizeAndItsTeamsKeepToThemselves) {
  const Loaded loaded = load(kShipped);
  ASSERT_NE(loaded.policy, nullptr);
  const rules::RuleSet& rules = loaded.policy->rules;
  EXPECT_GE(rules.triage.size() + rules.correlation.size() + rules.severity.criteria.size(), 40u);
  ASSERT_EQ(loaded.settings.fragments.size(), 3u);
  for (const char* of_no_team : {"preview-7", "payment", "searching"}) {
    const Labels labels{{"namespace", of_no_team}};
    int holds = 0;
    for (const Fragment& fragment : loaded.settings.fragments) {
      holds += rules::holds(fragment.scope, {.labels = labels}) ? 1 : 0;
    }
    EXPECT_EQ(holds, 1) << of_no_team;  // The platform's.
  }
}

TEST(ShippedFiles, TheSettingsHoldTheDefaults) {
  const Settings shipped = load(kShipped).settings;
  const Settings none =
      parse_settings("", kShipped, std::string(TOCSIN_SOURCE_DIR) + "/config").settings;
  EXPECT_EQ(shipped.listen.host, none.listen.host);
  EXPECT_EQ(shipped.listen.port, none.listen.port);
  EXPECT_EQ(shipped.external_url, none.external_url);
  EXPECT_EQ(shipped.insecure, none.insecure);
  EXPECT_EQ(shipped.storage_path, none.storage_path);
  EXPECT_EQ(shipped.min_free, none.min_free);
  EXPECT_EQ(shipped.keep_events, none.keep_events);
  EXPECT_EQ(shipped.keep_incidents, none.keep_incidents);
  EXPECT_EQ(shipped.rules, none.rules);
  EXPECT_EQ(shipped.fallback, none.fallback);
  EXPECT_EQ(shipped.channels.size(), none.channels.size());
  EXPECT_EQ(shipped.limits.body, none.limits.body);
  EXPECT_EQ(shipped.limits.bodies_in_flight, none.limits.bodies_in_flight);
  EXPECT_EQ(shipped.limits.labels, none.limits.labels);
  EXPECT_EQ(shipped.limits.label_value, none.limits.label_value);
  EXPECT_EQ(shipped.limits.active_alerts, none.limits.active_alerts);
}

TEST(ShippedFiles, TheExamplesWorkOnceTheirSignsAreRemoved) {
  const TemporaryFolder folder;
  std::string text = read_all(kShipped);
  const std::string sign = "\n#  ";
  ASSERT_NE(text.find(sign), std::string::npos);
  for (std::size_t at = 0; (at = text.find(sign, at)) != std::string::npos;) text.erase(at + 1, 1);
  folder.write("ops-webhook-url", "https://hooks.example.net/x\n");
  folder.write("ops-webhook-key", "key\n");
  folder.write("mail-password", "password\n");
  folder.write("mail-ca.pem", "-----BEGIN CERTIFICATE-----\n");
  folder.write("ana-token", "0123456789abcdef\n");
  folder.write("relay-hmac", "0123456789abcdef\n");
  const auto result = parse_settings(text, "tocsin.yaml", folder.path().string());
  EXPECT_EQ(text_of(result.diagnostics), "");
  ASSERT_EQ(result.settings.channels.size(), 3u);
  EXPECT_EQ(result.settings.channels[1].url, "https://hooks.example.net/x");
  EXPECT_EQ(result.settings.channels[2].mail.password, "password");
  ASSERT_EQ(result.settings.auth.tokens.size(), 1u);
  EXPECT_TRUE(result.settings.auth.tokens[0].admin);
  const Sender* builds = find_sender(result.settings.senders, "builds");
  ASSERT_TRUE(builds != nullptr && builds->map != nullptr);
  EXPECT_EQ(builds->map->each->tokens, std::vector<std::string>{"builds"});
  EXPECT_EQ(builds->map->labels.size(), 3u);
}

TEST(Load, ShowsMistakesInRulesWithTheirRealPath) {
  const TemporaryFolder folder;
  folder.write("config/tocsin.yaml", "rules: [../rules, ../more]\nlisten: nowhere\n");
  folder.write("rules/a.yaml", "servces: {}\n");
  const Loaded loaded = load(folder / "config/tocsin.yaml");
  EXPECT_FALSE(loaded.settings_are_good);
  EXPECT_EQ(loaded.policy, nullptr);
  const std::string text = text_of(loaded.diagnostics);
  EXPECT_NE(text.find((folder / "config/tocsin.yaml") + ":2:9: error: "), std::string::npos)
      << text;
  EXPECT_NE(
      text.find((folder / "config/tocsin.yaml") + ":1:19: error: \"" + (folder / "more") + "\""),
      std::string::npos)
      << text;
  EXPECT_NE(text.find((folder / "rules/a.yaml") + ":1:1: error: unknown key"), std::string::npos)
      << text;
}

TEST(Load, WithoutATocsinYamlNoRulesAreRead) {
  const TemporaryFolder folder;
  folder.write("rules/a.yaml", "servces: {}\n");
  const Loaded none = load(folder / "config/tocsin.yaml");
  ASSERT_EQ(none.diagnostics.size(), 1u) << text_of(none.diagnostics);
  EXPECT_EQ(none.diagnostics[0].at.file, folder / "config/tocsin.yaml");
  EXPECT_FALSE(none.settings_are_good);
  folder.write("config/tocsin.yaml", "channels: [\n");
  const Loaded broken = load(folder / "config/tocsin.yaml");
  ASSERT_EQ(broken.diagnostics.size(), 1u) << text_of(broken.diagnostics);
  EXPECT_FALSE(broken.settings_are_good);
}

TEST(Load, ReadsAnotherFolderOfRulesWithTheFragmentsItHolds) {
  const TemporaryFolder folder;
  folder.write("config/tocsin.yaml",
               "rules: [../rules]\n"
               "fragments: {payments: {scope: [a]}, search: {scope: [b]}}\n");
  folder.write("rules/a.yaml", "nonsense\n");
  folder.write("other/payments/a.yaml", "rules: [{name: quiet, when: x, drop: true}]\n");
  const Loaded loaded = load(folder / "config/tocsin.yaml", Lint::yes, folder / "other");
  EXPECT_EQ(text_of(loaded.diagnostics), "");
  ASSERT_NE(loaded.policy, nullptr);
  EXPECT_EQ(loaded.policy->files.size(), 1u);
}

TEST(Load, AScopeThatNeverHoldsIsTold) {
  const TemporaryFolder folder;
  folder.write("config/tocsin.yaml", "fragments: {payments: {scope: ['a=\"1\"', 'a=\"2\"']}}\n");
  folder.write("rules/payments/a.yaml", "teams: {payments: []}\n");
  const Loaded loaded = load(folder / "config/tocsin.yaml", Lint::yes);
  EXPECT_NE(text_of(loaded.diagnostics)
                .find("tocsin.yaml:1:13: warning: the scope of \"payments\" can never hold"),
            std::string::npos)
      << text_of(loaded.diagnostics);
}

TEST(Load, AMistakeInTheRulesLeavesTheSettingsGood) {
  const TemporaryFolder folder;
  folder.write("config/tocsin.yaml", "");
  folder.write("rules/a.yaml", "nonsense\n");
  const Loaded loaded = load(folder / "config/tocsin.yaml");
  EXPECT_TRUE(loaded.settings_are_good);
  EXPECT_EQ(loaded.policy, nullptr);
}

}  // namespace
}  // namespace tocsin::config
