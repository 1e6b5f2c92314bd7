#include "tocsin/alert/identity.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

namespace tocsin {
namespace {

const KeySecret kSecret("0123456789abcdef");

TEST(Key, OfLabelsDoesNotDependOnOrderOrEmptyValues) {
  const Key key = kSecret.key_of_labels(Labels{{"alertname", "X"}, {"env", "prod"}});
  EXPECT_EQ(kSecret.key_of_labels(Labels{{"env", "prod"}, {"none", ""}, {"alertname", "X"}}), key);
  EXPECT_NE(kSecret.key_of_labels(Labels{{"alertname", "X"}, {"env", "test"}}), key);
}

TEST(Key, OfASenderIsScopedToItsSource) {
  const Key key = kSecret.key_of_sender("pager", "disk-1");
  EXPECT_EQ(kSecret.key_of_sender("pager", "disk-1"), key);
  std::set<std::string> keys = {to_hex(key),
                                to_hex(kSecret.key_of_sender("page", "rdisk-1")),
                                to_hex(kSecret.key_of_sender("pagerdisk-1", "")),
                                to_hex(kSecret.key_of_sender("", "pagerdisk-1")),
                                to_hex(kSecret.key_of_sender("other", "disk-1")),
                                to_hex(kSecret.key_of_bytes("pagerdisk-1"))};
  EXPECT_EQ(keys.size(), 6u);
}

TEST(Key, TheThreeSpacesNeverMeet) {
  // Whatever bytes another space hashes, a label block with those bytes is no valid one.
  std::mt19937_64 random(1);
  for (int i = 0; i < 1'000; ++i) {
    const std::string name = "n" + std::to_string(random());
    const Labels labels{{name, "v"}};
    EXPECT_NE(kSecret.key_of_labels(labels), kSecret.key_of_bytes(labels.block()));
    EXPECT_NE(kSecret.key_of_labels(labels), kSecret.key_of_sender("", labels.block()));
  }
  EXPECT_NE(kSecret.key_of_labels(LabelsView()), kSecret.key_of_bytes(""));
  EXPECT_NE(kSecret.key_of_bytes(""), kSecret.key_of_sender("", ""));
}

TEST(Key, LongNamesAreTakenWhole) {
  const std::string a(100'000, 'a');
  EXPECT_NE(kSecret.key_of_bytes(a), kSecret.key_of_bytes(a + "b"));
  EXPECT_NE(kSecret.key_of_sender("s", a), kSecret.key_of_sender("s", a + "b"));
  for (const std::size_t size : {509u, 510u, 511u, 512u, 513u}) {
    EXPECT_EQ(kSecret.key_of_bytes(std::string(size, 'x')),
              kSecret.key_of_bytes(std::string(size, 'x')));
  }
}

TEST(Key, DependsOnEveryByteOfTheSeed) {
  const Labels labels{{"alertname", "X"}};
  const Key key = kSecret.key_of_labels(labels);
  EXPECT_EQ(KeySecret("0123456789abcdef").key_of_labels(labels), key);
  std::set<std::string> keys = {to_hex(key)};
  for (std::size_t i = 0; i < 16; ++i) {
    std::string seed = "0123456789abcdef";
    seed[i] ^= 1;
    keys.insert(to_hex(KeySecret(seed).key_of_labels(labels)));
  }
  EXPECT_EQ(keys.size(), 17u);
}

TEST(Key, ASeedOfTooLittleEntropyIsABug) {
  EXPECT_DEATH(KeySecret("short"), "seed.size\\(\\) >= 16");
}

/// A store keeps keys for years: a library that expands seeds or hashes otherwise must be noticed.
TEST(Key, OfAKnownSeedStaysTheSame) {
  EXPECT_EQ(to_hex(kSecret.key_of_labels(Labels{{"alertname", "X"}, {"env", "prod"}})),
            "6ab74d6a46f1ff966f469cee1d4c5131");
  EXPECT_EQ(to_hex(kSecret.key_of_sender("pager", "disk-1")), "67d073377947d312d3f31d17190cdc81");
  EXPECT_EQ(to_hex(kSecret.key_of_bytes("same-service")), "d700105f03a1d0df1bd3adaa21559130");
  EXPECT_EQ(content_hash("text"), 5145922347574273553u);
}

TEST(Key, IsWrittenAs32HexDigits) {
  const Key key{0x0123456789abcdef, 0xfedcba9876543210};
  EXPECT_EQ(to_hex(key), "0123456789abcdeffedcba9876543210");
  EXPECT_EQ(to_hex(Key{0, 1}), "00000000000000000000000000000001");
  Key read;
  EXPECT_TRUE(key_from_hex("0123456789ABCDEFfedcba9876543210", read));
  EXPECT_EQ(read, key);
}

TEST(Key, IsNotReadFromAnythingElse) {
  Key read{1, 2};
  for (const char* text :
       {"", "0", "0123456789abcdeffedcba987654321", "0123456789abcdeffedcba98765432100",
        "0123456789abcdeffedcba987654321g", "0x23456789abcdeffedcba9876543210"}) {
    EXPECT_FALSE(key_from_hex(text, read)) << text;
  }
  EXPECT_EQ(read, (Key{1, 2}));
}

TEST(ContentHash, DependsOnBytesAndSeed) {
  EXPECT_EQ(content_hash("a"), content_hash("a"));
  EXPECT_NE(content_hash("a"), content_hash("b"));
  EXPECT_NE(content_hash("a"), content_hash("a", 1));
}

}  // namespace
}  // namespace tocsin
