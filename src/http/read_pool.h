#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "http/message.h"
#include "tocsin/store/store.h"

namespace tocsin::http {

/// The threads that read the store. Lists never occupy all of them, so that neither /metrics nor
/// the answer to what a person did waits for a slow list; each kind waits in a bounded queue.
class ReadPool {
 public:
  enum class Kind : std::uint8_t { operations, action, list };
  /// The reader is null if none can be opened just now.
  using Task = std::function<Response(store::Reader*)>;
  using Deliver = std::function<void(std::uint64_t ticket, Response)>;

  ReadPool(unsigned threads, std::function<std::unique_ptr<store::Reader>()> make_reader,
           Deliver deliver);
  ~ReadPool();
  void start();
  /// Ends the threads after what they are doing; what waits is dropped.
  void stop();
  /// Thread-safe. False if too much waits already.
  bool submit(Kind, std::uint64_t ticket, Task);

 private:
  struct Waiting {
    std::uint64_t ticket = 0;
    Task task;
  };
  void run();
  std::deque<Waiting>& queue_of(Kind);
  bool take(Waiting& out, Kind& kind);

  unsigned thread_count_;
  std::function<std::unique_ptr<store::Reader>()> make_reader_;
  Deliver deliver_;
  std::mutex mutex_;
  std::condition_variable something_;
  std::deque<Waiting> operations_, actions_, lists_;
  unsigned lists_running_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tocsin::http
