#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "daemon/core_thread.h"
#include "daemon/inbox.h"
#include "daemon/pulse.h"
#include "tocsin/delivery/delivery.h"
#include "tocsin/store/store.h"
#include "tocsin/telemetry/telemetry.h"

namespace tocsin::daemon {

/// Fills owed pages with what their messages show, read from the store, and gives them to the
/// courier, whose outcomes become steps. Reading stands on a thread of its own so that neither the
/// core nor a destination ever waits for a disk.
class PageThread {
 public:
  struct Options {
    std::function<std::unique_ptr<store::Reader>()> make_reader;
    delivery::Courier* courier = nullptr;
    Inbox* inbox = nullptr;
    telemetry::Metrics* metrics = nullptr;
    telemetry::Log* log = nullptr;
    Pulse* pulse = nullptr;
  };
  explicit PageThread(Options);
  ~PageThread();

  /// Thread-safe.
  void send(std::vector<OwedPage>);

 private:
  void run();
  void attempt(OwedPage, store::Reader*);

  Options options_;
  std::mutex mutex_;
  std::condition_variable something_;
  std::vector<OwedPage> waiting_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace tocsin::daemon
