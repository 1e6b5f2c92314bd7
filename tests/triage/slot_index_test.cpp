#include "tocsin/triage/slot_index.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace tocsin::triage {

TEST(SlotIndex, FindsWhatAMapFindsAfterAnyInsertionsAndErasures) {
  std::mt19937_64 random(11);
  SlotIndex index;
  std::map<std::uint64_t, std::uint32_t> oracle;
  std::vector<std::uint64_t> key_of_slot;
  std::vector<std::uint32_t> free_slots;
  // Few distinct hashes, so that runs collide, wrap around and close up.
  const auto hash_of_key = [](std::uint64_t key) { return key % 97; };
  for (int round = 0; round < 50'000; ++round) {
    const std::uint64_t key = random() % 400;
    const auto known = oracle.find(key);
    const std::uint32_t found =
        index.find(hash_of_key(key), [&](std::uint32_t slot) { return key_of_slot[slot] == key; });
    ASSERT_EQ(found, known == oracle.end() ? SlotIndex::kEmpty : known->second);
    if (known != oracle.end()) {
      index.erase(hash_of_key(key), known->second);
      free_slots.push_back(known->second);
      oracle.erase(known);
      continue;
    }
    std::uint32_t slot = static_cast<std::uint32_t>(key_of_slot.size());
    if (!free_slots.empty()) {
      slot = free_slots.back();
      free_slots.pop_back();
      key_of_slot[slot] = key;
    } else {
      key_of_slot.push_back(key);
    }
    index.insert(hash_of_key(key), slot);
    oracle[key] = slot;
  }
}

}  // namespace tocsin::triage
