#include "tocsin/triage/incident_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <ranges>

namespace tocsin::triage {
namespace {

Incident incident(std::uint64_t id, Key key) {
  Incident made;
  made.id = IncidentId{id};
  made.key = key;
  return made;
}

TEST(IncidentTable, FindsWhatMapsFindAfterAnyInsertionsAndErasures) {
  struct Known {
    Key key;
    std::vector<AlertId> alerts;
  };
  std::mt19937_64 random(21);
  IncidentTable table;
  std::map<std::uint64_t, Known> oracle;
  // Few keys, some of which share the half that is the hash: incidents of one key pile up.
  const auto random_key = [&] { return Key{random() % 3, random() % 7}; };
  std::uint64_t last = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::uint64_t asked = last == 0 ? 1 : 1 + random() % last;
    switch (random() % 3) {
      case 0: {
        const Key key = random_key();
        const Incident& placed = table.insert(incident(++last, key));
        ASSERT_EQ(placed.id.value, last);
        oracle[last] = {key, {}};
        break;
      }
      case 1:
        if (oracle.erase(asked) == 1) table.erase(IncidentId{asked});
        break;
      default:
        if (const auto known = oracle.find(asked); known != oracle.end()) {
          table.add_alert(IncidentId{asked}, AlertId{random()});
          known->second.alerts.push_back(table.alerts_of(IncidentId{asked}).back());
        }
    }
    ASSERT_EQ(table.size(), oracle.size());
    const Incident* found = table.find(IncidentId{asked});
    const auto known = oracle.find(asked);
    ASSERT_EQ(found != nullptr, known != oracle.end());
    const std::vector<AlertId> none;
    ASSERT_EQ(table.alerts_of(IncidentId{asked}), found ? known->second.alerts : none);
    const Key key = random_key();
    const Incident* newest = table.newest_of(key);
    std::uint64_t expected = 0;
    for (const auto& [id, of] : oracle) {
      if (of.key == key) expected = id;
    }
    ASSERT_EQ(newest == nullptr ? 0 : newest->id.value, expected);
  }
  std::vector<std::uint64_t> in_order;
  for (const auto& [id, kept] : table.in_order()) in_order.push_back(id.value);
  EXPECT_TRUE(std::ranges::equal(in_order, oracle | std::views::keys));
}

TEST(IncidentTable, KeepsItsIncidentsWhereTheyAreWhenItIsMoved) {
  IncidentTable table;
  const Incident* const placed = &table.insert(incident(1, {1, 2}));
  const IncidentTable moved = std::move(table);
  EXPECT_EQ(moved.find(IncidentId{1}), placed);
  EXPECT_EQ(moved.newest_of({1, 2}), placed);
}

}  // namespace
}  // namespace tocsin::triage
