#include "tocsin/alert/labels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace tocsin {
namespace {

using Pairs = std::vector<Label>;
using Map = std::map<std::string, std::string>;

std::string block_of(Pairs pairs) {
  std::string out;
  encode_labels(pairs, out);
  return out;
}

Map map_of(LabelsView labels) {
  Map out;
  for (const Label label : labels) out.emplace(label.name, label.value);
  return out;
}

std::string random_bytes(std::mt19937_64& random, std::size_t longest) {
  std::string out(random() % (longest + 1), '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

Labels labels_of(const Map& map) {
  Pairs pairs;
  for (const auto& [name, value] : map) pairs.push_back({name, value});
  return Labels(pairs);
}

TEST(Labels, AreSortedAndEachNameStandsOnce) {
  const Labels labels{{"env", "prod"}, {"alertname", "X"}, {"env", "test"}};
  EXPECT_EQ(labels.block(), std::string("\x09"
                                        "alertname\x01"
                                        "X\x03"
                                        "env\x04"
                                        "test"));
  EXPECT_EQ(labels.get("env"), "test");
  EXPECT_EQ(labels.view().count(), 2u);
}

TEST(Labels, AMissingLabelIsTheEmptyString) {
  const Labels labels{{"env", "prod"}};
  EXPECT_EQ(labels.get("team"), "");
  EXPECT_EQ(labels.get("en"), "");
  EXPECT_EQ(labels.get("envy"), "");
  EXPECT_EQ(labels.get(""), "");
  EXPECT_EQ(Labels().get("env"), "");
  EXPECT_TRUE(Labels().view().empty());
}

TEST(Labels, OfEqualNamesTheLastWinsEvenWhenItIsEmpty) {
  EXPECT_EQ(block_of({{"a", ""}, {"a", "x"}}), block_of({{"a", "x"}}));
  EXPECT_EQ(block_of({{"a", "x"}, {"a", ""}}), "");
  EXPECT_EQ(block_of({{"a", "x"}, {"b", "1"}, {"a", "y"}, {"a", "z"}}),
            block_of({{"a", "z"}, {"b", "1"}}));
}

TEST(Labels, PermutationsAndEmptyValuesGiveTheSameBlock) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 300; ++round) {
    Map map;
    const std::size_t wanted = 1 + random() % 60;  // Beyond 32 another sort takes over.
    while (map.size() < wanted) {
      map["n" + std::to_string(random() % 1000)] = "v" + std::to_string(random());
    }
    Pairs pairs;
    for (const auto& [name, value] : map) pairs.push_back({name, value});
    const std::string block = block_of(pairs);
    ASSERT_TRUE(LabelsView::is_valid(block));
    pairs.insert(pairs.end(), {{"zone", ""}, {"", "nameless"}, {"a", ""}});
    for (int shuffle = 0; shuffle < 5; ++shuffle) {
      std::ranges::shuffle(pairs, random);
      ASSERT_EQ(block_of(pairs), block);
    }
  }
}

TEST(Labels, DelimitersInNamesAndValuesNeverCollide) {
  const Pairs sets[] = {
      {{"a", "b"}, {"c", "d"}},
      {{"a", "b,c=d"}},
      {{"a", "b\nc=d"}},
      {{"a", "b\",c=\"d"}},
      {{"a=b,c", "d"}},
      {{"a",
        "b\xff"
        "c\xff"
        "d"}},
      {{"a\xff"
        "b",
        "c\xff"
        "d"}},
      {{"a",
        "b\x01"
        "c\x01"
        "d"}},
      {{"ab", "cd"}},
      {{"a", "bcd"}},
      {{"abc", "d"}},
      {{"a", std::string_view("b\0", 2)}, {"c", "d"}},
      {{std::string_view("a\0b", 3), "d"}},
      {{"a", std::string_view("\0", 1)}},
      {{"a", "="}},
      {{"a", "b"}, {"c", "="}, {"d", "e"}},
  };
  std::set<std::string> blocks;
  for (const Pairs& pairs : sets) blocks.insert(block_of(pairs));
  EXPECT_EQ(blocks.size(), std::size(sets));
}

/// Exhaustive over a small alphabet of delimiters: every one-label set and every pair of them.
TEST(Labels, SmallSetsOverDelimitersAllDiffer) {
  std::vector<std::string> words;
  const std::string alphabet("=,\n\0\x01\x02", 6);
  for (const char a : alphabet) {
    words.emplace_back(1, a);
    for (const char b : alphabet) words.push_back(std::string(1, a) + b);
  }
  std::set<Map> sets;
  for (const auto& name : words) {
    for (const auto& value : words) {
      sets.insert(Map{{name, value}});
      sets.insert(Map{{name, value}, {"=", value}});
      sets.insert(Map{{name, value}, {value, name}});
    }
  }
  std::set<std::string> blocks;
  for (const Map& map : sets) blocks.insert(labels_of(map).block());
  EXPECT_EQ(blocks.size(), sets.size());
}

TEST(Labels, LongValuesKeepTheirSize) {
  for (const std::size_t size : {127u, 128u, 129u, 16383u, 16384u, 2'000'000u}) {
    const std::string value(size, 'x');
    const Labels labels{{"big", value}, {"after", "1"}, {"z", "2"}};
    EXPECT_EQ(labels.get("big"), value);
    EXPECT_EQ(labels.get("z"), "2");
    EXPECT_EQ(labels.view().count(), 3u);
    EXPECT_TRUE(LabelsView::is_valid(labels.block()));
  }
}

TEST(Labels, EncodingAppendsAndLeavesWhatWasEncoded) {
  std::string out = "before";
  Pairs pairs = {{"b", "2"}, {"", "x"}, {"a", "1"}, {"c", ""}};
  encode_labels(pairs, out);
  EXPECT_EQ(pairs, (Pairs{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(out.substr(0, 6), "before");
  std::string one_by_one;
  encode_label({"a", "1"}, one_by_one);
  encode_label({"b", "2"}, one_by_one);
  encode_label({"c", ""}, one_by_one);
  EXPECT_EQ(out.substr(6), one_by_one);
}

TEST(Labels, OnlyTheCanonicalEncodingIsValid) {
  using namespace std::string_literals;
  EXPECT_TRUE(LabelsView::is_valid(""));
  EXPECT_TRUE(LabelsView::is_valid("\1a\1x\1b\1y"));
  const std::string refused[] = {
      "\1a\1x\1a\1y",                                   // a name twice
      "\1b\1x\1a\1y",                                   // out of order
      "\0\1x"s,                                         // an empty name
      "\1a\0"s,                                         // an empty value
      "\1a",                                            // cut before the value
      "\1",                                             // cut inside the name
      "\1a\2x",                                         // cut inside the value
      "\1a\x81\0x"s,                                    // a size spelled longer than needed
      "\1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x"s,  // a size beyond memory
      "\1a\x80"s,                                       // a size without an end
  };
  for (const std::string& block : refused) EXPECT_FALSE(LabelsView::is_valid(block));
}

TEST(Labels, ValidityIsDecidedWithoutReadingBeyondHostileBytes) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    std::string block = block_of({{"alertname", "X"}, {"env", "prod"}, {"zone", "b"}});
    block.resize(random() % (block.size() + 1));
    if (!block.empty()) block[random() % block.size()] = static_cast<char>(random());
    if (!LabelsView::is_valid(block)) continue;
    ASSERT_EQ(labels_of(map_of(LabelsView(block))).block(), block);
  }
}

TEST(Labels, RandomBytesComeBack) {
  std::mt19937_64 random(58);
  for (int i = 0; i < 2'000; ++i) {
    Map map;
    for (std::size_t n = random() % 20; n > 0; --n) {
      const std::string name = random_bytes(random, 6);
      const std::string value = random_bytes(random, 200);
      if (!name.empty() && !value.empty()) map[name] = value;
    }
    const Labels labels = labels_of(map);
    ASSERT_TRUE(LabelsView::is_valid(labels.block()));
    ASSERT_EQ(map_of(labels), map);
    for (const auto& [name, value] : map) ASSERT_EQ(labels.get(name), value);
  }
}

TEST(Fingerprint, IsAlertmanagers) {
  EXPECT_EQ(fingerprint(LabelsView()), "cbf29ce484222325");
  EXPECT_EQ(fingerprint(Labels{{"alertname", "alert1"}, {"lbl1", "val1"}}), "fac0861a85de433a");
  EXPECT_EQ(fingerprint(Labels{{"lbl1", "val1"}, {"alertname", "alert1"}, {"empty", ""}}),
            "fac0861a85de433a");
}

}  // namespace
}  // namespace tocsin
