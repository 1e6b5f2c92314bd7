// Stores as former versions wrote them: tests/store/schema_<n>.sql.
#include <gtest/gtest.h>

#include "store/schema.h"
#include "store/store_world.h"
#include "tocsin/triage/triage.h"

namespace tocsin::store {
namespace {

void make_store_of_schema(int schema, const TempFolder& folder) {
  const std::string name = "/tests/store/schema_" + std::to_string(schema) + ".sql";
  sql(folder.file("tocsin.db"), read_file(std::string(TOCSIN_SOURCE_DIR) + name));
}

/// "alert.id alert.key …": every column of every table and view.
std::string columns(const TempFolder& folder) {
  return sql(
      folder.file("tocsin.db"),
      "SELECT group_concat(n,' ') FROM (SELECT m.name||'.'||c.name AS n FROM sqlite_schema AS "
      "m, pragma_table_info(m.name) AS c WHERE m.type IN ('table','view') ORDER BY 1)");
}

class Migration : public testing::TestWithParam<int> {};

TEST_P(Migration, KeepsTheStateAndMakesTheTablesOfANewStore) {
  const TempFolder folder;
  const TempFolder fresh;
  make_store_of_schema(GetParam(), folder);
  {
    const auto store = open_store(guarded(folder));
    const Loaded loaded = load(*store);
    EXPECT_EQ(loaded.seq, 10U);
    EXPECT_EQ(loaded.state->alert_count(), 3U);
    EXPECT_EQ(loaded.state->firing_count(), 2U);
    ASSERT_NE(loaded.state->find(IncidentId{1}), nullptr);
    EXPECT_EQ(loaded.state->find(IncidentId{1})->state, triage::IncidentState::acknowledged);
    EXPECT_EQ(loaded.state->find(IncidentId{1})->firing, 2U);
    EXPECT_EQ(loaded.state->find(IncidentId{2})->state, triage::IncidentState::resolved);
    const auto policy = store->last_policy();
    ASSERT_TRUE(policy);
    EXPECT_EQ(policy->size(), 1U);
    // It goes on: a batch after the last one of the former version.
    Batch batch = batch_after(loaded, 1'795'453'300);
    batch.counters.last_alert = 4;
    batch.rows.new_alerts.push_back(new_alert(4));
    EXPECT_EQ(store->commit(batch), Committed::committed);
  }
  EXPECT_EQ(sql(folder.file("tocsin.db"), "SELECT schema FROM meta"), std::to_string(kSchema));
  EXPECT_EQ(sql(folder.file("tocsin.db"), "SELECT min_reader FROM meta"), "1")
      << "additions only: a former version may come back";
  open_store(guarded(fresh)).reset();
  EXPECT_EQ(columns(folder), columns(fresh));
}

TEST_P(Migration, OfABackupGivesTheStateOfTheStoreItself) {
  const TempFolder folder;
  const TempFolder elsewhere;
  const TempFolder target;
  make_store_of_schema(GetParam(), folder);
  const auto kept = back_up(guarded(folder), elsewhere.file("copy.db"), {});
  ASSERT_TRUE(kept) << kept.error().problem;
  EXPECT_EQ(sql(folder.file("tocsin.db"), "SELECT schema FROM meta"), std::to_string(GetParam()))
      << "a backup changes nothing";
  const auto restored = restore(elsewhere.file("copy.db"), guarded(target), {});
  ASSERT_TRUE(restored) << restored.error().problem;
  EXPECT_EQ(restored->digest, kept->digest);
  EXPECT_EQ(triage::durable_digest(*load(*open_store(guarded(folder))).state), kept->digest);
}

INSTANTIATE_TEST_SUITE_P(Schemas, Migration, testing::Values(1));

}  // namespace
}  // namespace tocsin::store
