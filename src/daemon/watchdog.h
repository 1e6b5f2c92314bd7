#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/pulse.h"
#include "tocsin/telemetry/telemetry.h"

namespace tocsin::daemon {

/// Tells systemd that the daemon makes progress (WATCHDOG=1) and what it does (STATUS=), by
/// sd_notify(3). Runs on a thread of its own, which knows nothing but the pulses: it feeds
/// systemd's watchdog only while every pulse is younger than half of WatchdogSec, and once one is
/// as old as WatchdogSec it asks for the restart at once, so that a hang lasts no longer than that.
/// Without systemd it only keeps the metric and writes the log line.
class Watchdog {
 public:
  struct Options {
    std::vector<const Pulse*> pulses;     ///< Outlive this.
    std::function<std::string()> status;  ///< One line; sent when it has changed.
    telemetry::Metrics* metrics = nullptr;
    telemetry::Log* log = nullptr;
    Duration look_every{1000};
    /// The age of a pulse that counts as a hang where systemd sets no WatchdogSec.
    Duration usual_patience{20'000};
  };
  /// Reads NOTIFY_SOCKET and WATCHDOG_USEC.
  explicit Watchdog(Options);
  ~Watchdog();
  /// Ends the thread. From now on systemd hears nothing: call it when stopping has been announced.
  void stop();

 private:
  void run();
  void look();
  void note(const Pulse&, bool is_late);
  void tell_status();

  Options options_;
  Duration patience_;  ///< WatchdogSec.
  bool systemd_watches_;
  std::vector<const Pulse*> late_;  ///< Those the log has told of.
  bool asked_for_restart_ = false;
  std::string status_;
  int looks_ = 0;
  std::mutex mutex_;
  std::condition_variable end_;
  bool ending_ = false;
  std::thread thread_;
};

/// What `systemctl status` shows.
std::string status_line(const std::string& address, const telemetry::Metrics::Levels&);

}  // namespace tocsin::daemon
