#include "daemon/watchdog.h"

#include <pthread.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <utility>

namespace tocsin::daemon {

namespace {
/// STATUS= is for people who look: not at every change of a number.
constexpr int kLooksPerStatus = 2;

/// WatchdogSec of the unit; zero without one, or if it is meant for another process.
Duration systemd_period() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return Duration(0);
  return std::chrono::duration_cast<Duration>(std::chrono::microseconds(microseconds));
}
}  // namespace

std::string status_line(const std::string& address, const telemetry::Metrics::Levels& levels) {
  const auto count = [](std::uint64_t number, const std::string& what) {
    return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
  };
  return "Listening on " + address + "; " + count(levels.incidents_open, "open incident") + ", " +
         count(levels.alerts_active, "firing alert") +
         (levels.rules_are_current ? "; the rules are those on disk"
                                   : "; the rules on disk have errors, the last good ones hold");
}

Watchdog::Watchdog(Options options)
    : options_(std::move(options)),
      patience_(systemd_period()),
      systemd_watches_(patience_ > Duration(0)) {
  if (!systemd_watches_) patience_ = options_.usual_patience;
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "watchdog");
}

Watchdog::~Watchdog() { stop(); }

void Watchdog::stop() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  end_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Watchdog::run() {
  const Duration pause = std::min(options_.look_every, patience_ / 4);
  std::unique_lock lock(mutex_);
  while (!ending_) {
    look();
    end_.wait_for(lock, pause, [this] { return ending_; });
  }
}

void Watchdog::look() {
  bool all_alive = true;
  bool one_is_lost = false;
  for (const Pulse* pulse : options_.pulses) {
    const Duration age = pulse->age();
    const Duration limit = pulse->patience(patience_);
    // What remains of the limit after this is what systemd waits since it was last fed.
    const bool is_late = age > limit - patience_ / 2;
    options_.metrics->progress(pulse->thread(), age);
    note(*pulse, is_late);
    all_alive = all_alive && !is_late;
    one_is_lost = one_is_lost || age >= limit;
  }
  if (systemd_watches_ && all_alive) sd_notify(0, "WATCHDOG=1");
  if (systemd_watches_ && one_is_lost && !std::exchange(asked_for_restart_, true)) {
    options_.log->flush();
    sd_notify(0, "WATCHDOG=trigger");
  }
  tell_status();
}

void Watchdog::note(const Pulse& pulse, bool is_late) {
  const auto told = std::ranges::find(late_, &pulse);
  if (is_late == (told != late_.end())) return;
  if (is_late) {
    late_.push_back(&pulse);
  } else {
    late_.erase(told);
  }
  const auto level = is_late ? telemetry::Log::Level::error : telemetry::Log::Level::warning;
  const char* const effect = !is_late           ? "none any more"
                             : systemd_watches_ ? "systemd restarts the daemon if this goes on"
                                                : "none: no watchdog is set";
  options_.log->write(level, is_late ? "watchdog.no_progress" : "watchdog.progress",
                      {{"thread", std::string(pulse.thread())},
                       {"for", format_duration(pulse.age())},
                       {"effect", effect}});
}

void Watchdog::tell_status() {
  if (!options_.status || looks_++ % kLooksPerStatus != 0) return;
  std::string status = options_.status();
  if (status.empty() || status == status_) return;
  status_ = std::move(status);
  sd_notifyf(0, "STATUS=%s", status_.c_str());
}

}  // namespace tocsin::daemon
