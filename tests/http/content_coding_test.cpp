#include "http/content_coding.h"

#include <gtest/gtest.h>

#include "http/coded.h"
#include "http/limits.h"

namespace tocsin::http {
namespace {

constexpr std::uint64_t kMuch = 64U << 20;

struct Taken {
  BodyTrouble trouble = BodyTrouble::none;
  bool whole = false;
  std::string text;
};

/// What comes out if the body comes in pieces of this size.
Taken take(Coding coding, std::string_view sent, std::size_t piece = 1U << 16,
           std::uint64_t most = kMuch) {
  Decompressor decompressor(coding);
  Taken taken;
  while (!sent.empty() && taken.trouble == BodyTrouble::none) {
    const std::string_view some = sent.substr(0, piece);
    taken.trouble = decompressor.take(some, most, taken.text);
    sent.remove_prefix(some.size());
  }
  taken.whole = decompressor.is_whole();
  return taken;
}

std::string code(Coding coding, std::string_view text) {
  return coding == Coding::gzip ? gzipped(text) : zstd_coded(text);
}

/// Some text that is neither all the same nor all different.
std::string text_of(std::size_t size) {
  std::string text;
  for (std::uint32_t i = 0; text.size() < size; ++i) {
    text += "{\"instance\":\"host-" + std::to_string(i * 2654435761U) + "\"},";
  }
  text.resize(size);
  return text;
}

constexpr Coding kBoth[] = {Coding::gzip, Coding::zstd};

TEST(ContentCoding, KnowsGzipAndZstdByTheirNames) {
  EXPECT_EQ(coding_of(""), Coding::identity);
  EXPECT_EQ(coding_of("identity"), Coding::identity);
  EXPECT_EQ(coding_of("gzip"), Coding::gzip);
  EXPECT_EQ(coding_of("X-GZip"), Coding::gzip);
  EXPECT_EQ(coding_of("ZSTD"), Coding::zstd);
  for (const char* unknown :
       {"br", "deflate", "compress", "gzip, gzip", "gzip,", "zstd;q=1", "*"}) {
    EXPECT_EQ(coding_of(unknown), std::nullopt) << unknown;
  }
}

TEST(ContentCoding, GivesBackWhatWasCompressedHoweverItComes) {
  for (const Coding coding : kBoth) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{65'535},
                                   std::size_t{65'536}, std::size_t{3'000'000}}) {
      const std::string text = text_of(size);
      const std::string sent = code(coding, text);
      for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, sent.size()}) {
        SCOPED_TRACE(size);
        const Taken taken = take(coding, sent, piece);
        EXPECT_EQ(taken.trouble, BodyTrouble::none);
        EXPECT_TRUE(taken.whole);
        EXPECT_TRUE(taken.text == text);
      }
    }
  }
}

TEST(ContentCoding, ReadsOneMemberOrFrameAfterTheOther) {
  for (const Coding coding : kBoth) {
    const std::string sent = code(coding, "[{}") + code(coding, "") + code(coding, ",{}]");
    for (const std::size_t piece : {std::size_t{1}, sent.size()}) {
      const Taken taken = take(coding, sent, piece);
      EXPECT_EQ(taken.trouble, BodyTrouble::none);
      EXPECT_TRUE(taken.whole);
      EXPECT_EQ(taken.text, "[{},{}]");
    }
  }
}

TEST(ContentCoding, NoticesACutAtEveryByte) {
  for (const Coding coding : kBoth) {
    const std::string sent = code(coding, text_of(2'000));
    for (std::size_t size = 1; size < sent.size(); ++size) {
      const Taken taken = take(coding, std::string_view(sent).substr(0, size));
      EXPECT_FALSE(taken.whole && taken.trouble == BodyTrouble::none) << size;
    }
  }
}

TEST(ContentCoding, NothingAtAllIsWhole) {
  for (const Coding coding : kBoth) EXPECT_TRUE(Decompressor(coding).is_whole());
}

TEST(ContentCoding, RefusesWhatFollowsAndIsNoneOfIt) {
  for (const Coding coding : kBoth) {
    for (const char* rest : {"garbage", "x", "[]"}) {
      const Taken taken = take(coding, code(coding, "[]") + rest, 1);
      EXPECT_TRUE(taken.trouble == BodyTrouble::coding || !taken.whole) << rest;
    }
    EXPECT_EQ(take(coding, "[]no coding at all, whatever the header says").trouble,
              BodyTrouble::coding);
  }
}

TEST(ContentCoding, NoticesAFlippedBitOfTheCheckSum) {
  std::string sent = gzipped(text_of(2'000));
  sent[sent.size() - 6] = static_cast<char>(sent[sent.size() - 6] ^ 1);
  EXPECT_EQ(take(Coding::gzip, sent).trouble, BodyTrouble::coding);
  sent = zstd_coded(text_of(2'000));
  sent[sent.size() - 2] = static_cast<char>(sent[sent.size() - 2] ^ 1);
  EXPECT_EQ(take(Coding::zstd, sent).trouble, BodyTrouble::coding);
}

TEST(ContentCoding, TheLimitIsOfWhatComesOutToTheByte) {
  for (const Coding coding : kBoth) {
    const std::string sent = code(coding, text_of(100'000));
    EXPECT_EQ(take(coding, sent, 1U << 16, 100'000).trouble, BodyTrouble::none);
    const Taken taken = take(coding, sent, 1U << 16, 99'999);
    EXPECT_EQ(taken.trouble, BodyTrouble::too_large);
    EXPECT_EQ(taken.text.size(), 100'000u);
  }
}

TEST(ContentCoding, ABombGoesNoFurtherThanItsRatio) {
  for (const Coding coding : kBoth) {
    const std::string sent = code(coding, std::string(kMuch, ' '));
    const Taken taken = take(coding, sent);
    EXPECT_EQ(taken.trouble, BodyTrouble::ratio);
    EXPECT_LE(taken.text.size(),
              std::max<std::size_t>(kFreeOfRatio, sent.size() * kRatioMax) + (128U << 10));
  }
}

TEST(ContentCoding, TheFirstMegabyteMayBeAsSmallAsItLikes) {
  for (const Coding coding : kBoth) {
    EXPECT_EQ(take(coding, code(coding, std::string(kFreeOfRatio, ' '))).trouble,
              BodyTrouble::none);
  }
}

TEST(ContentCoding, AZstdWindowBeyondTheLimitIsRefusedBeforeItIsAllocated) {
  Decompressor decompressor(Coding::zstd);
  std::string out;
  const std::string sent = zstd_coded(text_of(100'000), kWindowLogMax + 1);
  EXPECT_EQ(decompressor.take(sent, kMuch, out), BodyTrouble::window);
  EXPECT_LT(decompressor.memory(), std::size_t{1} << kWindowLogMax);
  EXPECT_EQ(take(Coding::zstd, zstd_coded(text_of(100'000), kWindowLogMax)).trouble,
            BodyTrouble::none);
}

TEST(ContentCoding, SaysWhatMemoryItHolds) {
  Decompressor decompressor(Coding::zstd);
  std::string out;
  const std::string sent = zstd_coded(text_of(100'000), kWindowLogMax);
  ASSERT_EQ(decompressor.take(std::string_view(sent).substr(0, 1'000), kMuch, out),
            BodyTrouble::none);
  EXPECT_GE(decompressor.memory(), std::size_t{1} << kWindowLogMax);
}

}  // namespace
}  // namespace tocsin::http
