#include "rules/value_memo.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tocsin::rules {
namespace {

using Numbers = std::vector<std::uint32_t>;

std::optional<Numbers> find(ValueMemo& memo, std::uint32_t label, std::uint64_t hash,
                            std::string_view value) {
  const auto found = memo.find(label, hash, value);
  if (!found) return std::nullopt;
  return Numbers(found->begin(), found->end());
}

std::uint64_t hash_of(int i) { return static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15; }

TEST(ValueMemo, RemembersByLabelAndValueWhateverTheyHashTo) {
  ValueMemo memo(1 << 20);
  EXPECT_EQ(find(memo, 1, 5, "a"), std::nullopt);
  memo.add(1, 5, "a", Numbers{1, 2});
  memo.add(2, 5, "a", Numbers{3});
  memo.add(1, 5, "b", Numbers{});
  memo.add(1, 5, "abcdefgh", Numbers{4});
  EXPECT_EQ(find(memo, 1, 5, "a"), (Numbers{1, 2}));
  EXPECT_EQ(find(memo, 2, 5, "a"), Numbers{3});
  EXPECT_EQ(find(memo, 1, 5, "b"), Numbers{});
  EXPECT_EQ(find(memo, 1, 5, "abcdefgh"), Numbers{4});
  EXPECT_EQ(find(memo, 1, 5, "abcdefgi"), std::nullopt);
  EXPECT_EQ(find(memo, 3, 5, "a"), std::nullopt);
  memo.clear();
  EXPECT_EQ(find(memo, 1, 5, "a"), std::nullopt);
}

TEST(ValueMemo, ForgetsTheOldestWhenItIsFull) {
  ValueMemo memo(16 * 1024);
  int longest = 0;
  for (int i = 0; i < 5'000; ++i) {
    memo.add(1, hash_of(i), "value-" + std::to_string(i), Numbers{static_cast<std::uint32_t>(i)});
    ASSERT_EQ(find(memo, 1, hash_of(0), "value-0"), Numbers{0}) << "asked for again and again";
    ASSERT_EQ(find(memo, 1, hash_of(i), "value-" + std::to_string(i)),
              Numbers{static_cast<std::uint32_t>(i)});
    if (find(memo, 1, hash_of(1), "value-1") && longest == i - 1) longest = i;
    if (i == 2'000) {
      // Nobody asked for it since it was young.
      EXPECT_EQ(find(memo, 1, hash_of(1'000), "value-1000"), std::nullopt);
    }
  }
}

TEST(ValueMemo, DoesNotKeepWhatIsTooLarge) {
  ValueMemo memo(64 * 1024);
  memo.add(1, 1, std::string(256, 'x'), Numbers{1});
  EXPECT_TRUE(find(memo, 1, 1, std::string(256, 'x')));
  memo.add(1, 2, std::string(257, 'x'), Numbers{1});
  EXPECT_FALSE(find(memo, 1, 2, std::string(257, 'x')));
  memo.add(1, 3, "many", Numbers(10'000, 7));
  EXPECT_FALSE(find(memo, 1, 3, "many"));
  ValueMemo none(0);
  none.add(1, 1, "a", Numbers{1});
  EXPECT_FALSE(find(none, 1, 1, "a"));
}

/// Senders choose values; they must not be able to make look-ups slow.
TEST(ValueMemo, ForgetsRatherThanSearchAmongEqualHashes) {
  ValueMemo memo(1 << 20);
  for (int i = 0; i < 1'000; ++i) memo.add(1, 42, "v" + std::to_string(i), Numbers{1});
  int kept = 0;
  for (int i = 0; i < 1'000; ++i) kept += find(memo, 1, 42, "v" + std::to_string(i)) ? 1 : 0;
  EXPECT_EQ(kept, 8);
  EXPECT_TRUE(find(memo, 1, 42, "v999"));
}

}  // namespace
}  // namespace tocsin::rules
