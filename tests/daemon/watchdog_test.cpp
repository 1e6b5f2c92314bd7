// What systemd hears: food while every thread makes progress, and a call for a restart when one
// does not (R17). The other end is a real datagram socket; pulses are beaten by hand.
#include "daemon/watchdog.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>

#include "daemon/notify_socket.h"

namespace tocsin::daemon {
namespace {

using namespace std::chrono_literals;

/// Longer than any test takes: only a hung test waits for it.
constexpr auto kLong = 20s;

/// A thread whose loop comes round as soon as it can.
class BusyThread {
 public:
  explicit BusyThread(Pulse& pulse)
      : thread_([this, &pulse] {
          while (!ending_) {
            pulse.beat();
            std::this_thread::yield();
          }
        }) {}
  ~BusyThread() {
    ending_ = true;
    thread_.join();
  }
  BusyThread(const BusyThread&) = delete;
  BusyThread& operator=(const BusyThread&) = delete;

 private:
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

class WatchdogTest : public ::testing::Test {
 protected:
  void watch(std::vector<const Pulse*> pulses, std::function<std::string()> status = {}) {
    watchdog_.emplace(Watchdog::Options{.pulses = std::move(pulses),
                                        .status = std::move(status),
                                        .metrics = &metrics_,
                                        .log = &log_,
                                        .look_every = 10ms,
                                        .usual_patience = 200ms});
  }
  double age_shown(const std::string& thread) const {
    const std::string series = "tocsin_thread_progress_age_seconds{thread=\"" + thread + "\"} ";
    const std::string text = metrics_.text();
    return std::strtod(text.c_str() + text.find(series) + series.size(), nullptr);
  }

  telemetry::Metrics metrics_;
  telemetry::Log log_{telemetry::LogFormat::text};
  std::optional<Watchdog> watchdog_;
};

TEST_F(WatchdogTest, SystemdIsFedWhileEveryThreadMakesProgress) {
  NotifySocket systemd(20s);
  Pulse core("core"), commit("commit");
  const BusyThread one(core), other(commit);
  watch({&core, &commit});
  for (int i = 0; i < 60; ++i) ASSERT_EQ(systemd.next(kLong), "WATCHDOG=1");
}

TEST_F(WatchdogTest, OneThreadWithoutProgressStopsTheFoodAndThenCallsForTheRestart) {
  NotifySocket systemd(4s);
  Pulse core("core"), delivery("delivery");
  const BusyThread alive(core);
  const auto began = Pulse::Clock::now();
  delivery.beat();
  watch({&core, &delivery});
  ASSERT_EQ(systemd.next(kLong), "WATCHDOG=1");
  auto last_fed = began;
  std::string message = "WATCHDOG=1";
  for (; message == "WATCHDOG=1"; message = systemd.next(kLong)) last_fed = Pulse::Clock::now();
  EXPECT_EQ(message, "WATCHDOG=trigger");
  EXPECT_GE(Pulse::Clock::now() - began, 4s);
  // It went hungry for half of WatchdogSec before it was called, less what this thread sleeps.
  EXPECT_GE(Pulse::Clock::now() - last_fed, 1s);
  EXPECT_GE(age_shown("delivery"), 4.0);
  EXPECT_EQ(systemd.next(50ms), "") << "it is called once";
}

TEST_F(WatchdogTest, AThreadThatGoesOnInTimeIsForgiven) {
  NotifySocket systemd(8s);
  Pulse pages("pages");
  watch({&pages});
  while (systemd.next(800ms) == "WATCHDOG=1") {  // Until it goes hungry.
  }
  const BusyThread again(pages);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(systemd.next(kLong), "WATCHDOG=1");
}

TEST_F(WatchdogTest, ASlowDiskIsNoHang) {
  NotifySocket systemd(200ms);
  Pulse commit("commit");
  const Pulse::OnDisk on_disk(commit);
  watch({&commit});
  while (commit.age() < 500ms) ASSERT_EQ(systemd.next(kLong), "WATCHDOG=1");
  EXPECT_EQ(commit.patience(200ms), Pulse::kDiskPatience);
}

TEST_F(WatchdogTest, WithoutWatchdogSecNobodyIsFedAndTheMetricStillTells) {
  NotifySocket systemd;
  Pulse core("core");
  watch({&core}, [] { return "Listening"; });
  EXPECT_EQ(systemd.next(kLong), "STATUS=Listening");
  while (age_shown("core") < 0.3) std::this_thread::yield();
  EXPECT_EQ(systemd.next(50ms), "");
}

TEST_F(WatchdogTest, AStatusIsSentWhenItHasChangedOnly) {
  NotifySocket systemd;
  std::atomic<int> incidents = 1;
  std::atomic<int> asked = 0;
  watch({}, [&] {
    ++asked;
    return std::to_string(incidents) + " incidents";
  });
  EXPECT_EQ(systemd.next(kLong), "STATUS=1 incidents");
  const int before = asked;
  while (asked < before + 3) std::this_thread::yield();
  incidents = 2;
  EXPECT_EQ(systemd.next(kLong), "STATUS=2 incidents");
}

TEST_F(WatchdogTest, ItIsSilentOnceItHasStopped) {
  NotifySocket systemd(20s);
  Pulse core("core");
  const BusyThread alive(core);
  watch({&core});
  EXPECT_EQ(systemd.next(kLong), "WATCHDOG=1");
  watchdog_->stop();
  EXPECT_EQ(systemd.next_but("WATCHDOG=1", 50ms), "");
}

TEST(StatusLine, SaysWhereItListensWhatIsOpenAndWhichRulesHold) {
  EXPECT_EQ(status_line("127.0.0.1:9911", {1, 42, true}),
            "Listening on 127.0.0.1:9911; 1 open incident, 42 firing alerts; the rules are those "
            "on disk");
  EXPECT_EQ(status_line("127.0.0.1:9911", {0, 1, false}),
            "Listening on 127.0.0.1:9911; 0 open incidents, 1 firing alert; the rules on disk have "
            "errors, the last good ones hold");
}

}  // namespace
}  // namespace tocsin::daemon
