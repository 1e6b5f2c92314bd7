#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "config_world.h"
#include "tocsin/config/config.h"

namespace tocsin::config {
namespace {

std::string paths_of(const FilesResult& result) {
  std::string out;
  for (const triage::PolicyFile& file : result.files) out += file.path + " ";
  return out;
}

TEST(RulesFolder, FilesOfTheRootComeFirstThenSubFoldersByNameAndCasesAreNoRules) {
  const TemporaryFolder folder;
  for (const char* name :
       {"rules/b.yaml", "rules/a.yml", "rules/payments/z.yaml", "rules/payments/deep/a.yaml",
        "rules/a-team/c.yaml", "rules/.hidden.yaml", "rules/.git/a.yaml", "rules/notes.txt",
        "rules/tests/t.yaml", "rules/payments/tests/t.yaml", "rules/payments/deep/tests/t.yaml",
        "rules/payments/deep/tests/more/t.yaml", "rules/B.yaml"}) {
    folder.write(name, "{}");
  }
  const FilesResult result = read_rules_files({folder / "rules"});
  EXPECT_EQ(text_of(result.diagnostics), "");
  EXPECT_EQ(paths_of(result),
            "rules/B.yaml rules/a.yml rules/b.yaml rules/a-team/c.yaml rules/payments/z.yaml "
            "rules/payments/deep/a.yaml ");
  EXPECT_EQ(result.tests,
            (std::vector<std::string>{folder / "rules/tests", folder / "rules/payments/tests",
                                      folder / "rules/payments/deep/tests"}));
}

TEST(RulesFolder, SeveralRootsAreReadInOrderAndTold) {
  const TemporaryFolder folder;
  folder.write("one/rules/a.yaml", "1");
  folder.write("two/rules/a.yaml", "2");
  folder.write("site/a.yaml", "3");
  const FilesResult result =
      read_rules_files({folder / "one/rules/", folder / "two/rules", folder / "site"});
  EXPECT_EQ(paths_of(result), "rules/a.yaml " + (folder / "two/rules/a.yaml") + " site/a.yaml ");
}

TEST(RulesFolder, LinksAreFollowedAsMountedConfigurationHasThem) {
  const TemporaryFolder folder;
  folder.write("rules/..2026/a.yaml", "x");
  std::filesystem::create_symlink("..2026", folder.path() / "rules/..data");
  std::filesystem::create_symlink("..data/a.yaml", folder.path() / "rules/a.yaml");
  const FilesResult result = read_rules_files({folder / "rules"});
  EXPECT_EQ(text_of(result.diagnostics), "");
  EXPECT_EQ(paths_of(result), "rules/a.yaml ");
  EXPECT_EQ(result.files[0].text, "x");
}

TEST(RulesFolder, ALinkBackIsAnErrorAndNoLoop) {
  const TemporaryFolder folder;
  folder.write("rules/a.yaml", "x");
  std::filesystem::create_symlink("..", folder.path() / "rules/again");
  std::filesystem::create_symlink(".", folder.path() / "rules/self");
  const FilesResult result = read_rules_files({folder / "rules"});
  EXPECT_NE(text_of(result.diagnostics).find("reached a second time"), std::string::npos)
      << text_of(result.diagnostics);
  EXPECT_EQ(paths_of(result), "rules/a.yaml ");
}

TEST(RulesFolder, WhatCannotBeReadIsAnErrorThatNamesIt) {
  const TemporaryFolder folder;
  folder.write("rules/good.yaml", "x");
  std::filesystem::create_symlink("nowhere", folder.path() / "rules/broken.yaml");
  ASSERT_EQ(::mkfifo((folder / "rules/pipe.yaml").c_str(), 0600), 0);
  const FilesResult result = read_rules_files({folder / "rules", folder / "missing"});
  const std::string text = text_of(result.diagnostics);
  EXPECT_NE(text.find("broken.yaml: error: the rules file cannot be read: No such file"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("pipe.yaml: error: the rules file cannot be read: it is no regular file"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("missing: error: the folder of rules cannot be read"), std::string::npos)
      << text;
  EXPECT_EQ(paths_of(result), "rules/good.yaml ");
}

TEST(RulesFolder, WithoutRulesIsAWarning) {
  const TemporaryFolder folder;
  const FilesResult result = read_rules_files({folder.path().string()});
  EXPECT_FALSE(has_errors(result.diagnostics));
  EXPECT_NE(text_of(result.diagnostics).find("holds no rules file"), std::string::npos);
}

TEST(RulesFolder, MoreThan64MiBAreRefused) {
  const TemporaryFolder folder;
  const std::string large(33 << 20, '#');
  folder.write("a.yaml", large);
  folder.write("b.yaml", large);
  folder.write("c.yaml", large);
  const FilesResult result = read_rules_files({folder.path().string()});
  EXPECT_NE(text_of(result.diagnostics).find("more than 64 MiB"), std::string::npos);
  EXPECT_EQ(result.files.size(), 1u);
}

TEST(RulesFolder, MoreThan10000FilesAreRefused) {
  const TemporaryFolder folder;
  for (int i = 0; i <= 10'000; ++i) folder.write(std::to_string(i) + ".yaml", "");
  const FilesResult result = read_rules_files({folder.path().string()});
  EXPECT_NE(text_of(result.diagnostics).find("more than 10,000 rules files"), std::string::npos);
  EXPECT_EQ(result.files.size(), 10'000u);
}

}  // namespace
}  // namespace tocsin::config
