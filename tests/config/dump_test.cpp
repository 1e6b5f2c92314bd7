#include <gtest/gtest.h>

#include <string>

#include "config_world.h"
#include "tocsin/config/config.h"

namespace tocsin::config {
namespace {

const std::string kFolder = std::string(TOCSIN_SOURCE_DIR) + "/config";

Settings good(const std::string& text, const std::string& folder = kFolder) {
  SettingsResult result = parse_settings(text, folder + "/tocsin.yaml", folder);
  EXPECT_FALSE(has_errors(result.diagnostics)) << text_of(result.diagnostics) << text;
  return std::move(result.settings);
}

std::string dumped(const std::string& text, const std::string& folder = kFolder) {
  return dump_settings(text, good(text, folder));
}

void expect_same(const Settings& a, const Settings& b) {
  EXPECT_EQ(a.listen.host, b.listen.host);
  EXPECT_EQ(a.listen.port, b.listen.port);
  EXPECT_EQ(a.external_url, b.external_url);
  EXPECT_EQ(a.insecure, b.insecure);
  EXPECT_EQ(a.storage_path, b.storage_path);
  EXPECT_EQ(a.min_free, b.min_free);
  EXPECT_EQ(a.keep_events, b.keep_events);
  EXPECT_EQ(a.keep_incidents, b.keep_incidents);
  EXPECT_EQ(a.rules, b.rules);
  EXPECT_EQ(a.fragments.size(), b.fragments.size());
  EXPECT_EQ(a.auth.anonymous, b.auth.anonymous);
  EXPECT_EQ(a.auth.tokens.size(), b.auth.tokens.size());
  EXPECT_EQ(a.fallback, b.fallback);
  EXPECT_EQ(a.limits.body, b.limits.body);
  EXPECT_EQ(a.limits.bodies_in_flight, b.limits.bodies_in_flight);
  EXPECT_EQ(a.limits.labels, b.limits.labels);
  EXPECT_EQ(a.limits.label_value, b.limits.label_value);
  EXPECT_EQ(a.limits.active_alerts, b.limits.active_alerts);
  EXPECT_EQ(a.identity_ignore, b.identity_ignore);
  ASSERT_EQ(a.sources.size(), b.sources.size());
  for (std::size_t i = 0; i < a.sources.size(); ++i) {
    EXPECT_EQ(a.sources[i].name, b.sources[i].name);
    EXPECT_EQ(a.sources[i].kind, b.sources[i].kind);
    EXPECT_EQ(a.sources[i].resolve_timeout, b.sources[i].resolve_timeout);
  }
  ASSERT_EQ(a.senders.size(), b.senders.size());
  for (std::size_t i = 0; i < a.senders.size(); ++i) {
    EXPECT_EQ(a.senders[i].hmac_header, b.senders[i].hmac_header);
    EXPECT_EQ(a.senders[i].hmac_secret, b.senders[i].hmac_secret);
  }
  ASSERT_EQ(a.channels.size(), b.channels.size());
  for (std::size_t i = 0; i < a.channels.size(); ++i) {
    EXPECT_EQ(a.channels[i].name, b.channels[i].name);
    EXPECT_EQ(a.channels[i].kind, b.channels[i].kind);
    EXPECT_EQ(a.channels[i].url, b.channels[i].url);
    EXPECT_EQ(a.channels[i].format, b.channels[i].format);
    EXPECT_EQ(a.channels[i].mail.to, b.channels[i].mail.to);
    EXPECT_EQ(a.channels[i].mail.require_tls, b.channels[i].mail.require_tls);
  }
}

TEST(Dump, OfAnEmptyFileIsEveryDefault) {
  EXPECT_EQ(dumped(""),
            "listen: 127.0.0.1:9911\n"
            "external_url: http://127.0.0.1:9911\n"
            "insecure: false\n"
            "auth:\n"
            "  anonymous: loopback\n"
            "  tokens: []\n"
            "storage:\n"
            "  kind: sqlite\n"
            "  path: var\n"
            "  min_free: 512MiB\n"
            "  retention:\n"
            "    events: 30d\n"
            "    incidents: 400d\n"
            "rules: [../rules]\n"
            "fragments: {}\n"
            "sources: []\n"
            "channels: []\n"
            "fallback: [channel:log]\n"
            "limits:\n"
            "  body: 32MiB\n"
            "  bodies_in_flight: 256MiB\n"
            "  labels: 128\n"
            "  label_value: 16KiB\n"
            "  active_alerts: 2000000\n");
  expect_same(good(dumped("")), good(""));
}

TEST(Dump, ReadsAsTheSameSettingsAndDumpsAsItself) {
  const TemporaryFolder folder;
  folder.write("hook-url", "https://hooks.example.net/T0P\n");
  folder.write("mail-password", "T0P-password\n");
  folder.write("relay-key", "T0P-key-0123456789\n");
  folder.write("ana-token", "T0P-0123456789abcdef\n");
  const std::string text =
      "storage: {path: \"a b\", retention: {events: 7d}}\n"
      "auth: {tokens: [{name: ana, token_file: ana-token, scopes: [read, \"respond:payments\"]}]}\n"
      "fragments: {payments: {scope: ['team=\"payments\"']}}\n"
      "sources: [{name: prom, kind: alertmanager-api, identity_ignore: [replica]},\n"
      "          {name: relay, kind: alertmanager, hmac: {secret_file: relay-key}},\n"
      "          {name: cd, kind: alertmanager, hmac: {secret_file: relay-key, header: "
      "X-Signed}}]\n"
      "channels:\n"
      "  - {name: hook, kind: webhook, url_file: hook-url}\n"
      "  - {name: mail, kind: email, smtp: \"smtps://mail.example.net\", from: "
      "tocsin@example.net,\n"
      "     to: [ana@example.net, bo@example.net], user: tocsin, password_file: mail-password}\n"
      "limits:\n";
  const std::string once = dumped(text, folder.path().string());
  const Settings settings = good(text, folder.path().string());
  expect_same(good(once, folder.path().string()), settings);
  EXPECT_EQ(dumped(once, folder.path().string()), once);
  EXPECT_EQ(once.find("T0P"), std::string::npos) << once;
  for (const char* line :
       {"  path: \"a b\"\n", "    incidents: 400d\n", "    resolve_timeout: 5m\n",
        "    resolve_timeout: 2d\n", "    identity_ignore: [replica]\n",
        "    identity_ignore: []\n", "      header: X-Tocsin-Signature\n",
        "      header: X-Signed\n", "    format: tocsin\n", "    require_tls: true\n",
        "    password_file: mail-password\n", "  labels: 128\n",
        "    to: [ana@example.net, bo@example.net]\n"}) {
    EXPECT_NE(once.find(line), std::string::npos) << line << once;
  }
}

TEST(Dump, HasEveryKeyThatTheShippedFileShows) {
  const std::string shipped = read_all(kFolder + "/tocsin.yaml");
  const std::string dump = dumped(shipped);
  expect_same(good(dump), good(shipped));
  std::size_t keys = 0;
  for (std::size_t at = 0; at < shipped.size(); at = shipped.find('\n', at) + 1) {
    const std::size_t end = shipped.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at);
    if (end != at && shipped[end] == ':') {
      ++keys;
      EXPECT_NE(("\n" + dump).find("\n" + shipped.substr(at, end + 1 - at)), std::string::npos);
    }
    if (shipped.find('\n', at) == std::string::npos) break;
  }
  EXPECT_GE(keys, 10U);
}

}  // namespace
}  // namespace tocsin::config
