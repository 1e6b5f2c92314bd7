#pragma once

#include <prometheus/metric_family.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "tocsin/telemetry/rule_hits.h"
#include "tocsin/triage/triage.h"

namespace tocsin::telemetry {

/// Counts which rules decide about alerts. Counting takes no lock: what it needs is published as a
/// whole by expect(). Memory: 16 bytes a rule, and 8 for each of the last two rule sets.
class RuleTally {
 public:
  /// Rules with a series of their own in `tocsin_rule_hits_total`; all others share one.
  static constexpr std::size_t kSeriesMax = 1000;

  /// The rules that will decide from now on. Those of the set before are counted for a while, too:
  /// what they decided may come later. Thread-safe; may take long.
  void expect(std::shared_ptr<const triage::Policy>);
  /// One thread at a time.
  void count(const triage::Changes&, Instant wall);
  /// Null before the first expect().
  std::shared_ptr<const RuleHits> hits() const;
  void append_families(std::vector<prometheus::MetricFamily>&) const;

 private:
  using Counts = std::shared_ptr<const RuleCounts>;
  /// What the counting thread reads. It holds no policy, so it never is the one who frees it.
  struct Published {
    Counts now, before;
  };
  /// What readers of the metrics see.
  struct Shown {
    std::shared_ptr<const triage::Policy> policy;
    Counts counts;
    std::array<std::vector<bool>, kRuleKinds.size()> has_series;  ///< Of its own.
    std::uint64_t gone = 0;  ///< Hits without a series, of rules that are no more.
  };

  void count(const rules::Verdict&, const Published&, Instant wall);
  void place(RuleKind, const Shown* before, Shown& next, RuleCounts& counts);
  void give_series(std::vector<bool>& has_series, const std::vector<RuleCount*>&);
  RuleCount* fresh_count();
  static prometheus::MetricFamily hits_of(const Shown&);

  std::atomic<std::shared_ptr<const Published>> published_;
  std::atomic<std::shared_ptr<const Shown>> shown_;
  std::atomic<std::uint64_t> evaluations_{0};
  std::mutex expecting_;       ///< Guards what is below.
  std::deque<RuleCount> all_;  ///< Entries stay where they are.
  std::vector<RuleCount*> free_;
  std::vector<RuleCount*> retired_;  ///< Of the set before: free when the next one comes.
  std::size_t series_ = 0;           ///< Given to rules that are still there.
};

}  // namespace tocsin::telemetry
