// T3, of the core's way: each allocation on the way from the bytes of a request to its durable
// answer fails in turn, those of this program and those of SQLite. What follows is a clean end, as
// of a process that stops there, or an answer; after a start everything that was answered is there.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <string_view>

#include "failure/counted_memory.h"
#include "soak/one_thread.h"
#include "tocsin/base/check.h"

namespace tocsin::failure {
namespace {

using soak::OneThread;
using soak::StoreFailed;

const bool kSqliteIsWatched = watch_sqlite();

std::shared_ptr<const triage::Policy> make_policy() {
  auto policy = std::make_shared<triage::Policy>();
  policy->rules.hash = 1;
  rules::CorrelationRule by_group;
  by_group.name = "groups";
  by_group.when = rules::Predicate{rules::AllOf{}};
  by_group.by = {"group"};
  policy->rules.correlation = {by_group};
  rules::compile(policy->rules);
  triage::Escalation escalation;
  escalation.name = "default";
  escalation.steps = {{{"log"}, std::chrono::hours(1)}};
  policy->escalations = {escalation};
  policy->channels = policy->fallback = {"log"};
  policy->sources = {{"alertmanager-api", "alertmanager-api", std::chrono::hours(1)}};
  return policy;
}

/// One alert of a group, with a label that is too long for a small string's own room.
std::string report_of(const std::string& name, int group, std::string_view more = "") {
  return R"({"labels":{"alertname":")" + name + R"(","group":"g)" + std::to_string(group) +
         R"(","severity":"critical","long":")" + std::string(200, 'x') +
         R"("},"annotations":{"summary":"something is wrong"})" + std::string(more) + "}";
}

/// What was answered, over all the processes that lived on the store.
struct Promised {
  std::map<std::uint64_t, triage::AlertState> alerts;
  std::map<std::uint64_t, triage::IncidentState> incidents;
};

/// The allocations of `call`, and no others, are counted and fail.
template <class Call>
auto during(Call call) {
  struct Counting {
    Counting() { ours.counts = sqlites.counts = true; }
    ~Counting() { ours.counts = sqlites.counts = false; }
  };
  const Counting counting;
  return call();
}

/// In memory where the system has such a place: thousands of stores are synced.
std::string scratch() {
  const char* const memory = "/dev/shm";
  return ::access(memory, W_OK) == 0 ? memory : std::filesystem::temp_directory_path().string();
}

/// TOCSIN_NTH=all: every allocation fails once, instead of one of `share`.
std::uint64_t step_of(std::uint64_t share) {
  const char* const asked = std::getenv("TOCSIN_NTH");
  return asked != nullptr && std::string_view(asked) == "all" ? 1 : share;
}

class Allocations : public testing::Test {
 protected:
  Allocations() {
    new_store();
    tell(*start_one(), 0);  // What libraries allocate once, some of it where nothing may be thrown.
  }
  ~Allocations() override { std::filesystem::remove_all(options_.folder); }

  void new_store() {
    if (!options_.folder.empty()) std::filesystem::remove_all(options_.folder);
    options_.folder = scratch() + "/tocsin-allocations-XXXXXX";
    CHECK(::mkdtemp(options_.folder.data()) != nullptr);
    options_.lock_and_reserve = false;
    promised_ = {};
  }

  std::unique_ptr<OneThread> start_one() {
    return during([&] {
      return std::make_unique<OneThread>(policy_, options_, Instant(std::chrono::hours(480'000)));
    });
  }

  /// Two alerts open an incident, which pages; somebody acknowledges; one ends, one is refreshed.
  void tell(OneThread& daemon, int number) {
    using triage::AlertState;
    const std::string stays = report_of("stays", number);
    const std::string both = "[" + report_of("ends", number) + "," + stays + "]";
    const std::string end =
        "[" + report_of("ends", number, R"(,"endsAt":")" + format_rfc3339(daemon.now()) + "\"") +
        "]";
    const auto opened = during([&] { return daemon.post(both); });
    for (const triage::StepAnswer& answer : opened) {
      promised_.alerts[answer.alert.value] = AlertState::firing;
    }
    const IncidentId incident = opened.front().incident;
    const auto done = during([&] { return daemon.act(triage::Acknowledge{incident, "looking"}); });
    EXPECT_EQ(done.fate, triage::Fate::done);
    promised_.incidents[incident.value] = triage::IncidentState::acknowledged;
    promised_.alerts.erase(opened.front().alert.value);  // Until it is answered it may be either.
    const auto ended = during([&] { return daemon.post(end); });
    EXPECT_EQ(ended.front().fate, triage::Fate::resolved);
    promised_.alerts[ended.front().alert.value] = AlertState::resolved;
    const std::string again = "[" + stays + "]";
    const auto refreshed = during([&] { return daemon.post(again); });
    EXPECT_EQ(refreshed.front().fate, triage::Fate::refreshed);
  }

  /// A process that lives until an allocation fails, or through the whole story.
  void live(int number) {
    try {
      tell(*start_one(), number);
    } catch (const std::bad_alloc&) {
    } catch (const StoreFailed&) {
    }
  }

  void check_promises() {
    const auto daemon = start_one();
    for (const auto& [id, state] : promised_.alerts) {
      const triage::Alert* alert = daemon->state().find(AlertId{id});
      ASSERT_NE(alert, nullptr) << "alert " << id;
      EXPECT_EQ(alert->status.state, state) << "alert " << id;
    }
    for (const auto& [id, state] : promised_.incidents) {
      const triage::Incident* incident = daemon->state().find(IncidentId{id});
      ASSERT_NE(incident, nullptr) << "incident " << id;
      EXPECT_EQ(incident->state, state) << "incident " << id;
    }
    EXPECT_TRUE(daemon->state().pages.empty()) << "what was owed has been paged by now";
  }

  /// Each number in turn, or one of `step`, until a life needs fewer allocations than that.
  void fail_each(Failing& failing, bool for_good, std::uint64_t step) {
    int number = 0;
    std::uint64_t nth = 1;
    for (;; nth += step) {
      SCOPED_TRACE("allocation " + std::to_string(nth));
      failing = {.for_good = for_good, .failing = nth};
      live(++number);
      const bool failed = failing.failed > 0;
      failing = {};
      check_promises();
      if (!failed || HasFailure()) break;
      if (number % kStoriesOfAStore == 0) new_store();
    }
    EXPECT_GT(nth, 300U) << "so few allocations: is anything counted?";
    RecordProperty("allocations", static_cast<int>(nth));
  }

  static constexpr std::uint64_t kShareOfOurs = 1;
  static constexpr std::uint64_t kShareOfSqlite = 41;
  static constexpr int kStoriesOfAStore = 100;  ///< More make each start slower.
  std::shared_ptr<const triage::Policy> policy_ = make_policy();
  store::StoreOptions options_;
  Promised promised_;
};

TEST_F(Allocations, AnyOfOursMayFailOnceAndNothingAnsweredIsLost) {
  fail_each(ours, false, step_of(kShareOfOurs));
}
TEST_F(Allocations, AnyOfOursMayFailForGoodAndNothingAnsweredIsLost) {
  fail_each(ours, true, step_of(kShareOfOurs));
}
TEST_F(Allocations, AnyOfSqliteMayFailOnceAndNothingAnsweredIsLost) {
  ASSERT_TRUE(kSqliteIsWatched);
  fail_each(sqlites, false, step_of(kShareOfSqlite));
}
TEST_F(Allocations, AnyOfSqliteMayFailForGoodAndNothingAnsweredIsLost) {
  ASSERT_TRUE(kSqliteIsWatched);
  fail_each(sqlites, true, step_of(kShareOfSqlite));
}

}  // namespace
}  // namespace tocsin::failure
