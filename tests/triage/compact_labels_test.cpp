#include "tocsin/triage/compact_labels.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace tocsin::triage {
namespace {

TEST(CompactLabels, SayWhatWasSaid) {
  Vocabulary words;
  const Labels cases[] = {
      Labels(),
      Labels{{"alertname", "Disk"}},
      Labels{{"alertname", "Disk"}, {"instance", "10.0.0.1:9100"}, {"severity", "critical"}},
      Labels{{std::string(300, 'n'), std::string(70'000, 'v')}, {"x", std::string(200, 'v')}},
      Labels{{std::string("\0a", 2), std::string("\0", 1)}, {"\xff\xfe", "\x80"}},
  };
  std::vector<CompactLabels> compact;
  for (const Labels& labels : cases) compact.push_back(words.compress(labels));
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    EXPECT_EQ(words.expand(compact[i]).block(), cases[i].block()) << i;
  }
}

TEST(CompactLabels, AreReadWhateverWasLearntBeforeAndAfter) {
  Vocabulary words;
  std::mt19937 random(7);
  std::vector<Labels> sent;
  std::vector<CompactLabels> kept;
  for (int i = 0; i < 20'000; ++i) {
    std::vector<std::string> texts;
    for (int k = 0; k < 12; ++k) {
      // Some names have few values, some a new one each time; some are new themselves.
      texts.push_back("name" + std::to_string(random() % (k == 0 ? 100'000U : 40U)));
      texts.push_back("value" + std::to_string(random() % (k % 3 == 0 ? 1'000'000U : 50U)));
    }
    std::vector<Label> pairs;
    for (std::size_t k = 0; k + 1 < texts.size(); k += 2) pairs.push_back({texts[k], texts[k + 1]});
    sent.emplace_back(std::move(pairs));
    kept.push_back(words.compress(sent.back()));
  }
  for (std::size_t i = 0; i < sent.size(); ++i) {
    ASSERT_EQ(words.expand(kept[i]).block(), sent[i].block()) << i;
  }
}

TEST(CompactLabels, TheVocabularyStaysWithinItsLimits) {
  Vocabulary words;
  const std::size_t most = Vocabulary::kNamesMax + Vocabulary::kValuesMax;
  for (int name = 0; name < 6'000; ++name) {
    for (int value = 0; value < 30; ++value) {
      words.compress(Labels{{"n" + std::to_string(name), "v" + std::to_string(value)}});
    }
  }
  EXPECT_LE(words.words(), most);
  Vocabulary one_name;
  for (int value = 0; value < 10'000; ++value) {
    one_name.compress(Labels{{"instance", "host-" + std::to_string(value)}});
  }
  EXPECT_LE(one_name.words(), 1 + Vocabulary::kValuesOfNameMax);
}

}  // namespace
}  // namespace tocsin::triage
