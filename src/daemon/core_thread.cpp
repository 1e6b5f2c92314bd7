#include "daemon/core_thread.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "tocsin/base/check.h"

namespace tocsin::daemon {

namespace {
constexpr Duration kLongestWait = std::chrono::seconds(1);
constexpr std::size_t kPagesAtOnce = 256;
/// Between two looks at the inbox: the commit thread does not wait long for its next batch.
constexpr std::size_t kStepsAtOnce = 64;
}  // namespace

CoreThread::CoreThread(Options options)
    : options_(std::move(options)), clock_(options_.last_committed) {}

CoreThread::~CoreThread() { stop(); }

void CoreThread::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "core");
}

void CoreThread::stop() {
  ending_ = true;
  options_.inbox->wake();
  if (thread_.joinable()) thread_.join();
}

void CoreThread::ask_leases(std::vector<AlertId> ids,
                            std::function<void(std::vector<http::LiveLease>)> then) {
  options_.inbox->ask([this, ids = std::move(ids), then = std::move(then)] {
    std::vector<http::LiveLease> leases;
    leases.reserve(ids.size());
    for (const AlertId id : ids) {
      const triage::Alert* alert = options_.pipeline->state().find(id);
      http::LiveLease& live = leases.emplace_back();
      if (alert == nullptr) continue;
      live = {alert->status.lease.ends, alert->status.lease.renewed};
      for (const triage::Lease& lease : alert->status.more_leases) {
        live.ends = std::max(live.ends, lease.ends);
        live.renewed = std::max(live.renewed, lease.renewed);
      }
    }
    then(std::move(leases));
  });
}

void CoreThread::ask_joins(std::vector<triage::GroupAsked> groups,
                           std::function<void(std::vector<std::optional<IncidentId>>)> then) {
  options_.inbox->ask([this, groups = std::move(groups), then = std::move(then)] {
    const pipeline::Pipeline& pipeline = *options_.pipeline;
    const Instant now = clock_.now().timeline;
    std::vector<std::optional<IncidentId>> joins;
    joins.reserve(groups.size());
    for (const triage::GroupAsked& group : groups) {
      joins.push_back(triage::would_join(pipeline.state(), pipeline.policy(), group, now));
    }
    then(std::move(joins));
  });
}

void CoreThread::replace_policy(std::shared_ptr<const triage::Policy> policy,
                                std::unique_ptr<triage::Delivery> told) {
  // Functions are copied, deliveries are not.
  auto shared = std::make_shared<std::unique_ptr<triage::Delivery>>(std::move(told));
  options_.inbox->ask([this, policy = std::move(policy), shared] {
    options_.pipeline->set_policy(policy);
    const bool fits = options_.pipeline->submit(*shared);
    CHECK(fits);
  });
}

void CoreThread::run() {
  Inbox::Taken taken;
  Duration wait(0);
  while (!ending_) {
    options_.inbox->take(taken, wait);
    turn(taken);
    options_.pulse->beat();
    wait = more_ ? Duration(0) : until_next(clock_.now());
  }
}

void CoreThread::turn(Inbox::Taken& taken) {
  pipeline::Pipeline& pipeline = *options_.pipeline;
  for (auto& delivery : taken.deliveries) {
    // The inbox has bounded its lanes already; these are no further limit.
    const bool fits = pipeline.submit(delivery);
    CHECK(fits);
  }
  for (int i = 0; i < taken.batches_done; ++i) pipeline.committed();
  const Now now = clock_.now();
  note_clock(now);
  const Duration offset = now.wall - now.timeline;
  wall_offset_ = std::chrono::abs(offset) < std::chrono::seconds(1) ? 0 : offset.count();
  // What is decided goes first: then the disk works while this thread decides what comes next.
  if (taken.batches_done > 0) {
    commit(pipeline.take_batch(now));
  } else if (taken.batch_written) {
    commit(pipeline.take_batch_ahead(now));
  }
  more_ = pipeline.decide(now, kStepsAtOnce);
  release();
  commit(pipeline.take_batch(now));
  for (const auto& question : taken.questions) question();
  more_ = more_ || !taken.questions.empty();  // One may have brought something to decide.
  report(now);
  idle_ = pipeline.idle();
}

void CoreThread::commit(std::optional<store::Batch> batch) {
  if (batch) options_.commit(std::move(*batch));
}

void CoreThread::release() {
  pipeline::Pipeline& pipeline = *options_.pipeline;
  pipeline.release(released_);
  if (!released_.changes.empty()) {
    telemetry::observe(released_.changes, pipeline.state(), *options_.metrics, *options_.log);
  }
  if (!released_.answered.empty()) {
    options_.inbox->answered(released_.answered);
    options_.answer(std::exchange(released_.answered, {}));
  }
  const Now now = clock_.now();
  std::vector<OwedPage> owed;
  for (triage::Page& page : pipeline.take_pages(now, kPagesAtOnce)) {
    const triage::Incident* incident = pipeline.state().find(page.incident);
    const Duration waited = now.timeline - page.created;
    owed.push_back({std::move(page), incident == nullptr ? triage::Incident{} : *incident, waited,
                    wall_offset()});
  }
  if (!owed.empty()) options_.send(std::move(owed));
}

void CoreThread::note_clock(Now) {
  const Duration step = clock_.step_since_last();
  if (step == Duration(0)) return;
  options_.log->write(telemetry::Log::Level::warning, "clock.stepped",
                      {{"by", std::to_string(step.count()) + "ms"},
                       {"effect", "none on waits; shown times follow the new clock"}});
}

void CoreThread::report(Now now) {
  if (now.timeline - reported_ < kLongestWait) return;
  reported_ = now.timeline;
  const triage::State& state = options_.pipeline->state();
  options_.metrics->state(state);
  options_.metrics->mailbox(options_.inbox->bytes());
  options_.metrics->log_dropped(options_.log->dropped());
  const rules::RegexLookups lookups = rules::take_regex_lookups();
  options_.metrics->regex_lookups(lookups.unknown_values, lookups.out_of_memory);
  const auto first = state.first_deadline();
  options_.metrics->deadlines(first && first->at < now.timeline ? now.timeline - first->at
                                                                : Duration(0));
}

Duration CoreThread::until_next(Now now) const {
  const auto next = options_.pipeline->next_deadline();
  if (!next) return kLongestWait;
  return std::clamp(*next - now.timeline, Duration(0), kLongestWait);
}

}  // namespace tocsin::daemon
