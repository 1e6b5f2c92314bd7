// Incidents that only gain new alerts: in a storm their own rows are written late.
#include <gtest/gtest.h>

#include <string>

#include "store/faulty_vfs.h"
#include "store/store_world.h"

namespace tocsin::store {
namespace {

using triage::IncidentState;
using triage::Rows;

/// A store that leaves rows late as soon as more than one incident grows in a batch. Three
/// incidents are open; alert N joins incident (N - 1) % 3 + 1.
class LateRows : public ::testing::Test {
 protected:
  LateRows() {
    options_ = bare(folder_, vfs_.name());
    options_.late_rows_above = 1;
    reopen();
    for (std::uint64_t id = 1; id <= 3; ++id) {
      triage::Incident incident;
      incident.id = IncidentId{id};
      batch_.rows.incidents.push_back(incident);
      incidents_.push_back(incident);
      batch_.rows.timeline.push_back({.incident = incident.id, .at = at(0), .kind = "opened"});
    }
    batch_.counters.last_incident = 3;
    commit();
  }

  void reopen() {
    reader_.reset();
    store_.reset();
    store_ = open_store(options_);
    loaded_ = load(*store_);
    batch_ = batch_after(loaded_);
    auto reader = store_->open_reader();
    ASSERT_TRUE(reader);
    reader_ = *std::move(reader);
  }
  void commit() {
    ASSERT_EQ(store_->commit(batch_), Committed::committed);
    ++batch_.seq;
    batch_.rows = {};
  }
  /// New alerts up to `last` join; each incident's counts are as the core would write them.
  void alerts_join(std::uint64_t last) {
    for (; next_ <= last; ++next_) {
      const std::uint64_t incident = (next_ - 1) % 3 + 1;
      auto alert = new_alert(next_);
      alert.joined = IncidentId{incident};
      alert.status.incident = alert.joined;
      alert.status.starts_at = at(-static_cast<std::int64_t>(next_));
      triage::Incident& joined = incidents_[incident - 1];
      ++joined.firing;
      ++joined.version;
      joined.last_joined = alert.status.received_at;
      joined.started_at = std::min(joined.started_at, alert.status.starts_at);
      batch_.rows.new_alerts.push_back(std::move(alert));
      std::erase_if(batch_.rows.incident_counts,
                    [&](const auto& counts) { return counts.id == joined.id; });
      batch_.rows.incident_counts.push_back({.id = joined.id,
                                             .firing = joined.firing,
                                             .resolved = joined.resolved,
                                             .started_at = joined.started_at,
                                             .last_joined = joined.last_joined,
                                             .version = joined.version,
                                             .only_new_alerts = true});
    }
  }
  std::string counts_on_disk() {
    return sql(folder_.file("tocsin.db"),
               "SELECT group_concat(firing || '/' || last_alert, ' ') FROM (SELECT i.firing, "
               "c.last_alert FROM incident_now AS i JOIN incident_chain AS c ON c.id=i.id "
               "ORDER BY i.id)");
  }
  std::string counts_for_readers() {
    std::string out;
    const auto listed = reader_->incidents({});
    if (!listed) return listed.error().problem;
    for (auto incident = listed->rbegin(); incident != listed->rend(); ++incident) {
      const auto alone = reader_->incident(incident->id);
      EXPECT_EQ((*alone)->version, incident->version);
      out += (out.empty() ? "" : " ") + std::to_string(incident->firing) + "/" +
             std::to_string((*alone)->firing);
    }
    return out;
  }
  std::string alerts_of(std::uint64_t incident) {
    std::string out;
    const auto alerts = reader_->alerts({.incident = IncidentId{incident}});
    if (!alerts) return alerts.error().problem;
    for (const AlertRow& alert : *alerts) {
      out += (out.empty() ? "" : " ") + std::to_string(alert.id.value);
    }
    return out;
  }
  std::string timeline_of(std::uint64_t incident) {
    std::string out;
    const auto entries = reader_->timeline(IncidentId{incident}, 100);
    if (!entries) return entries.error().problem;
    for (const auto& entry : *entries) {
      out +=
          (out.empty() ? "" : "; ") + entry.kind + (entry.detail.empty() ? "" : " ") + entry.detail;
    }
    return out;
  }

  TempFolder folder_;
  FaultyVfs vfs_;
  StoreOptions options_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Reader> reader_;
  Loaded loaded_;
  Batch batch_;
  std::vector<triage::Incident> incidents_;
  std::uint64_t next_ = 1;
};

TEST_F(LateRows, AreWrittenAtOnceInCalm) {
  alerts_join(1);
  commit();
  EXPECT_EQ(counts_on_disk(), "1/1 0/0 0/0");
  EXPECT_EQ(counts_for_readers(), "1/1 0/0 0/0");
}

TEST_F(LateRows, AreKnownToReadersBeforeTheyAreWritten) {
  alerts_join(7);
  commit();
  EXPECT_EQ(counts_on_disk(), "0/0 0/0 0/0");
  EXPECT_EQ(counts_for_readers(), "3/3 2/2 2/2");
  EXPECT_EQ(alerts_of(1), "7 4 1");
  EXPECT_EQ(alerts_of(2), "5 2");
  EXPECT_EQ(timeline_of(1),
            "alerts_joined +1 alert; alerts_joined +1 alert; alerts_joined +1 "
            "alert; opened");
}

TEST_F(LateRows, AreWrittenWithTheNextBatchInCalm) {
  alerts_join(6);
  commit();
  batch_.rows.timeline.push_back({.incident = IncidentId{9}, .at = at(9), .kind = "noted"});
  commit();
  EXPECT_EQ(counts_on_disk(), "2/4 2/5 2/6");
  EXPECT_EQ(counts_for_readers(), "2/2 2/2 2/2");
  EXPECT_EQ(alerts_of(3), "6 3");
}

TEST_F(LateRows, AreWrittenWithWhatElseHappensToTheirIncident) {
  alerts_join(6);
  commit();
  alerts_join(9);
  batch_.rows.timeline.push_back({.incident = IncidentId{1}, .at = at(9), .kind = "noted"});
  batch_.rows.incidents.push_back(incidents_[1]);
  std::erase_if(batch_.rows.incident_counts,
                [](const auto& counts) { return counts.id == IncidentId{2}; });
  batch_.rows.incident_counts.back().only_new_alerts = false;  // Of 3: another alert left it.
  commit();
  EXPECT_EQ(counts_on_disk(), "3/7 3/8 3/9");
  EXPECT_EQ(counts_for_readers(), "3/3 3/3 3/3");
}

TEST_F(LateRows, AreCountedAgainAtAStart) {
  alerts_join(4);
  commit();
  alerts_join(8);
  commit();
  ASSERT_EQ(counts_on_disk(), "0/0 0/0 0/0");
  reopen();
  EXPECT_EQ(loaded_.recounted, 3U);
  for (const triage::Incident& incident : incidents_) {
    SCOPED_TRACE(incident.id.value);
    EXPECT_EQ(show(*loaded_.state->find(incident.id)), show(incident));
  }
  EXPECT_EQ(counts_on_disk(), "3/7 3/8 2/6");
  alerts_join(11);
  commit();
  EXPECT_EQ(alerts_of(2), "11 8 5 2") << "the chain goes on where it was";
  reopen();
  EXPECT_EQ(show(*loaded_.state->find(IncidentId{2})), show(incidents_[1]));
}

TEST_F(LateRows, OfABatchThatWasRolledBackAreForgotten) {
  alerts_join(6);
  commit();
  alerts_join(9);
  vfs_.full = true;
  EXPECT_EQ(store_->commit(batch_), Committed::no_space);
  EXPECT_EQ(counts_for_readers(), "2/2 2/2 2/2");
  EXPECT_EQ(alerts_of(1), "4 1");
  vfs_.full = false;
  commit();
  EXPECT_EQ(counts_for_readers(), "3/3 3/3 3/3");
  EXPECT_EQ(alerts_of(1), "7 4 1");
}

TEST_F(LateRows, OutliveAnotherTransactionThatIsRolledBack) {
  batch_.rows.timeline.push_back({.incident = IncidentId{1}, .at = at(1), .kind = "noted"});
  alerts_join(6);
  commit();
  vfs_.full = true;
  EXPECT_FALSE(store_->save_policy(1, {{"rules/a.yaml", std::string(100'000, '#')}}, at(1)));
  vfs_.full = false;
  batch_.rows.timeline.push_back({.incident = IncidentId{1}, .at = at(20), .kind = "paged"});
  commit();
  EXPECT_EQ(timeline_of(1), "paged; alerts_joined +1 alert; noted; alerts_joined +1 alert; opened");
  EXPECT_EQ(counts_on_disk(), "2/4 2/5 2/6");
}

TEST_F(LateRows, NewAlertsOfOneSecondAreOneEntryOfTheTimeline) {
  alerts_join(6);
  for (Rows::NewAlert& alert : batch_.rows.new_alerts) alert.status.received_at = at(5);
  commit();
  EXPECT_EQ(timeline_of(1), "alerts_joined +2 alerts; opened");
}

}  // namespace
}  // namespace tocsin::store
