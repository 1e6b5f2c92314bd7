#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "config_world.h"
#include "tocsin/config/config.h"
#include "tocsin/rules/rule_set.h"

namespace tocsin::config {
namespace {

using Files = std::vector<triage::PolicyFile>;

/// A configuration of a root and two fragments in a folder of its own.
class Fragments : public testing::Test {
 protected:
  void SetUp() override {
    folder_.write("config/tocsin.yaml", "fragments: {payments: {scope: ['team=\"payments\"']}}\n");
    folder_.write("rules/root.yaml", "teams: {payments: [], search: []}\n");
    folder_.write("rules/payments/rules.yaml", kPayments);
    folder_.write("rules/search/rules.yaml", kSearch);
  }
  Loaded read() const { return load(folder_ / "config/tocsin.yaml"); }
  Loaded read_or_fall_back(const Files& last_good) const {
    Loaded loaded = read();
    fall_back(loaded, last_good);
    return loaded;
  }
  static Severity severity_of(const triage::Policy& policy, const Labels& labels) {
    return rules::match(policy.rules, labels, {}, "prometheus").severity;
  }

  static constexpr const char* kPayments =
      "severity: {criteria: [{name: down, severity: SEV-1, when: ['impact=\"outage\"']}]}\n"
      "correlation: [{name: by-cluster, by: [cluster]}]\n";
  static constexpr const char* kSearch =
      "escalations: {search: {steps: [{page: [channel:log]}]}}\n";
  TemporaryFolder folder_;
};

TEST_F(Fragments, AScopeIsAddedToEachRuleOfItsFolder) {
  const Loaded loaded = read();
  ASSERT_NE(loaded.policy, nullptr) << text_of(loaded.diagnostics);
  const Labels own{{"impact", "outage"}, {"team", "payments"}, {"cluster", "a"}};
  const Labels foreign{{"impact", "outage"}, {"team", "search"}, {"cluster", "a"}};
  EXPECT_EQ(severity_of(*loaded.policy, own), Severity::sev1);
  EXPECT_EQ(severity_of(*loaded.policy, foreign), Severity::sev3);
  EXPECT_EQ(rules::match(loaded.policy->rules, own, {}, "x").correlation, 0);
  EXPECT_EQ(rules::match(loaded.policy->rules, foreign, {}, "x").correlation, -1);
}

TEST_F(Fragments, AScopeIsPartOfTheRuleSetsHash) {
  const std::uint64_t before = read().policy->rules.hash;
  EXPECT_EQ(read().policy->rules.hash, before);
  folder_.write("config/tocsin.yaml", "fragments: {payments: {scope: ['team=\"shop\"']}}\n");
  EXPECT_NE(read().policy->rules.hash, before);
}

TEST_F(Fragments, AScopeOfNoFolderIsAWarning) {
  folder_.write("config/tocsin.yaml", "fragments: {paymnets: {scope: ['team=\"payments\"']}}\n");
  const Loaded loaded = read();
  EXPECT_NE(loaded.policy, nullptr);
  EXPECT_NE(text_of(loaded.diagnostics)
                .find("tocsin.yaml:1:13: warning: no folder of rules is named \"paymnets\""),
            std::string::npos)
      << text_of(loaded.diagnostics);
}

TEST_F(Fragments, AFragmentThatMapsSeveritiesForEveryTeamIsAWarning) {
  folder_.write("rules/search/severity.yaml", "severity: {default: SEV-4, map: {page: none}}\n");
  folder_.write("rules/payments/rules.yaml", "teams: {}\n");
  const std::string text = text_of(read().diagnostics);
  EXPECT_NE(text.find("severity.yaml:1:21: warning: severity.default: stands in a fragment"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("warning: severity.map: stands in a fragment"), std::string::npos) << text;
}

TEST_F(Fragments, AMistakeLeavesItsFragmentAtTheLastGoodVersionAndTakesTheRestOver) {
  const Files good = read().policy->files;
  folder_.write("rules/payments/rules.yaml", "severity: {criteria: oops}\n");
  folder_.write("rules/root.yaml", "teams: {payments: [], search: [], new: []}\n");
  const Loaded loaded = read_or_fall_back(good);
  ASSERT_NE(loaded.policy, nullptr) << text_of(loaded.diagnostics);
  EXPECT_EQ(loaded.kept, std::vector<std::string>{"payments"});
  EXPECT_TRUE(has_errors(loaded.diagnostics));
  ASSERT_EQ(loaded.policy->files.size(), 3U);
  EXPECT_EQ(loaded.policy->files[0].text, "teams: {payments: [], search: [], new: []}\n");
  EXPECT_EQ(loaded.policy->files[1].text, kPayments) << "in its place among the files";
  EXPECT_EQ(loaded.policy->files[2].text, kSearch);
}

TEST_F(Fragments, AMistakeInTheRootLeavesTheFragmentsTheirNewVersions) {
  const Files good = read().policy->files;
  folder_.write("rules/root.yaml", "teams: [payments\n");
  folder_.write("rules/search/rules.yaml", "teams: {}\n");
  const Loaded loaded = read_or_fall_back(good);
  ASSERT_NE(loaded.policy, nullptr) << text_of(loaded.diagnostics);
  EXPECT_EQ(loaded.kept, std::vector<std::string>{""});
  EXPECT_EQ(loaded.policy->files[0].text, "teams: {payments: [], search: []}\n");
  EXPECT_EQ(loaded.policy->files[2].text, "teams: {}\n");
}

TEST_F(Fragments, AFragmentNeverGoodIsLeftOut) {
  const Files good = read().policy->files;
  folder_.write("rules/newcomers/rules.yaml", "services: 7\n");
  const Loaded loaded = read_or_fall_back(good);
  ASSERT_NE(loaded.policy, nullptr);
  EXPECT_EQ(loaded.kept, std::vector<std::string>{"newcomers"});
  EXPECT_EQ(loaded.policy->files.size(), 3U);
}

TEST_F(Fragments, AFragmentThatIsGoneFromTheDiskIsNotKept) {
  const Files good = read().policy->files;
  std::filesystem::remove_all(folder_.path() / "rules/search");
  folder_.write("rules/payments/rules.yaml", "severity: 7\n");
  const Loaded loaded = read_or_fall_back(good);
  ASSERT_NE(loaded.policy, nullptr);
  ASSERT_EQ(loaded.policy->files.size(), 2U);
  EXPECT_EQ(loaded.policy->files[1].text, kPayments);
}

TEST_F(Fragments, AFragmentThatCannotBeReadIsKept) {
  const Files good = read().policy->files;
  std::filesystem::remove_all(folder_.path() / "rules/search/rules.yaml");
  std::filesystem::create_symlink("nowhere", folder_.path() / "rules/search/rules.yaml");
  const Loaded loaded = read_or_fall_back(good);
  ASSERT_NE(loaded.policy, nullptr) << text_of(loaded.diagnostics);
  EXPECT_EQ(loaded.kept, std::vector<std::string>{"search"});
  EXPECT_EQ(loaded.policy->files[2].text, kSearch);
}

TEST_F(Fragments, AKeptFragmentThatNeedsWhatIsGoneKeepsWhoseChangeTookIt) {
  folder_.write("rules/root.yaml", "escalations: {shared: {steps: [{page: [channel:log]}]}}\n");
  folder_.write("rules/payments/rules.yaml", "services: {checkout: {escalation: shared}}\n");
  const Files good = read().policy->files;
  folder_.write("rules/root.yaml", "teams: {}\n");
  folder_.write("rules/payments/rules.yaml", "services: oops\n");
  folder_.write("rules/search/rules.yaml", "teams: {}\n");
  const Loaded loaded = read_or_fall_back(good);
  ASSERT_NE(loaded.policy, nullptr);
  EXPECT_EQ(loaded.kept, (std::vector<std::string>{"", "payments"}));
  EXPECT_EQ(loaded.policy->files[0].text, good[0].text);
  EXPECT_EQ(loaded.policy->files[2].text, "teams: {}\n") << "search has its new version";
  EXPECT_NE(text_of(loaded.diagnostics).find("nothing defines the escalation \"shared\""),
            std::string::npos)
      << text_of(loaded.diagnostics);
}

TEST_F(Fragments, AnEarlierFragmentThatTakesANameOfALaterOneIsHeldBackAlone) {
  folder_.write("rules/zeta/rules.yaml", "services: {x: {tier: 1}}\n");
  const Files good = read().policy->files;
  folder_.write("rules/payments/rules.yaml", "services: {x: {tier: 0}}\n");
  folder_.write("rules/search/rules.yaml", "teams: {}\n");
  const Loaded loaded = read_or_fall_back(good);
  ASSERT_NE(loaded.policy, nullptr) << text_of(loaded.diagnostics);
  EXPECT_EQ(loaded.policy->files[1].text, kPayments);
  EXPECT_EQ(loaded.policy->files[2].text, "teams: {}\n");
  EXPECT_NE(std::ranges::find(loaded.kept, "payments"), loaded.kept.end());
  EXPECT_EQ(std::ranges::find(loaded.kept, "search"), loaded.kept.end());
}

TEST_F(Fragments, ChangesThatOnlyTogetherBreakItPutAllOfTheLastGoodVersionInForce) {
  folder_.write("rules/root.yaml",
                "escalations: {one: {steps: [{page: [channel:log]}]},"
                " two: {steps: [{page: [channel:log]}]}}\n");
  folder_.write("rules/payments/rules.yaml",
                "services: {a: {escalation: one}, b: {escalation: three}}\n");
  folder_.write("rules/search/rules.yaml",
                "escalations: {three: {steps: [{page: [channel:log]}]}}\n");
  const Files good = read().policy->files;
  ASSERT_FALSE(good.empty());
  folder_.write("rules/root.yaml", "teams: {}\n");
  folder_.write("rules/search/rules.yaml", "teams: {}\n");
  folder_.write("rules/payments/rules.yaml", "services: oops\n");
  const Loaded loaded = read_or_fall_back(good);
  ASSERT_NE(loaded.policy, nullptr);
  EXPECT_EQ(loaded.kept, (std::vector<std::string>{"", "payments", "search"}));
}

TEST_F(Fragments, ANameDefinedTwiceIsTheLaterFragmentsMistake) {
  const Files good = read().policy->files;
  folder_.write("rules/payments/more.yaml", "escalations: {search: {steps: []}}\n");
  const Loaded loaded = read_or_fall_back(good);
  ASSERT_NE(loaded.policy, nullptr) << text_of(loaded.diagnostics);
  EXPECT_NE(std::ranges::find(loaded.kept, "payments"), loaded.kept.end());
}

TEST_F(Fragments, WithoutAnyGoodVersionThereIsNoPolicy) {
  folder_.write("rules/payments/rules.yaml", "severity: 7\n");
  const Loaded loaded = read_or_fall_back({});
  EXPECT_EQ(loaded.policy, nullptr);
  EXPECT_TRUE(loaded.kept.empty());
}

}  // namespace
}  // namespace tocsin::config
