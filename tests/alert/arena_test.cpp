#include "tocsin/alert/arena.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace tocsin {
namespace {

TEST(Arena, CopiesStayPutWhileItGrows) {
  std::mt19937_64 random(5);
  Arena arena;
  std::vector<std::pair<std::string, std::string_view>> copies;
  for (int i = 0; i < 5'000; ++i) {
    const std::size_t size = random() % 100 == 0 ? random() % 40'000 : random() % 200;
    std::string bytes(size, static_cast<char>('a' + i % 26));
    const std::string_view copy = arena.copy(bytes);
    copies.emplace_back(std::move(bytes), copy);
  }
  for (const auto& [bytes, copy] : copies) ASSERT_EQ(copy, bytes);
}

TEST(Arena, CountsWhatItTookFromTheSystem) {
  Arena arena;
  EXPECT_EQ(arena.capacity(), 0u);
  EXPECT_EQ(arena.copy(""), "");
  EXPECT_EQ(arena.capacity(), 0u);
  arena.copy("a");
  const std::size_t one = arena.capacity();
  for (int i = 0; i < 100; ++i) arena.copy("0123456789");
  EXPECT_EQ(arena.capacity(), one);
  arena.allocate(1'000'000);
  EXPECT_EQ(arena.capacity(), one + 1'000'000);
  arena.copy("still fits the first chunk");
  EXPECT_EQ(arena.capacity(), one + 1'000'000);
}

TEST(Arena, MovesItsBytesAndLeavesAnEmptyOneBehind) {
  Arena from;
  const std::string_view word = from.copy("word");
  Arena to = std::move(from);
  EXPECT_EQ(word, "word");
  EXPECT_EQ(from.capacity(), 0u);  // NOLINT: what is left behind is part of the contract.
  const std::string_view other = from.copy("other");
  to.copy("more");
  EXPECT_EQ(word, "word");
  EXPECT_EQ(other, "other");
}

}  // namespace
}  // namespace tocsin
