#include <gtest/gtest.h>

#include <random>

#include "ingest/world.h"

namespace tocsin::ingest {
namespace {

std::string body_of(int first, int count, int round) {
  std::string out = "[";
  for (int i = first; i < first + count; ++i) {
    if (i != first) out += ',';
    const std::string n = std::to_string(i);
    out += R"({"labels":{"alertname":"A)" + n + R"(","instance":"host-)" + n +
           R"("},"annotations":{"value":")" + std::to_string(round) +
           R"("},"startsAt":"2026-11-23T03:33:00Z","endsAt":"2036-01-01T00:00:)" +
           std::to_string(10 + round % 50) + "Z\"}";
  }
  return out + "]";
}

TEST(Memo, GivesTheSameKeysTimesAndAnnotationsAsWithout) {
  World world;
  Memo memo;
  world.decode(body_of(0, 50, 0), &memo);  // Only what is seen a second time is kept.
  for (int round = 0; round < 5; ++round) {
    const std::string body = body_of(0, 50, round);
    const auto with = world.decode(body, &memo);
    const auto without = world.decode(body);
    ASSERT_EQ(with->reports.size(), 50u);
    ASSERT_EQ(without->reports.size(), 50u);
    EXPECT_EQ(with->memo_hits, round == 0 ? 0u : 50u);
    EXPECT_EQ(with->reuses_memo, round != 0);
    EXPECT_FALSE(without->reuses_memo);
    for (std::size_t i = 0; i < 50; ++i) {
      const Report& a = with->reports[i];
      const Report& b = without->reports[i];
      EXPECT_EQ(a.key, b.key);
      EXPECT_EQ(a.starts_at, b.starts_at);
      EXPECT_EQ(a.ends_at, b.ends_at);
      EXPECT_EQ(a.annotations, b.annotations);
      EXPECT_EQ(a.has_labels, round == 0);
      EXPECT_TRUE(b.has_labels);
      EXPECT_EQ(a.labels.empty(), !a.has_labels);
    }
  }
}

TEST(Memo, IsKeptApartBySourceMappingAndIgnoredLabels) {
  World world;
  Memo memo;
  const std::string body = R"([{"labels":{"a":"x","replica":"1"}}])";
  const Key whole = world.decode(body, &memo)->reports[0].key;
  EXPECT_TRUE(world.decode(body, &memo)->reports[0].has_labels) << "its second sight";
  EXPECT_FALSE(world.decode(body, &memo)->reports[0].has_labels);
  world.terms.source = "other";
  EXPECT_TRUE(world.decode(body, &memo)->reports[0].has_labels);
  world.terms.mapping_version = 2;
  EXPECT_TRUE(world.decode(body, &memo)->reports[0].has_labels);
  world.ignore = {"replica"};
  const auto decoded = world.decode(body, &memo);
  EXPECT_TRUE(decoded->reports[0].has_labels);
  EXPECT_NE(decoded->reports[0].key, whole);
}

TEST(Memo, ForgetsWhatIsNotSeenAgainAndKeepsWhatIs) {
  World world;
  Memo memo(256U << 10);  // 3,072 spellings each in two generations.
  const std::string kept = body_of(1'000'000, 10, 0);
  world.decode(kept, &memo);
  world.decode(kept, &memo);
  for (int i = 0; i < 100; ++i) {
    for (int twice = 0; twice < 2; ++twice) world.decode(body_of(i * 200, 200, 0), &memo);
    EXPECT_EQ(world.decode(kept, &memo)->memo_hits, 10u);
    world.arena = Arena();
  }
  // 20,000 spellings do not fit; the first ones are gone.
  EXPECT_EQ(world.decode(body_of(0, 200, 0), &memo)->memo_hits, 0u);
  EXPECT_GT(world.decode(body_of(99 * 200, 200, 0), &memo)->memo_hits, 0u);
}

TEST(Memo, AStormLeavesItAsItWas) {
  World world;
  Memo memo(2U << 20);
  const std::string kept = body_of(1'000'000, 10, 0);
  for (int twice = 0; twice < 2; ++twice) world.decode(kept, &memo);
  for (int i = 0; i < 500; ++i) {
    world.decode(body_of(i * 200, 200, 0), &memo);  // 100,000 spellings, each once.
    world.arena = Arena();
  }
  EXPECT_EQ(world.decode(kept, &memo)->memo_hits, 10u);
}

TEST(Memo, KeepsAHundredThousandSpellingsThatTakeTurns) {
  World world;
  Memo memo;
  std::size_t hits = 0;
  for (int round = 0; round < 3; ++round) {
    for (int first = 0; first < 100'000; first += 1'000) {
      hits += world.decode(body_of(first, 1'000, 0), &memo)->memo_hits;
      world.arena = Arena();
    }
  }
  // A few were pushed out by others between their first sight and their second.
  EXPECT_GT(hits, 99'000u);
}

TEST(Memo, DoesNotLearnFromARefusedAlert) {
  World world;
  Memo memo;
  const std::string bad = R"([{"labels":{"a":"x"},"endsAt":5}])";
  EXPECT_EQ(world.decode(bad, &memo)->refused.size(), 1u);
  EXPECT_EQ(world.decode(bad, &memo)->refused.size(), 1u);
  EXPECT_TRUE(world.decode(R"([{"labels":{"a":"x"}}])", &memo)->reports[0].has_labels);
}

TEST(Memo, KnownLabelsDoNotExcuseABadTime) {
  World world;
  Memo memo;
  for (int twice = 0; twice < 2; ++twice) world.decode(R"([{"labels":{"a":"x"}}])", &memo);
  EXPECT_EQ(world.decode(R"([{"labels":{"a":"x"},"endsAt":5}])", &memo)->refused.size(), 1u);
}

/// Flips, drops, doubles or inserts bytes.
void mutate(std::string& text, std::mt19937& random) {
  const std::size_t at = random() % (text.size() + 1);
  switch (random() % 4) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(random());
      break;
    case 1:
      text.erase(at, random() % 8);
      break;
    case 2:
      text.insert(at, text.substr(at, random() % 40));
      break;
    default:
      text.insert(at, 1, "{}[]\",:\\\0\xED\xA0u0"[random() % 13]);
      break;
  }
}

/// Decoding is total, and the memo changes nothing but whether labels are there.
TEST(Memo, OnMutatedBodiesTheResultIsTheSameWithAndWithout) {
  std::mt19937 random(20261123);
  World world;
  Memo memo(256U << 10);
  const std::string seeds[] = {
      body_of(0, 3, 1),
      R"([{"labels":{"a":"\ud83d\ude00\u0000","b":null,"b":"é"},"annotations":null,"startsAt":""}])",
      R"([{"generatorURL":7,"labels":{"x":"y","x":"z"},"endsAt":"0001-01-01T00:00:00Z"},{},[1e999]])"};
  std::size_t readable = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string body = seeds[random() % 3];
    for (auto n = random() % 4; n > 0; --n) mutate(body, random);
    const auto with = world.decode(body, &memo);
    const auto without = world.decode(body);
    ASSERT_EQ(with.has_value(), without.has_value()) << body;
    if (!with) continue;
    ++readable;
    ASSERT_EQ(with->reports.size(), without->reports.size()) << body;
    ASSERT_EQ(with->refused_by, without->refused_by) << body;
    for (std::size_t i = 0; i < with->reports.size(); ++i) {
      const Report& report = without->reports[i];
      ASSERT_EQ(with->reports[i].key, report.key) << body;
      ASSERT_EQ(with->reports[i].annotations, report.annotations) << body;
      ASSERT_EQ(with->reports[i].ends_at, report.ends_at) << body;
      ASSERT_TRUE(LabelsView::is_valid(report.labels.block())) << body;
      ASSERT_FALSE(report.labels.empty()) << body;
    }
    world.arena = Arena();
  }
  EXPECT_GT(readable, 5'000u);
}

}  // namespace
}  // namespace tocsin::ingest
