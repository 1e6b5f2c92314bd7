// What a commit promises, and what a failed one says.
#include <gtest/gtest.h>

#include "store/faulty_vfs.h"
#include "store/store_world.h"

namespace tocsin::store {
namespace {

Batch batch_with_alert(const Loaded& loaded, std::uint64_t id) {
  Batch batch = batch_after(loaded);
  batch.rows.new_alerts.push_back(new_alert(id));
  batch.counters.last_alert = id;
  return batch;
}

TEST(Commit, NothingOfABatchIsThereBeforeItAndAllOfItAfter) {
  const TempFolder folder;
  const auto store = open_store(bare(folder));
  const Loaded loaded = load(*store);
  const auto reader = open_reader(bare(folder));
  EXPECT_TRUE(reader->alerts({})->empty());
  EXPECT_EQ(store->commit(batch_with_alert(loaded, 1)), Committed::committed);
  EXPECT_EQ(reader->alerts({})->size(), 1U);
}

TEST(Commit, EachOneIsSyncedBeforeItReturns) {
  const TempFolder folder;
  FaultyVfs vfs;
  const auto store = open_store(bare(folder, vfs.name()));
  const Loaded loaded = load(*store);
  Batch batch = batch_with_alert(loaded, 1);
  for (int i = 0; i < 3; ++i) {
    const int before = vfs.syncs;
    ASSERT_EQ(store->commit(batch), Committed::committed);
    EXPECT_EQ(vfs.syncs - before, 1);
    batch.rows = {};
    ++batch.seq;
  }
}

TEST(Commit, ABatchThatCannotBeWrittenLeavesNoTrace) {
  const TempFolder folder;
  auto store = open_store(bare(folder));
  const Loaded loaded = load(*store);
  Batch batch = batch_with_alert(loaded, 1);
  ASSERT_EQ(store->commit(batch), Committed::committed);
  ++batch.seq;
  batch.rows.new_alerts.insert(batch.rows.new_alerts.begin(), new_alert(2));  // 1 comes again.
  EXPECT_EQ(store->commit(batch), Committed::failed);
  EXPECT_EQ(open_reader(bare(folder))->alerts({})->size(), 1U);
  batch.rows = {};
  EXPECT_EQ(store->commit(batch), Committed::failed) << "a failed store stays failed";
  store = open_store(bare(folder));
  EXPECT_EQ(load(*store).seq, 1U);
}

TEST(Commit, TwoPagesCannotHaveOneKey) {  // R06
  const TempFolder folder;
  const auto store = open_store(bare(folder));
  Batch batch = batch_after(load(*store));
  batch.rows.pages = {odd_page(1, 1), odd_page(2, 1)};
  batch.rows.pages[1].key = batch.rows.pages[0].key;
  EXPECT_EQ(store->commit(batch), Committed::failed);
}

TEST(Commit, AFormerOwnerIsFencedOff) {
  const TempFolder folder;
  const auto former = open_store(bare(folder));
  const Loaded loaded = load(*former);
  const auto next = open_store(bare(folder));
  const Loaded owned = load(*next);
  EXPECT_EQ(owned.epoch, loaded.epoch + 1);
  EXPECT_EQ(former->commit(batch_with_alert(loaded, 1)), Committed::fenced);
  EXPECT_EQ(former->commit(batch_with_alert(loaded, 1)), Committed::fenced);
  EXPECT_FALSE(former->save_policy(1, {{"a.yaml", "a"}}, at(1)));
  EXPECT_EQ(next->commit(batch_with_alert(owned, 1)), Committed::committed);
  EXPECT_EQ(open_reader(bare(folder))->alerts({})->size(), 1U);
}

TEST(CommitDeathTest, AGapBetweenBatchesStopsTheProgram) {
  const TempFolder folder;
  const auto store = open_store(bare(folder));
  Batch batch = batch_with_alert(load(*store), 1);
  ++batch.seq;
  EXPECT_DEATH(store->commit(batch), "batch.seq == seq \\+ 1");
}

TEST(Commit, ALackOfSpaceIsCertainAndTheSameBatchMayBeTriedAgain) {
  const TempFolder folder;
  FaultyVfs vfs;
  auto store = open_store(bare(folder, vfs.name()));
  const Loaded loaded = load(*store);
  const Batch batch = batch_with_alert(loaded, 1);
  vfs.full = true;
  EXPECT_EQ(store->commit(batch), Committed::no_space);
  EXPECT_EQ(store->commit(batch), Committed::no_space);
  EXPECT_TRUE(open_reader(bare(folder))->alerts({})->empty());
  vfs.full = false;
  EXPECT_EQ(store->commit(batch), Committed::committed);
  store.reset();
  store = open_store(bare(folder, vfs.name()));
  const Loaded again = load(*store);
  EXPECT_EQ(again.seq, 1U);
  EXPECT_EQ(again.state->alert_count(), 1U);
}

TEST(Commit, ALackOfSpaceInTheMiddleOfALargeBatchIsRolledBackToo) {
  const TempFolder folder;
  FaultyVfs vfs;
  const auto store = open_store(bare(folder, vfs.name()));
  Batch batch = batch_after(load(*store));
  // More than the page cache holds, so that pages spill into the WAL before the commit.
  for (std::uint64_t id = 1; id <= 3'000; ++id) {
    batch.rows.new_alerts.push_back(new_alert(id, Labels{{"a", std::string(16'000, 'x')}}));
  }
  vfs.full = true;
  EXPECT_EQ(store->commit(batch), Committed::no_space);
  vfs.full = false;
  EXPECT_EQ(store->commit(batch), Committed::committed);
}

TEST(Commit, AFailedSyncLeavesTheOutcomeUnknownAndIsNeverTriedAgain) {  // R60
  const TempFolder folder;
  FaultyVfs vfs;
  auto store = open_store(bare(folder, vfs.name()));
  const Loaded loaded = load(*store);
  vfs.sync_fails = true;
  EXPECT_EQ(store->commit(batch_with_alert(loaded, 1)), Committed::unknown);
  const int syncs = vfs.syncs;
  vfs.sync_fails = false;
  EXPECT_EQ(store->commit(batch_with_alert(loaded, 1)), Committed::failed);
  EXPECT_FALSE(store->maintain({at(1), at(1)}, Duration(1), Duration(1)));
  EXPECT_FALSE(store->save_policy(1, {}, at(1)));
  store.reset();
  EXPECT_EQ(vfs.syncs, syncs);
  // Asked again, the store knows.
  store = open_store(bare(folder, vfs.name()));
  const Loaded again = load(*store);
  EXPECT_EQ(again.state->alert_count(), again.seq);
}

TEST(Commit, AStartOnAFullDiskUsesTheReserve) {
  const TempFolder folder;
  FaultyVfs vfs;
  { load(*open_store(bare(folder, vfs.name()))); }
  StoreOptions options = guarded(folder);
  options.vfs = vfs.name();
  const auto store = open_store(options);
  EXPECT_NE(read_file(folder.file("reserve")), "");
  vfs.full = true;
  const auto loaded = store->load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(to_string(loaded.error().kind), "io");
  EXPECT_EQ(read_file(folder.file("reserve")), "") << "it was given up before the second try";
  vfs.full = false;
  EXPECT_TRUE(store->load());
}

TEST(Commit, TheTimelineOfAnIncidentGrowsFromBatchToBatch) {
  const TempFolder folder;
  const auto store = open_store(bare(folder));
  Batch batch = batch_after(load(*store));
  for (int i = 0; i < 3; ++i) {
    batch.rows.timeline = {
        {IncidentId{1}, at(i), "ana", "noted", "note " + std::to_string(i)},
        {IncidentId{2}, at(i), "", "paged", "elsewhere"},
    };
    ASSERT_EQ(store->commit(batch), Committed::committed);
    ++batch.seq;
  }
  const auto timeline = open_reader(bare(folder))->timeline(IncidentId{1}, 2);
  ASSERT_TRUE(timeline);
  ASSERT_EQ(timeline->size(), 2U);
  EXPECT_EQ((*timeline)[0].detail, "note 2");
  EXPECT_EQ((*timeline)[1].detail, "note 1");
  EXPECT_EQ((*timeline)[0].actor, "ana");
  EXPECT_EQ((*timeline)[0].kind, "noted");
  EXPECT_EQ((*timeline)[0].at, at(2));
  EXPECT_EQ((*timeline)[0].incident, IncidentId{1});
}

}  // namespace
}  // namespace tocsin::store
