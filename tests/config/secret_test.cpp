#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "config_world.h"
#include "tocsin/config/config.h"

namespace tocsin::config {
namespace {

using std::filesystem::perms;

constexpr const char* kText =
    "channels: [{name: hook, kind: webhook, url_file: hook-url, secret_file: hook-key}]\n";

/// What one of the files must look like.
struct Written {
  std::string url = "https://hooks.example.net/T0P\n";
  perms url_mode = perms(0600);
  std::string key = "T0P-key\n";
  perms key_mode = perms(0600);
};

SettingsResult read(const TemporaryFolder& folder, const Written& written) {
  folder.write("hook-url", written.url, written.url_mode);
  folder.write("hook-key", written.key, written.key_mode);
  SettingsResult result = parse_settings(kText, "tocsin.yaml", folder.path().string());
  EXPECT_EQ(text_of(result.diagnostics).find("T0P"), std::string::npos)
      << text_of(result.diagnostics);
  return result;
}

TEST(Secrets, AreReadBesideTheFileWithoutTheirLineEnd) {
  const TemporaryFolder folder;
  for (const std::string end : {"", "\n", "\r\n"}) {
    const SettingsResult result =
        read(folder, {.url = "https://hooks.example.net/T0P" + end, .key = "T0P-key" + end});
    EXPECT_EQ(text_of(result.diagnostics), "");
    ASSERT_EQ(result.settings.channels.size(), 2u);
    EXPECT_EQ(result.settings.channels[1].url, "https://hooks.example.net/T0P");
    EXPECT_EQ(result.settings.channels[1].secret, "T0P-key");
  }
}

TEST(Secrets, OfSignedRequestsHaveSixteenCharactersThatAreNotAllBlanks) {
  struct Case {
    std::string secret;
    const char* complaint;
  };
  const TemporaryFolder folder;
  for (const Case& c : {Case{"0123456789abcdef", ""}, Case{"a secret of words", ""},
                        Case{"0123456789abcde", "is shorter than 16 characters"},
                        Case{std::string(20, ' '), "consists of blanks"}}) {
    SCOPED_TRACE(c.secret);
    folder.write("relay-hmac", c.secret + "\n", perms(0600));
    const auto result = parse_settings(
        "sources: [{name: relay, kind: alertmanager, hmac: {secret_file: relay-hmac}}]\n",
        "tocsin.yaml", folder.path().string());
    EXPECT_EQ(
        text_of(result.diagnostics),
        *c.complaint == '\0'
            ? ""
            : "tocsin.yaml:1:65: error: sources[0].hmac.secret_file: the secret in this file " +
                  std::string(c.complaint) + "; make a new one: openssl rand -hex 32\n");
  }
}

TEST(Secrets, ThatOthersMayReadAreRefused) {
  struct Case {
    int mode;
    bool good;
  };
  // The files belong to the group of this process, so 0640 is fine and 0660 is not.
  for (const Case& c :
       {Case{0600, true}, Case{0400, true}, Case{0640, true}, Case{0440, true}, Case{0644, false},
        Case{0604, false}, Case{0602, false}, Case{0660, false}}) {
    SCOPED_TRACE(c.mode);
    const TemporaryFolder folder;
    const SettingsResult result = read(folder, {.url_mode = perms(c.mode)});
    EXPECT_EQ(has_errors(result.diagnostics), !c.good) << text_of(result.diagnostics);
    EXPECT_EQ(result.settings.channels[1].url.empty(), !c.good);
  }
}

TEST(Secrets, OfAnotherGroupAreRefusedIfItMayReadThem) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give a file to another group";
  const TemporaryFolder folder;
  folder.write("hook-url", "https://hooks.example.net/x", perms(0640));
  folder.write("hook-key", "x", perms(0600));
  ASSERT_EQ(::chown((folder / "hook-url").c_str(), static_cast<uid_t>(-1), 54321), 0);
  const auto result = parse_settings(kText, "tocsin.yaml", folder.path().string());
  EXPECT_NE(text_of(result.diagnostics).find("others may read"), std::string::npos);
}

TEST(Secrets, OfTheFoldersGroupAreGoodForRootWhoIsNotInIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give a file to another group";
  for (const int mode : {0640, 0660}) {
    SCOPED_TRACE(mode);
    const TemporaryFolder folder;
    folder.write("hook-url", "https://hooks.example.net/x", perms(mode));
    folder.write("hook-key", "x", perms(0600));
    for (const std::string& path : {folder.path().string(), folder / "hook-url"}) {
      ASSERT_EQ(::chown(path.c_str(), static_cast<uid_t>(-1), 54321), 0);
    }
    const auto result = parse_settings(kText, folder / "tocsin.yaml", folder.path().string());
    EXPECT_EQ(has_errors(result.diagnostics), mode == 0660) << text_of(result.diagnostics);
  }
}

TEST(Secrets, ThatAreMissingMayBeCredentialsThatAShellDoesNotSee) {
  const TemporaryFolder folder;
  const auto told = [&](const std::string& name) {
    return text_of(
        parse_settings("channels: [{name: hook, kind: webhook, url_file: " + name + "}]\n",
                       "tocsin.yaml", folder.path().string())
            .diagnostics);
  };
  EXPECT_NE(told("hook-url").find("LoadCredential="), std::string::npos) << told("hook-url");
  EXPECT_EQ(told("./hook-url").find("LoadCredential="), std::string::npos)
      << "a name with a slash is never a credential";
  const Environment variable("CREDENTIALS_DIRECTORY", folder.path().string());
  EXPECT_EQ(told("hook-url").find("LoadCredential="), std::string::npos)
      << "it was looked for there";
}

TEST(Secrets, AreLookedUpAmongTheCredentialsFirst) {
  const TemporaryFolder folder;
  const TemporaryFolder credentials;
  const Environment variable("CREDENTIALS_DIRECTORY", credentials.path().string());
  credentials.write("hook-url", "https://credential.example.net/x", perms(0440));
  const SettingsResult both = read(folder, {});
  EXPECT_EQ(both.settings.channels[1].url, "https://credential.example.net/x");
  EXPECT_EQ(both.settings.channels[1].secret, "T0P-key") << "not there: beside the file";

  const auto slash =
      parse_settings("channels: [{name: hook, kind: webhook, url_file: ./hook-url}]\n",
                     "tocsin.yaml", folder.path().string());
  EXPECT_EQ(slash.settings.channels[1].url, "https://hooks.example.net/T0P")
      << "a name with a slash is never a credential";
}

TEST(Secrets, ThatMakeNoSenseAreRefusedWithoutBeingShown) {
  struct Case {
    const char* name;
    Written written;
    const char* says;
  };
  const Case cases[] = {
      {"empty", {.url = ""}, "is empty"},
      {"only a line end", {.key = "\n"}, "is empty"},
      {"two lines", {.key = "T0P\nT0P"}, "more than one line"},
      {"control character", {.key = "T0P\x01"}, "control character"},
      {"no UTF-8", {.key = "T0P\xff"}, "no UTF-8"},
      {"no URL", {.url = "T0P"}, "holds no URL"},
      {"another scheme", {.url = "file:///T0P"}, "holds no URL"},
      {"no host", {.url = "https:///T0P"}, "holds no URL"},
      {"blank inside", {.url = "https://hooks.example.net/T0P x"}, "holds no URL"},
      {"too large", {.key = std::string(70000, 'x')}, "larger than"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const TemporaryFolder folder;
    const SettingsResult result = read(folder, c.written);
    EXPECT_NE(text_of(result.diagnostics).find(c.says), std::string::npos)
        << text_of(result.diagnostics);
  }
}

TEST(Secrets, InPipesAndFoldersAreRefusedAtOnce) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder / "hook-url").c_str(), 0600), 0);
  std::filesystem::create_directory(folder.path() / "hook-key");
  const auto result = parse_settings(kText, "tocsin.yaml", folder.path().string());
  const std::string text = text_of(result.diagnostics);
  EXPECT_NE(text.find("no regular file"), std::string::npos) << text;
  EXPECT_NE(text.find("it is a folder"), std::string::npos) << text;
}

struct TokenCase {
  const char* file;
  std::size_t secrets;  ///< 0: refused.
  const char* why;
};

TEST(Tokens, AreReadWithTheFormerOneWhileTheyAreReplaced) {
  const TokenCase cases[] = {
      {"0123456789abcdef\n", 1, ""},
      {"0123456789abcdef\r\nfedcba9876543210\n", 2, ""},
      {"0123456789abcdef\nfedcba9876543210\n0011223344556677\n", 0, "more than 2 lines"},
      {"0123456789abcdef\n\nfedcba9876543210\n", 0, "is empty"},
      {"0123456789abcde\n", 0, "is shorter than 16 characters"},
      {"\n", 0, "is empty"},
  };
  for (const TokenCase& c : cases) {
    SCOPED_TRACE(c.file);
    const TemporaryFolder folder;
    folder.write("ana-token", c.file, perms(0600));
    const SettingsResult result = parse_settings(
        "auth: {anonymous: none, tokens: [{name: ana, token_file: ana-token, scopes: [read, "
        "\"respond:payments\", \"ingest:alertmanager-api\"]}]}\n",
        "tocsin.yaml", folder.path().string());
    const std::string text = text_of(result.diagnostics);
    EXPECT_EQ(has_errors(result.diagnostics), c.secrets == 0) << text;
    EXPECT_NE(text.find(c.why), std::string::npos) << text;
    EXPECT_EQ(text.find("0123456789"), std::string::npos) << "a secret in a message";
    EXPECT_EQ(result.settings.auth.anonymous, Anonymous::none);
    if (c.secrets == 0) continue;
    ASSERT_EQ(result.settings.auth.tokens.size(), 1u);
    const Token& token = result.settings.auth.tokens[0];
    EXPECT_EQ(token.secrets.size(), c.secrets);
    EXPECT_EQ(token.source, "alertmanager-api");
    EXPECT_EQ(token.respond_teams, std::vector<std::string>{"payments"});
    EXPECT_TRUE(token.read && !token.respond && !token.admin);
  }
}

TEST(Tokens, WithTheSameSecretAreAnError) {
  const TemporaryFolder folder;
  const auto told = [&](const std::string& ana, const std::string& bo) {
    folder.write("ana-token", ana);
    folder.write("bo-token", bo);
    return text_of(
        parse_settings(
            "auth:\n  tokens:\n    - {name: ana, token_file: ana-token, scopes: [read]}\n"
            "    - {name: bo, token_file: bo-token, scopes: [admin]}\n",
            "tocsin.yaml", folder.path().string())
            .diagnostics);
  };
  // printf %s 0123456789abcdef | sha256sum
  const std::string hash = "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f";
  std::string shouted = hash;
  std::ranges::transform(shouted, shouted.begin(), [](char c) { return c >= 'a' ? c - 32 : c; });
  const std::string secret = "0123456789abcdef";
  for (const std::string& same :
       {secret, "fedcba9876543210\n" + secret, "sha256:" + hash, "sha256:" + shouted}) {
    EXPECT_EQ(
        told(secret, same),
        "tocsin.yaml:4:30: error: auth.tokens[1].token_file: the tokens \"ana\" and \"bo\" have "
        "the same secret; make a new one for one of them: openssl rand -hex 32\n");
  }
  EXPECT_EQ(told(secret + "\n" + secret, "fedcba9876543210"), "") << "one's own may be repeated";
}

TEST(Tokens, OfATeamThatNothingDefinesAreAWarningAtTheScope) {
  const TemporaryFolder folder;
  folder.write("ana-token", "0123456789abcdef");
  const SettingsResult read = parse_settings(
      "auth: {tokens: [{name: ana, token_file: ana-token,\n"
      "  scopes: [\"respond:paymnets\", \"respond:search\"]}]}\n",
      "tocsin.yaml", folder.path().string());
  EXPECT_EQ(text_of(read.diagnostics), "");
  const PolicyResult compiled =
      compile_policy(read.settings, {{"teams.yaml", "teams: {payments: [], search: []}\n"}});
  EXPECT_NE(compiled.policy, nullptr);
  EXPECT_EQ(text_of(compiled.diagnostics),
            "tocsin.yaml:2:12: warning: the scopes of \"ana\": nothing defines the team "
            "\"paymnets\"; did you mean \"payments\"?\n");
}

TEST(Tokens, WithoutAnyScopeAreAWarning) {
  const TemporaryFolder folder;
  folder.write("ana-token", "0123456789abcdef");
  for (const std::string scopes : {"[]", ""}) {
    const SettingsResult read = parse_settings(
        "auth: {tokens: [{name: ana, token_file: ana-token, scopes: " + scopes + "}]}\n",
        "tocsin.yaml", folder.path().string());
    EXPECT_FALSE(has_errors(read.diagnostics));
    EXPECT_NE(text_of(read.diagnostics)
                  .find("warning: auth.tokens[0].scopes: the token may do nothing; write scopes: "),
              std::string::npos)
        << text_of(read.diagnostics);
  }
}

}  // namespace
}  // namespace tocsin::config
