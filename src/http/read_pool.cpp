#include "http/read_pool.h"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "http/limits.h"
#include "tocsin/base/priority.h"

namespace tocsin::http {

ReadPool::ReadPool(unsigned threads, std::function<std::unique_ptr<store::Reader>()> make_reader,
                   Deliver deliver)
    : thread_count_(std::max(1U, threads)),
      make_reader_(std::move(make_reader)),
      deliver_(std::move(deliver)) {}

ReadPool::~ReadPool() { stop(); }

void ReadPool::start() {
  for (unsigned i = 0; i < thread_count_; ++i) {
    threads_.emplace_back([this] { run(); });
    pthread_setname_np(threads_.back().native_handle(), "read");
  }
}

void ReadPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  something_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::deque<ReadPool::Waiting>& ReadPool::queue_of(Kind kind) {
  switch (kind) {
    case Kind::operations:
      return operations_;
    case Kind::action:
      return actions_;
    case Kind::list:
      break;
  }
  return lists_;
}

bool ReadPool::submit(Kind kind, std::uint64_t ticket, Task task) {
  {
    const std::lock_guard lock(mutex_);
    auto& queue = queue_of(kind);
    const std::size_t most = kind == Kind::list ? kListsWaitingMax : kOperationsWaitingMax;
    if (stopping_ || queue.size() >= most) return false;
    queue.push_back({ticket, std::move(task)});
  }
  something_.notify_one();
  return true;
}

bool ReadPool::take(Waiting& out, Kind& kind) {
  const unsigned lists_max = std::max(1U, thread_count_ - 1);
  std::unique_lock lock(mutex_);
  something_.wait(lock, [&] {
    return stopping_ || !operations_.empty() || !actions_.empty() ||
           (!lists_.empty() && lists_running_ < lists_max);
  });
  if (stopping_) return false;
  kind = !operations_.empty() ? Kind::operations : !actions_.empty() ? Kind::action : Kind::list;
  auto& queue = queue_of(kind);
  out = std::move(queue.front());
  queue.pop_front();
  if (kind == Kind::list) ++lists_running_;
  return true;
}

void ReadPool::run() {
  give_way(kReadsRequests);
  std::unique_ptr<store::Reader> reader;
  Waiting waiting;
  Kind kind = Kind::list;
  while (take(waiting, kind)) {
    Response response;
    try {
      if (!reader && kind != Kind::operations && make_reader_) reader = make_reader_();
      response = waiting.task(reader.get());
    } catch (const std::exception&) {
      // The root of this thread: whatever a library threw becomes an answer.
      response = error_response(Dialect::native, 500, "the answer could not be made");
    }
    deliver_(waiting.ticket, std::move(response));
    waiting.task = nullptr;
    if (kind != Kind::list) continue;
    {
      const std::lock_guard lock(mutex_);
      --lists_running_;
    }
    something_.notify_one();
  }
}

}  // namespace tocsin::http
