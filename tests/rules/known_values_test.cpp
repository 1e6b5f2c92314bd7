#include "rules/known_values.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace tocsin::rules {
namespace {

using Numbers = std::vector<std::uint32_t>;

std::optional<Numbers> known(const KnownValues& values, std::uint32_t value) {
  Numbers out;
  if (!values.append(value, out)) return std::nullopt;
  return out;
}

TEST(KnownValues, AreAppendedToWhatIsThere) {
  KnownValues values(1024);
  values.resize(3);
  values.add(1, Numbers{7, 8});
  values.add(2, Numbers{});
  Numbers out = {1};
  EXPECT_FALSE(values.append(0, out));
  EXPECT_TRUE(values.append(1, out));
  EXPECT_TRUE(values.append(2, out));
  EXPECT_EQ(out, (Numbers{1, 7, 8}));
}

TEST(KnownValues, StartAnewWhenThereIsNoRoom) {
  KnownValues values(10 * sizeof(std::uint32_t));
  values.resize(4);
  values.add(0, Numbers{1, 2, 3});
  values.add(1, Numbers{4, 5, 6});
  EXPECT_EQ(known(values, 0), (Numbers{1, 2, 3}));
  values.add(2, Numbers{7});
  EXPECT_EQ(known(values, 2), Numbers{7});
  EXPECT_FALSE(known(values, 0)) << "its place was needed";
  EXPECT_FALSE(known(values, 1));
  values.add(0, Numbers{1, 2, 3});
  EXPECT_EQ(known(values, 0), (Numbers{1, 2, 3}));
  EXPECT_EQ(known(values, 2), Numbers{7});
}

TEST(KnownValues, LeaveOutWhatIsTooLarge) {
  KnownValues values(4 * sizeof(std::uint32_t));
  values.resize(2);
  values.add(0, Numbers{1, 2, 3, 4, 5, 6});
  EXPECT_FALSE(known(values, 0));
  values.add(1, Numbers{1});
  EXPECT_EQ(known(values, 1), Numbers{1});
}

}  // namespace
}  // namespace tocsin::rules
