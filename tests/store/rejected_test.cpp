#include <gtest/gtest.h>

#include "store/store_world.h"

namespace tocsin::store {
namespace {

RejectedBody body(std::string text) {
  return {.at = at(7),
          .source = "builds",
          .reason = "malformed",
          .offset = 3,
          .refused = 2,
          .problems = "[]",
          .bytes = text.size() + 1,
          .masked = true,
          .body = std::move(text)};
}

TEST(RejectedBodies, ComeBackMemberByMemberAfterARestart) {
  TempFolder folder;
  const std::string bytes("{\"a\": \0\xff", 8);
  {
    auto store = open_store(bare(folder));
    load(*store);
    RejectedBody first = body("first");
    first.masked = false;
    ASSERT_TRUE(store->keep_rejected({first, body(bytes)}));
  }
  auto store = open_store(bare(folder));
  load(*store);
  auto reader = open_reader(bare(folder));
  const auto list = reader->rejected(0, 10);
  ASSERT_TRUE(list && list->size() == 2);
  EXPECT_EQ(list->front().id, 2u) << "the newest first";
  EXPECT_EQ(list->front().body, "") << "lists are without bodies";
  const auto one = reader->rejected_body(2);
  ASSERT_TRUE(one && *one);
  EXPECT_EQ((*one)->body, bytes);
  EXPECT_EQ((*one)->kept, bytes.size());
  EXPECT_EQ((*one)->bytes, bytes.size() + 1);
  EXPECT_TRUE((*one)->masked);
  EXPECT_EQ((*one)->at, at(7));
  EXPECT_EQ((*one)->source, "builds");
  EXPECT_EQ((*one)->reason, "malformed");
  EXPECT_EQ((*one)->offset, 3u);
  EXPECT_EQ((*one)->refused, 2u);
  EXPECT_FALSE((*reader->rejected_body(1))->masked);
  EXPECT_FALSE(reader->rejected_body(3)->has_value());
  EXPECT_EQ(reader->rejected(2, 10)->size(), 1u);
}

TEST(RejectedBodies, TheNewestThousandAreKept) {
  TempFolder folder;
  auto store = open_store(bare(folder));
  load(*store);
  const std::vector<RejectedBody> many(300, body("x"));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(store->keep_rejected(many));
  EXPECT_EQ(sql(folder.file("tocsin.db"), "SELECT count(*)||'|'||min(id) FROM rejected_body"),
            "1000|201");
}

TEST(RejectedBodies, TheNewestOfTogether64MebibytesAreKept) {
  TempFolder folder;
  auto store = open_store(bare(folder));
  load(*store);
  const std::vector<RejectedBody> many(3, body(std::string(4U << 20, 'x')));
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(store->keep_rejected(many));
  EXPECT_EQ(sql(folder.file("tocsin.db"), "SELECT count(*)||'|'||max(id) FROM rejected_body"),
            "16|18");
}

TEST(RejectedBodies, AnOwnerThatWasReplacedKeepsNoMore) {
  TempFolder folder;
  auto former = open_store(bare(folder));
  load(*former);
  auto owner = open_store(bare(folder));
  load(*owner);
  EXPECT_FALSE(former->keep_rejected({body("x")}));
  EXPECT_EQ(sql(folder.file("tocsin.db"), "SELECT count(*) FROM rejected_body"), "0");
}

}  // namespace
}  // namespace tocsin::store
