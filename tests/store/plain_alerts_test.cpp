// New alerts are written several to a statement: what nobody may notice.
#include "store/plain_alerts.h"

#include <gtest/gtest.h>

#include "store/store_world.h"

namespace tocsin::store {
namespace {

using triage::Rows;

/// As nearly every alert of a storm is, but for what its number says.
Rows::NewAlert plain_alert(std::uint64_t id) {
  const std::string number = std::to_string(id);
  Rows::NewAlert alert;
  alert.opened.id = AlertId{id};
  alert.opened.key = {id * 7, ~id};
  alert.opened.source = static_cast<std::uint16_t>(id % 3);
  alert.opened.labels = kept(Labels{{"alertname", "Plain"}, {"n", number}});
  if (id % 2 == 0) alert.opened.annotations = kept(Labels{{"summary", "\"" + number + "\" é"}});
  if (id % 5 == 0) alert.opened.generator_url = "http://prometheus.example.net/graph";
  alert.opened.display_hash = id;
  triage::AlertStatus& status = alert.status;
  status.severity = id % 4 == 0 ? Severity::sev1 : Severity::sev3;
  status.starts_at = at(static_cast<std::int64_t>(id));
  status.received_at = at(static_cast<std::int64_t>(2 * id));
  status.last_ends_at = at(static_cast<std::int64_t>(3 * id));
  status.lease.source = alert.opened.source;
  status.lease.length = std::chrono::minutes(static_cast<int>(id % 9));
  status.lease.renewed = status.received_at;
  if (id % 6 != 0) status.lease.ends = at(static_cast<std::int64_t>(4 * id));
  status.rules_hash = id * 11;
  if (id % 7 == 0) {
    rules::Effects effects;
    effects.runbook = "https://runbooks.example.net/" + number;
    status.effects = std::make_shared<const rules::Effects>(effects);
  }
  alert.opened.status = status;
  return alert;
}

constexpr const char* kDump =
    "SELECT group_concat(line, char(10)) FROM (SELECT json_array(id,hex(key),identity_by,"
    "identity_value,source,labels,annotations,generator_url,truncated,display_hash,state,ended_by,"
    "severity,clock_skew,occurrence,incident,starts_at,received_at,ended_at,sender_end,"
    "last_ends_at,lease_source,lease_ends,lease_length,lease_renewed,more_leases,rules_hash,"
    "decisions,dropped,held_until,previous) AS line FROM alert ORDER BY id)";

TEST(PlainAlerts, AreWrittenAlikeTogetherOneByOneAndAmongOthers) {
  // Two statements' worth and a rest; every tenth is of the other kind, which ends a statement.
  constexpr std::uint64_t kAlerts = 2 * PlainAlerts::kTogether + 5;
  for (const bool mixed : {false, true}) {
    std::vector<Rows::NewAlert> alerts;
    for (std::uint64_t id = 1; id <= kAlerts; ++id) {
      alerts.push_back(mixed && id % 10 == 0 ? new_alert(id) : plain_alert(id));
      ASSERT_EQ(PlainAlerts::fits(alerts.back()), !(mixed && id % 10 == 0));
    }
    std::string together;
    for (const bool one_by_one : {false, true}) {
      const TempFolder folder;
      auto store = open_store(bare(folder));
      Batch batch = batch_after(load(*store));
      for (const Rows::NewAlert& alert : alerts) {
        batch.rows.new_alerts.push_back(alert);
        batch.counters.last_alert = alert.opened.id.value;
        if (!one_by_one) continue;
        ASSERT_EQ(store->commit(batch), Committed::committed);
        ++batch.seq;
        batch.rows = {};
      }
      if (!one_by_one) {
        ASSERT_EQ(store->commit(batch), Committed::committed);
      }
      std::string rows = sql(folder.file("tocsin.db"), kDump);
      store.reset();
      const Loaded back = load(*open_store(bare(folder)));
      for (const Rows::NewAlert& alert : alerts) {
        const triage::Alert* found = back.state->find(alert.opened.id);
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(show(found->status), show(alert.status));
      }
      if (!one_by_one)
        together = std::move(rows);
      else
        EXPECT_EQ(rows, together);
    }
  }
}

TEST(PlainAlerts, OneThatCannotBeWrittenLeavesNoneOfItsBatch) {
  for (const std::uint64_t twice : {std::uint64_t{1}, std::uint64_t{PlainAlerts::kTogether},
                                    std::uint64_t{PlainAlerts::kTogether + 3}}) {
    const TempFolder folder;
    const auto store = open_store(bare(folder));
    Batch batch = batch_after(load(*store));
    batch.rows.new_alerts.push_back(plain_alert(twice));
    ASSERT_EQ(store->commit(batch), Committed::committed);
    ++batch.seq;
    batch.rows = {};
    for (std::uint64_t id = 1; id <= 2 * PlainAlerts::kTogether; ++id) {
      batch.rows.new_alerts.push_back(plain_alert(id));
    }
    EXPECT_EQ(store->commit(batch), Committed::failed);
    EXPECT_EQ(sql(folder.file("tocsin.db"), "SELECT group_concat(id) FROM alert"),
              std::to_string(twice));
  }
}

TEST(DecisionTexts, AreValidForAsManyCallsAsTheySay) {
  DecisionTexts texts;
  const auto effects_of = [](std::size_t n) {
    rules::Effects effects;
    effects.runbook = "https://runbooks.example.net/" + std::to_string(n);
    return std::make_shared<const rules::Effects>(effects);
  };
  std::vector<rules::EffectsRef> all;
  struct Said {
    std::size_t number;
    std::string_view text;
  };
  std::vector<Said> said;
  const auto ask = [&](std::size_t number) {
    said.push_back({number, texts.of(all[number])});
    if (said.size() <= DecisionTexts::kKnownMax) return;
    const auto& [oldest, text] = said[said.size() - 1 - DecisionTexts::kKnownMax];
    ASSERT_NE(text.find("/" + std::to_string(oldest) + "\""), std::string_view::npos);
  };
  for (std::size_t n = 0; n < 5 * DecisionTexts::kKnownMax; ++n) {
    all.push_back(effects_of(n));
    ask(n);
    if (n % 7 == 0) ask(n / 2);
    if (n % 11 == 0 && n > 900) ask(n - 900);
  }
}

}  // namespace
}  // namespace tocsin::store
