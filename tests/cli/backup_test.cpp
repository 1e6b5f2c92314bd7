// check --dump, backup and restore as a person types them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/verbs.h"
#include "tocsin/store/store.h"

namespace tocsin::cli {
namespace {

namespace fs = std::filesystem;

class StoreVerbs : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "tocsin-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    fs::create_directories(folder_ / "rules");
    write("rules/a.yaml", "incidents: {recovery: 1m}\n");
    write("tocsin.yaml", "rules: [rules]\nstorage: {path: " + (folder_ / "var").string() + "}\n");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  int say(std::vector<std::string> words) {
    out_.str("");
    err_.str("");
    Terminal terminal{out_, err_, false, Instant{}};
    words.insert(words.end(), {"--config", (folder_ / "tocsin.yaml").string()});
    std::vector<const char*> argv{"tocsin"};
    for (const std::string& word : words) argv.push_back(word.c_str());
    return run_verb(
        static_cast<int>(argv.size()), argv.data(), [](const ServeOptions&) { return 78; },
        terminal);
  }

  fs::path folder_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(StoreVerbs, DumpPrintsYamlAloneAndMistakesElsewhere) {
  EXPECT_EQ(say({"check", "--dump"}), 0);
  EXPECT_NE(out_.str().find("\n# Rules: 1 file, 0 services, 1 escalation.\nlisten: "),
            std::string::npos)
      << out_.str();
  EXPECT_EQ(err_.str(), "");
  write("tocsin.yaml", "rules: [rules]\nlistne: 127.0.0.1:1\n");
  EXPECT_EQ(say({"check", "--dump"}), 1);
  EXPECT_EQ(out_.str(), "");
  EXPECT_NE(err_.str().find("did you mean \"listen\"?"), std::string::npos) << err_.str();
  EXPECT_NE(err_.str().find("tocsin.yaml: 1 rules file, 1 error"), std::string::npos) << err_.str();
  EXPECT_NE(say({"check", "--dump", "-o", "json"}), 0) << "its form is its own";
  EXPECT_EQ(out_.str(), "");
}

TEST_F(StoreVerbs, BackupAndRestoreSayWhatTheyMade) {
  const std::string file = (folder_ / "kept.db").string();
  EXPECT_EQ(say({"backup", file}), 1);
  EXPECT_NE(err_.str().find("there is no store in"), std::string::npos) << err_.str();
  {
    auto store = store::open_sqlite({.folder = (folder_ / "var").string(), .vfs = {}});
    ASSERT_TRUE(store);
    ASSERT_TRUE((*store)->load());
  }
  EXPECT_EQ(say({"backup", file}), 0);
  EXPECT_NE(out_.str().find("is kept in " + file + ": "), std::string::npos) << out_.str();
  const std::string digest = out_.str().substr(out_.str().find("digest "));
  EXPECT_EQ(say({"restore", file}), 1);
  EXPECT_NE(err_.str().find("holds a store already"), std::string::npos) << err_.str();
  fs::rename(folder_ / "var", folder_ / "lost");
  EXPECT_EQ(say({"restore", file}), 0);
  EXPECT_NE(out_.str().find("is restored from " + file + ": "), std::string::npos) << out_.str();
  EXPECT_EQ(out_.str().substr(out_.str().find("digest ")), digest);
  EXPECT_EQ(say({"backup"}), 2);
}

TEST_F(StoreVerbs, BackupAndRestoreNeedNothingOfTheConfigurationButTheStorage) {
  {
    auto store = store::open_sqlite({.folder = (folder_ / "var").string(), .vfs = {}});
    ASSERT_TRUE(store);
    ASSERT_TRUE((*store)->load());
  }
  const std::string storage = "storage: {path: " + (folder_ / "var").string() + "}\n";
  write("tocsin.yaml",
        storage +
            "channels: [{name: ops, kind: webhook, url_file: of-the-service-alone}]\n"
            "listne: x\n");
  const std::string file = (folder_ / "kept.db").string();
  EXPECT_EQ(say({"check"}), 1);
  EXPECT_EQ(say({"backup", file}), 0) << err_.str();
  fs::rename(folder_ / "var", folder_ / "lost");
  EXPECT_EQ(say({"restore", file}), 0) << err_.str();
  write("tocsin.yaml", storage + "channels: [\n");
  EXPECT_EQ(say({"backup", file}), 1);
  EXPECT_NE(err_.str().find("tocsin.yaml:"), std::string::npos) << err_.str();
}

}  // namespace
}  // namespace tocsin::cli
