// Files of older schemas are brought up to ours.
#include <gtest/gtest.h>

#include "store/store_world.h"

namespace tocsin::store {
namespace {

/// A file as the first schema has it: what came later is taken away again.
void make_schema_1(const std::string& file) {
  sql(file,
      "DROP VIEW alert_now;"
      "ALTER TABLE alert_display DROP COLUMN labels;"
      "ALTER TABLE alert_event DROP COLUMN labels;"
      "DROP TABLE rejected_body;"
      "CREATE VIEW alert_now AS SELECT id FROM alert;"
      "UPDATE meta SET schema=1");
}

TEST(Schema, AFileOfTheFirstOneIsBroughtUpAndKeepsWhatItHolds) {
  TempFolder folder;
  const std::string file = folder.file("tocsin.db");
  {
    auto store = open_store(bare(folder));
    Batch batch = batch_after(load(*store));
    batch.rows.new_alerts.push_back(new_alert(1));
    ASSERT_EQ(store->commit(batch), Committed::committed);
  }
  make_schema_1(file);
  auto store = open_store(bare(folder));
  ASSERT_NE(store, nullptr);
  const Loaded loaded = load(*store);
  EXPECT_NE(loaded.state->find(AlertId{1}), nullptr);
  EXPECT_EQ(sql(file, "SELECT schema||' '||min_reader FROM meta"), "2 1");
  EXPECT_EQ(sql(file, "SELECT count(labels) FROM alert_now"), "1");
  EXPECT_EQ(sql(file, "SELECT count(*) FROM rejected_body"), "0");
}

}  // namespace
}  // namespace tocsin::store
