// The last good rules, so that a restart can fall back to them.
#include <gtest/gtest.h>

#include "store/store_world.h"

namespace tocsin::store {
namespace {

using Files = std::vector<triage::PolicyFile>;

std::string show(const std::expected<Files, StoreError>& files) {
  if (!files) return files.error().problem;
  std::string out;
  for (const triage::PolicyFile& file : *files) out += file.path + "=" + file.text + ";";
  return out;
}

class Policies : public ::testing::Test {
 protected:
  Policies() { load(*store_); }
  void save(std::uint64_t hash, const Files& files) {
    const auto saved = store_->save_policy(hash, files, at(1));
    ASSERT_TRUE(saved) << saved.error().problem;
  }
  std::string count(const std::string& table) {
    return sql(folder_.file("tocsin.db"), "SELECT count(*) FROM " + table);
  }

  TempFolder folder_;
  std::unique_ptr<Store> store_ = open_store(bare(folder_));
};

TEST_F(Policies, AtFirstThereIsNone) { EXPECT_EQ(show(store_->last_policy()), ""); }

TEST_F(Policies, TheLastOneComesBackInOrderAfterARestart) {
  save(1, {{"b.yaml", "one"}, {"a.yaml", std::string("t\0wo\r\n", 6)}, {"team/c.yaml", ""}});
  save(2, {{"b.yaml", "one"}, {"a.yaml", "three"}});
  EXPECT_EQ(show(store_->last_policy()), "b.yaml=one;a.yaml=three;");
  store_.reset();
  store_ = open_store(bare(folder_));
  EXPECT_EQ(show(store_->last_policy()), "b.yaml=one;a.yaml=three;");
}

TEST_F(Policies, GoingBackToOlderRulesMakesThemTheLast) {
  save(1, {{"a.yaml", "old"}});
  save(2, {{"a.yaml", "new"}});
  save(1, {{"a.yaml", "old"}});
  EXPECT_EQ(show(store_->last_policy()), "a.yaml=old;");
}

TEST_F(Policies, EachTextIsStoredOnceAndAnUnchangedPolicyNotAtAll) {
  for (int start = 0; start < 3; ++start) save(1, {{"a.yaml", "same"}, {"b.yaml", "same"}});
  EXPECT_EQ(count("policy"), "1");
  EXPECT_EQ(count("policy_file"), "1");
}

TEST_F(Policies, TextsWithOneHashAreKeptApart) {
  save(1, {{"a.yaml", "first"}});
  sql(folder_.file("tocsin.db"), "UPDATE policy_file SET text='another text of that hash'");
  save(2, {{"a.yaml", "first"}});
  EXPECT_EQ(show(store_->last_policy()), "a.yaml=first;");
  EXPECT_EQ(count("policy_file"), "2");
}

TEST_F(Policies, OlderOnesAreBounded) {
  for (std::uint64_t i = 1; i <= 60; ++i) {
    save(i, {{"a.yaml", "text " + std::to_string(i)}, {"b.yaml", "constant"}});
  }
  EXPECT_EQ(count("policy"), "50");
  EXPECT_EQ(count("policy_file"), "51");
  EXPECT_EQ(show(store_->last_policy()), "a.yaml=text 60;b.yaml=constant;");
}

TEST_F(Policies, FormerOnesAreFoundByTheirHashAsLongAsTheyAreKept) {
  save(7, {{"a.yaml", "seven"}});
  for (std::uint64_t i = 100; i < 149; ++i) save(i, {{"a.yaml", std::to_string(i)}});
  const auto reader = store_->open_reader();
  ASSERT_TRUE(reader);
  EXPECT_EQ(show((*reader)->policy_files(7)), "a.yaml=seven;");
  EXPECT_EQ(show((*reader)->policy_files(148)), "a.yaml=148;");
  EXPECT_EQ(show((*reader)->policy_files(8)), "");
  save(149, {{"a.yaml", "149"}});
  EXPECT_EQ(show((*reader)->policy_files(7)), "");
}

TEST_F(Policies, TheSameFilesUnderAnotherHashAreAPolicyOfTheirOwn) {
  save(1, {{"a.yaml", "same"}});
  save(2, {{"a.yaml", "same"}});
  const auto reader = store_->open_reader();
  ASSERT_TRUE(reader);
  EXPECT_EQ(show((*reader)->policy_files(1)), "a.yaml=same;");
  EXPECT_EQ(show((*reader)->policy_files(2)), "a.yaml=same;");
  EXPECT_EQ(count("policy_file"), "1");
}

TEST_F(Policies, AMissingTextIsDamageAndNoShorterPolicy) {
  save(1, {{"a.yaml", "one"}, {"b.yaml", "two"}});
  sql(folder_.file("tocsin.db"), "DELETE FROM policy_file WHERE text='two'");
  const auto files = store_->last_policy();
  ASSERT_FALSE(files);
  EXPECT_EQ(to_string(files.error().kind), "damaged");
}

}  // namespace
}  // namespace tocsin::store
