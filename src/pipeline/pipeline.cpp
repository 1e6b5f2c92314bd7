#include "tocsin/pipeline/pipeline.h"

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

#include "pipeline/lanes.h"
#include "tocsin/base/check.h"

namespace tocsin::pipeline {

using triage::Change;
using triage::Changes;
using triage::Delivery;

namespace {
/// What a change will roughly weigh in a batch.
std::size_t weight(const Change& change) {
  std::size_t bytes = sizeof(Change);
  if (const auto* opened = std::get_if<triage::AlertOpened>(&change)) {
    bytes += opened->labels.block().size() + opened->annotations.block().size() +
             opened->generator_url.size();
  }
  return bytes;
}

/// As many batches as may be open, closed and released at once.
constexpr std::size_t kSparesMax = 4;
/// Volatile changes that still have a row to write, in the background.
bool has_row(const Change& change) { return std::holds_alternative<triage::DisplayTaken>(change); }

/// Volatile rows alone make a batch at most this often.
constexpr Duration kFlushEvery = std::chrono::seconds(1);
}  // namespace

struct Pipeline::Impl {
  std::unique_ptr<triage::State> state;
  std::shared_ptr<const triage::Policy> policy;
  std::uint64_t epoch = 0;
  Limits limits;
  Lanes lanes;
  /// A Restarted step waits. Until it is decided nothing else may happen: a lease that ran out
  /// while nobody could refresh it has not ended, and a page that may have left is a possible
  /// duplicate.
  bool awaits_restart = false;

  // The open batch: decided, not yet taken for committing.
  Changes open;
  triage::RowCollector rows;
  std::size_t open_bytes = 0;
  bool open_is_durable = false;
  Instant last_flush{};

  /// Batches taken and not yet durable, at most two: one being committed and one that waits.
  struct Closed {
    std::uint64_t seq = 0;
    std::uint64_t last_page = 0;
    Changes changes;
  };
  std::deque<Closed> closed;

  std::uint64_t taken_seq = 0;     ///< Of the batch last taken.
  std::uint64_t durable_seq = 0;   ///< Of the batch last committed.
  std::uint64_t durable_page = 0;  ///< Pages up to here are durable.
  Instant last_now{};

  struct Waiting {
    std::uint64_t seq;
    std::unique_ptr<Delivery> delivery;
  };
  std::deque<Waiting> waiting;
  Changes released;
  std::vector<Changes> spare;  ///< Empty ones with room: a batch's changes are half a megabyte.

  triage::Decision decision;
  std::array<Changes, triage::kReactionDepthMax + 1> reactions;

  bool is_full() const {
    return open.size() >= limits.batch_changes_max || open_bytes >= limits.batch_bytes_max;
  }

  void append(Change&& change, const triage::Context& context, Now now) {
    const bool durable = triage::is_durable(change);
    if (!durable && !has_row(change)) return;
    open_is_durable = open_is_durable || durable;
    open_bytes += weight(change);
    rows.take(change, context.actor, now.wall);
    open.push_back(std::move(change));
  }

  /// Evolves the change, keeps it for the batch, and does the same with all that follows from it.
  void apply(Change&& change, const triage::Context& context, Now now, int depth) {
    CHECK(depth <= triage::kReactionDepthMax);
    triage::evolve(*state, change);
    if (const auto* renewed = std::get_if<triage::LeaseRenewed>(&change);
        renewed != nullptr && !renewed->new_source) {
      return;  // Nothing follows a refresh.
    }
    Changes& follow = reactions[static_cast<std::size_t>(depth)];
    follow.clear();
    triage::react(*state, *policy, change, context, now, follow);
    append(std::move(change), context, now);
    for (Change& next : follow) apply(std::move(next), context, now, depth + 1);
  }

  triage::StepAnswer run(const triage::Step& step, const triage::Context& context, Now now) {
    decision.clear();
    triage::decide(*state, *policy, step, context, now, decision);
    for (Change& change : decision.changes) apply(std::move(change), context, now, 0);
    return decision.answer;
  }

  /// What is due, each as a step.
  void take_deadlines(Now now, std::size_t& steps, std::size_t steps_max) {
    static const triage::Step kTick = triage::Tick{};
    const triage::Context context{.source = {}, .actor = {}, .if_version = {}};
    for (; steps < steps_max && !is_full() && triage::due(*state, now); ++steps) {
      decision.clear();
      triage::decide(*state, *policy, kTick, context, now, decision);
      CHECK(!decision.changes.empty());  // Or a due deadline would be due for ever.
      for (Change& change : decision.changes) apply(std::move(change), context, now, 0);
    }
  }

  /// Nearly every alert of a request is somewhere else in memory: all are fetched at the same time.
  void prefetch(const Delivery& delivery) const {
    const auto for_each_key = [&](auto look) {
      for (const triage::Step& step : delivery.steps) {
        const auto* report = std::get_if<triage::ReportAlert>(&step);
        if (report != nullptr) look(report->report.key);
      }
    };
    for_each_key([&](const Key& key) { state->prefetch(key); });
    for_each_key([&](const Key& key) { state->prefetch_alert(key); });
  }

  void decide(Delivery& delivery, Now now) {
    delivery.answers.assign(delivery.steps.size(), {});
    prefetch(delivery);
    if (!triage::knows_all(*state, delivery)) {
      for (triage::StepAnswer& answer : delivery.answers) answer.fate = triage::Fate::needs_labels;
      return;
    }
    const triage::Context context{delivery.source, delivery.actor, delivery.if_version,
                                  delivery.teams, delivery.idempotency};
    for (std::size_t index = 0; index < delivery.steps.size(); ++index) {
      triage::StepAnswer& answer = delivery.answers[index];
      answer = run(delivery.steps[index], context, now);
      if (std::holds_alternative<triage::Restarted>(delivery.steps[index])) awaits_restart = false;
      // Decided a moment ago, and joined by what followed.
      if (answer.alert && !answer.incident) answer.incident = incident_of(answer.alert);
    }
  }

  /// Closes the open batch.
  store::Batch close(Now now) {
    last_flush = now.timeline;
    store::Batch batch;
    batch.epoch = epoch;
    batch.seq = ++taken_seq;
    batch.now = now;
    batch.rows = rows.finish(*state, now.wall);
    batch.counters = state->counters;
    batch.rules_hash = state->rules_hash;
    batch.sweep = state->sweep;
    batch.durable = open_is_durable;
    closed.push_back({batch.seq, state->counters.last_page, take_spare()});
    std::swap(open, closed.back().changes);
    open_bytes = 0;
    open_is_durable = false;
    return batch;
  }

  Changes take_spare() {
    if (spare.empty()) return {};
    Changes taken = std::move(spare.back());
    spare.pop_back();
    return taken;
  }

  void keep_spare(Changes&& changes) {
    changes.clear();
    if (changes.capacity() > 0 && spare.size() < kSparesMax) spare.push_back(std::move(changes));
  }

  IncidentId incident_of(AlertId id) const {
    const triage::Alert* alert = state->find(id);
    return alert == nullptr ? IncidentId{} : alert->status.incident;
  }
};

Pipeline::Pipeline(std::unique_ptr<triage::State> state,
                   std::shared_ptr<const triage::Policy> policy, std::uint64_t epoch,
                   std::uint64_t seq, Limits limits)
    : impl_(std::make_unique<Impl>()) {
  impl_->durable_page = state->counters.last_page;
  impl_->state = std::move(state);
  impl_->policy = std::move(policy);
  impl_->epoch = epoch;
  impl_->limits = limits;
  impl_->lanes = Lanes(limits.lane_bytes_max);
  impl_->taken_seq = seq;
  impl_->durable_seq = seq;
}

Pipeline::~Pipeline() = default;

bool Pipeline::submit(std::unique_ptr<Delivery>& delivery) {
  const bool restarts = delivery->lane != triage::Lane::intake &&
                        std::ranges::any_of(delivery->steps, [](const triage::Step& step) {
                          return std::holds_alternative<triage::Restarted>(step);
                        });
  if (!impl_->lanes.put(delivery)) return false;
  impl_->awaits_restart = impl_->awaits_restart || restarts;
  return true;
}

bool Pipeline::lane_is_full(const Delivery& delivery) const {
  return impl_->lanes.is_full(delivery);
}

void Pipeline::set_policy(std::shared_ptr<const triage::Policy> policy) {
  impl_->policy = std::move(policy);
}

bool Pipeline::decide(Now now, std::size_t steps_max) {
  Impl& self = *impl_;
  CHECK(now.timeline >= self.last_now);
  self.last_now = now.timeline;
  std::size_t steps = 0;
  if (!self.awaits_restart) self.take_deadlines(now, steps, steps_max);
  while (steps < steps_max && !self.is_full()) {
    std::unique_ptr<Delivery> delivery = self.lanes.take();
    if (delivery == nullptr) return false;
    steps += delivery->steps.size();
    self.decide(*delivery, now);
    const std::uint64_t seq = self.open_is_durable ? self.taken_seq + 1 : self.taken_seq;
    self.waiting.push_back({seq, std::move(delivery)});
    // A step may have made something due at this very instant.
    if (!self.awaits_restart) self.take_deadlines(now, steps, steps_max);
  }
  return !self.lanes.empty() || triage::due(*self.state, now);
}

std::optional<store::Batch> Pipeline::take_batch_ahead(Now now) {
  Impl& self = *impl_;
  const bool worth_it = self.open_is_durable && self.open.size() >= self.limits.ahead_changes_min;
  if (self.closed.size() != 1 || !worth_it) return std::nullopt;
  return self.close(now);
}

std::optional<store::Batch> Pipeline::take_batch(Now now) {
  Impl& self = *impl_;
  if (!self.closed.empty() || self.open.empty()) return std::nullopt;
  const bool may_wait =
      !self.open_is_durable && !self.is_full();  // Full, nothing goes on without it.
  if (may_wait && now.timeline - self.last_flush < kFlushEvery) return std::nullopt;
  return self.close(now);
}

void Pipeline::committed() {
  Impl& self = *impl_;
  CHECK(!self.closed.empty());
  Impl::Closed& batch = self.closed.front();
  self.durable_seq = batch.seq;
  self.durable_page = batch.last_page;
  if (self.released.empty()) {
    self.released = std::move(batch.changes);
  } else {
    std::ranges::move(batch.changes, std::back_inserter(self.released));
    self.keep_spare(std::move(batch.changes));
  }
  self.closed.pop_front();
}

void Pipeline::release(Released& out) {
  Impl& self = *impl_;
  out.answered.clear();
  while (!self.waiting.empty() && self.waiting.front().seq <= self.durable_seq) {
    out.answered.push_back(std::move(self.waiting.front().delivery));
    self.waiting.pop_front();
  }
  self.keep_spare(std::exchange(out.changes, std::exchange(self.released, {})));
}

std::vector<triage::Page> Pipeline::take_pages(Now now, std::size_t limit) {
  Impl& self = *impl_;
  std::vector<triage::Page> pages;
  if (self.awaits_restart) return pages;
  for (const PageId id : triage::due_pages(*self.state, now, limit)) {
    if (id.value > self.durable_page) continue;
    triage::Page page = *self.state->find(id);
    page.possible_duplicate = triage::is_possible_duplicate(*self.state, page);
    triage::evolve(*self.state, triage::PageHandedOut{id});
    pages.push_back(std::move(page));
  }
  return pages;
}

std::optional<Instant> Pipeline::next_deadline() const {
  const Impl& self = *impl_;
  if (self.is_full()) return std::nullopt;  // committed() comes first.
  std::optional<Instant> next;
  if (const auto first = self.state->first_deadline()) next = first->at;
  for (const auto& [at, page] : self.state->page_times()) {
    if (next && at >= *next) break;
    if (page.value > self.durable_page) continue;
    next = at;
    break;
  }
  if (!self.open.empty() && !self.open_is_durable) {
    const Instant flush = self.last_flush + kFlushEvery;
    if (!next || flush < *next) next = flush;
  }
  return next;
}

bool Pipeline::idle() const {
  const Impl& self = *impl_;
  return self.lanes.empty() && !self.open_is_durable && self.closed.empty() && self.waiting.empty();
}

const triage::State& Pipeline::state() const { return *impl_->state; }
const triage::Policy& Pipeline::policy() const { return *impl_->policy; }

std::uint64_t Pipeline::decided_seq() const {
  return impl_->taken_seq + (impl_->open_is_durable ? 1 : 0);
}

std::size_t Pipeline::waiting_bytes() const { return impl_->lanes.bytes(); }

}  // namespace tocsin::pipeline
