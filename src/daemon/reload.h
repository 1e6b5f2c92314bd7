#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tocsin/config/config.h"
#include "tocsin/http/http.h"
#include "tocsin/telemetry/telemetry.h"

namespace tocsin::daemon {

/// Reads all files again and puts them in force while everything goes on. One reload at a time, on
/// a thread of its own; those that are asked for meanwhile are done as one.
class Reload {
 public:
  struct Options {
    config::Settings settings;  ///< In force since the start.
    std::shared_ptr<const triage::Policy> policy;
    /// Keeps the files as the last good ones; "" or why it could not.
    std::function<std::string(std::shared_ptr<const triage::Policy>)> save;
    /// "", or what could not be taken over.
    std::function<std::string(const config::Settings&)> configure;
    /// Returns when the core decides by the policy and has committed so; false if the daemon is
    /// stopping.
    std::function<bool(std::shared_ptr<const triage::Policy>, bool reapply)> put_in_force;
    std::function<bool()> is_stopping;
    /// Raises the alarm, or ends it with "".
    std::function<void(const std::string& mistake)> alarm;
    telemetry::Metrics* metrics = nullptr;
    telemetry::Log* log = nullptr;
  };
  using Then = std::function<void(http::Reloaded)>;

  explicit Reload(Options);
  ~Reload();

  /// Thread-safe. `then` is called on this thread's own; not at all if the daemon stops before.
  void ask(bool reapply, Then then);
  /// Ends the thread; a reload under way is finished first.
  void stop();

 private:
  void run();
  http::Reloaded reload(bool reapply);
  void take_over(config::Loaded&, bool reapply, http::Reloaded&);
  void report(const http::Reloaded&);
  void free_former();

  Options options_;
  /// Policies that were in force and may still be in use. A large one takes milliseconds to free:
  /// this thread lets go of them last, so that no other has to.
  std::vector<std::shared_ptr<const triage::Policy>> former_;
  std::mutex mutex_;
  std::condition_variable something_;
  std::vector<std::pair<bool, Then>> waiting_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace tocsin::daemon
