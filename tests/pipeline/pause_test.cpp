// R45: no periodic job holds the core up. With many alerts active, whatever becomes due all at once
// is taken in turns, and no turn of the core thread takes 5 ms of its CPU.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>

#include "pipeline/world.h"

namespace tocsin::pipeline {
namespace {

constexpr std::size_t kAlerts = 100'000;
constexpr std::size_t kAtOnce = 500;
/// As the daemon's core thread decides between two looks at its inbox.
constexpr std::size_t kStepsATurn = 64;

/// A sanitizer costs many times as much, and is not what people run.
#ifdef NDEBUG
constexpr Duration kPauseMax = Duration(5);
#else
constexpr Duration kPauseMax = Duration(200);
#endif

std::chrono::nanoseconds cpu_now() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

/// A core thread that has nothing but its own pipeline to wait for: batches commit at once.
class Turns {
 public:
  Turns() {
    triage::Policy policy = World::small_shop();
    policy.rules.correlation.front().by = {"group"};
    rules::compile(policy.rules);
    policy_ = std::make_shared<const triage::Policy>(std::move(policy));
    pipeline_ =
        std::make_unique<Pipeline>(std::make_unique<triage::State>(), policy_, 1, 0, Limits{});
    own_step(triage::Restarted{});
    for (std::size_t first = 0; first < kAlerts; first += kAtOnce) report(first, false);
    longest_ = {};
  }

  /// The same alerts that were reported before, `kAtOnce` in a request.
  void report(std::size_t first, bool ends) {
    auto delivery = std::make_unique<triage::Delivery>();
    delivery->source = "prometheus";
    delivery->actor = "source:prometheus";
    for (std::size_t number = first; number < first + kAtOnce; ++number) {
      const std::string text = std::to_string(number);
      const Labels labels{{"alertname", "Many"},
                          {"group", "g" + std::to_string(number / 100)},
                          {"instance", "host-" + text + ".example.net"},
                          {"severity", "warning"}};
      triage::ReportAlert step;
      step.report.key = secret_.key_of_labels(labels);
      step.report.labels = LabelsView(delivery->arena.copy(labels.block()));
      step.report.phase = ends ? Phase::resolved : Phase::firing;
      step.verdict = rules::match(policy_->rules, step.report.labels, {}, "prometheus");
      delivery->steps.emplace_back(std::move(step));
    }
    submit(std::move(delivery));
  }

  void own_step(triage::Step step) {
    auto delivery = std::make_unique<triage::Delivery>();
    delivery->lane = triage::Lane::outcomes;
    delivery->source = delivery->actor = "tocsin";
    delivery->steps.push_back(std::move(step));
    submit(std::move(delivery));
  }

  /// As after a pause of the whole machine: everything until then is due at once.
  void jump(Duration by) {
    now_ += by;
    turn_until_idle();
  }
  void advance(Duration by) {
    const Instant until = now_ + by;
    while (pipeline_->next_deadline() && *pipeline_->next_deadline() <= until) {
      now_ = std::max(now_, *pipeline_->next_deadline());
      turn_until_idle();
    }
    now_ = until;
    turn_until_idle();
  }

  const triage::State& state() const { return pipeline_->state(); }
  std::size_t turns() const { return turns_; }
  Duration longest() const { return std::chrono::ceil<Duration>(longest_); }

 private:
  void submit(std::unique_ptr<triage::Delivery> delivery) {
    ASSERT_TRUE(pipeline_->submit(delivery));
    turn_until_idle();
  }

  void turn_until_idle() {
    while (turn() || !pipeline_->idle()) {
    }
  }

  bool turn() {
    const Now now{now_, now_};
    const auto began = cpu_now();
    if (committing_) pipeline_->committed();
    committing_ = false;
    const bool more = pipeline_->decide(now, kStepsATurn);
    pipeline_->release(released_);
    pipeline_->take_pages(now, 256);
    std::optional<store::Batch> batch = pipeline_->take_batch(now);
    longest_ = std::max(longest_, cpu_now() - began);
    ++turns_;
    committing_ = batch.has_value();  // The batch itself ends on the commit thread.
    return more || committing_;
  }

  KeySecret secret_{"0123456789abcdef0123456789abcdef"};
  std::shared_ptr<const triage::Policy> policy_;
  std::unique_ptr<Pipeline> pipeline_;
  Released released_;
  Instant now_{std::chrono::sys_days(std::chrono::year(2026) / 11 / 23)};
  bool committing_ = false;
  std::size_t turns_ = 0;
  std::chrono::nanoseconds longest_{};
};

/// What happens to the alerts, and the longest turn it takes: the best of three, since a machine
/// has other things to do as well.
template <class Job>
void expect_short_turns(Job job) {
  Duration longest = Duration::max();
  for (int tries = 0; tries < 3 && longest > kPauseMax; ++tries) {
    Turns turns;
    ASSERT_EQ(turns.state().firing_count(), kAlerts);
    const std::size_t before = turns.turns();
    job(turns);
    EXPECT_GT(turns.turns() - before, 10U);
    longest = std::min(longest, turns.longest());
  }
  EXPECT_LE(longest, kPauseMax);
}

TEST(Pause, R45AllLeasesThatEndAtOnceHoldNobodyUp) {
  expect_short_turns([](Turns& turns) {
    turns.jump(minutes(6));
    EXPECT_EQ(turns.state().firing_count(), 0U);
  });
}

TEST(Pause, R45ForgettingAlertsAndClosingIncidentsHoldsNobodyUp) {
  expect_short_turns([](Turns& turns) {
    turns.jump(minutes(6));
    turns.jump(hours(25));
    turns.jump(hours(25));
    EXPECT_EQ(turns.state().alert_count(), 0U);
    EXPECT_EQ(turns.state().incidents.size(), 0U);
  });
}

TEST(Pause, R45DecidingAllAlertsAnewHoldsNobodyUp) {
  expect_short_turns([](Turns& turns) {
    turns.own_step(triage::ReplacePolicy{.reapply = true});
    turns.advance(minutes(2));
    EXPECT_EQ(turns.state().sweep.kind, triage::Sweep::Kind::none);
    EXPECT_EQ(turns.state().firing_count(), kAlerts);
  });
}

TEST(Pause, R45ARestartHoldsNobodyUp) {
  expect_short_turns([](Turns& turns) {
    turns.own_step(triage::Restarted{});
    turns.jump(minutes(6));
    EXPECT_EQ(turns.state().firing_count(), 0U);
  });
}

}  // namespace
}  // namespace tocsin::pipeline
