#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "tocsin/base/time.h"
#include "tocsin/triage/policy.h"

namespace tocsin::telemetry {

/// What is counted: a triage rule each time it holds when an alert is decided, a severity criterion
/// when it decides the severity, a correlation rule when it decides the group.
enum class RuleKind : std::uint8_t { triage, severity, correlation };
inline constexpr std::array kRuleKinds = {RuleKind::triage, RuleKind::severity,
                                          RuleKind::correlation};
std::string_view to_string(RuleKind);

struct RuleHit {
  std::uint64_t count = 0;  ///< Since the process began.
  Instant last{};           ///< Wall clock; the epoch = never.
};

/// Counts of one rule: written by one thread, read by any.
struct RuleCount {
  std::atomic<std::uint64_t> count{0};
  std::atomic<Instant::rep> last{0};
};

/// The counts of a rule set, by kind and by number within it.
struct RuleCounts {
  std::uint64_t rules_hash = 0;
  std::array<std::vector<RuleCount*>, kRuleKinds.size()> of_kind;
};

/// The hits of the rules in force. They go on over a reload for rules of the same kind and name.
/// A value of one moment may be read while counting goes on.
class RuleHits {
 public:
  RuleHits(std::shared_ptr<const triage::Policy> policy, std::shared_ptr<const RuleCounts> counts)
      : policy_(std::move(policy)), counts_(std::move(counts)) {}
  const triage::Policy& policy() const { return *policy_; }
  RuleHit of(RuleKind kind, std::size_t number) const {
    const RuleCount& count = *counts_->of_kind[static_cast<std::size_t>(kind)][number];
    return {count.count.load(std::memory_order_relaxed),
            Instant(Duration(count.last.load(std::memory_order_relaxed)))};
  }

 private:
  std::shared_ptr<const triage::Policy> policy_;
  std::shared_ptr<const RuleCounts> counts_;
};

/// How many rules of a kind there are, and the name of one of them.
std::size_t rule_count(const triage::Policy&, RuleKind);
std::string_view rule_name(const triage::Policy&, RuleKind, std::size_t number);

}  // namespace tocsin::telemetry
