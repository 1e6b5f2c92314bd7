#include "rules/literal_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace tocsin::rules {
namespace {

using Atoms = std::vector<std::uint32_t>;

std::string random_text(std::mt19937& random, std::size_t size) {
  std::string out;
  for (size = random() % (size + 1); size > 0; --size) out += "ab\xff"[random() % 3];
  return out;
}

Atoms once(Atoms atoms) {
  std::ranges::sort(atoms);
  const auto repeats = std::ranges::unique(atoms);
  atoms.erase(repeats.begin(), repeats.end());
  return atoms;
}

TEST(LiteralTable, FindsEveryLiteralATextBeginsWithOrHolds) {
  std::mt19937 random(3);
  for (int round = 0; round < 500; ++round) {
    struct Added {
      std::string literal;
      bool longer;
    };
    std::vector<Added> added;
    LiteralTable table;
    for (std::uint32_t i = 0; i < random() % 20; ++i) {
      added.push_back({random_text(random, 4), random() % 3 == 0});
      table.add(added.back().literal, added.back().longer, i);
    }
    table.freeze();
    for (int i = 0; i < 40; ++i) {
      const std::string text = random_text(random, 6);
      Atoms beginnings;
      Atoms inside;
      for (std::uint32_t j = 0; j < added.size() && !text.empty(); ++j) {
        const Added& a = added[j];
        if (text.starts_with(a.literal) && (!a.longer || text != a.literal))
          beginnings.push_back(j);
        if (!a.longer && !a.literal.empty() && text.contains(a.literal)) inside.push_back(j);
      }
      Atoms found;
      table.append_beginnings(text, found);
      ASSERT_EQ(once(found), beginnings) << text;
      found.clear();
      table.append_inside(text, found);
      std::erase_if(found, [&](std::uint32_t j) {
        return added[j].longer || added[j].literal.empty();  // Never stand inside.
      });
      ASSERT_EQ(once(found), inside) << text;
    }
  }
}

}  // namespace
}  // namespace tocsin::rules
