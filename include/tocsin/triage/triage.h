#pragma once

#include <optional>
#include <span>
#include <string>

#include "tocsin/alert/identity.h"
#include "tocsin/triage/change.h"
#include "tocsin/triage/policy.h"
#include "tocsin/triage/state.h"
#include "tocsin/triage/step.h"

/// The core: deterministic and without I/O. Same states, steps and times in, same changes out.
namespace tocsin::triage {

/// What a step leads to. Reused by the caller, so that a refresh allocates nothing.
struct Decision {
  Changes changes;
  StepAnswer answer;
  void clear() {
    changes.clear();
    answer = {};
  }
};

/// Who acts and on what terms; comes with the delivery.
struct Context {
  std::string_view source;
  std::string_view actor;
  std::optional<std::uint32_t> if_version;
  std::span<const std::string> teams{};  ///< Actions only on incidents of these; empty: of all.
  std::optional<Idempotency> idempotency{};
};

/// Pure. Appends to `out`. A Tick decides the first due deadline only: call it while due(state,
/// now). A ReportAlert without labels whose key is unknown is answered needs_labels.
void decide(const State&, const Policy&, const Step&, const Context&, Now, Decision& out);

/// The only writer. Total: a change once decided applies to the state it was decided on.
void evolve(State&, const Change&);

/// Pure. Appends what follows from a change that has just been evolved.
void react(const State&, const Policy&, const Change&, const Context&, Now, Changes& out);

/// True if every report without labels in the delivery has a known key: then it is worth deciding.
bool knows_all(const State&, const Delivery&);

/// When the shell must send Tick at the latest; may be early, never late.
std::optional<Instant> next_deadline(const State&);
bool due(const State&, Now);

/// Pages to hand to delivery now: owed, due, not in flight; oldest first, at most `limit`.
std::vector<PageId> due_pages(const State&, Now, std::size_t limit);

/// True if an earlier attempt at the page may have arrived: its outcome was unknown, or the daemon
/// restarted since it was queued.
bool is_possible_duplicate(const State&, const Page&);

/// Depth to which reactions may nest.
inline constexpr int kReactionDepthMax = 8;
/// Changes one step may cause.
inline constexpr std::size_t kStepChangesMax = 2000;

}  // namespace tocsin::triage
