#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "http/message.h"
#include "http/request_reader.h"
#include "http/session.h"
#include "http/site.h"
#include "http/wire.h"
#include "tocsin/ingest/ingest.h"

namespace tocsin::http {

class Exchange;

/// One thread with its sockets. Everything of a connection happens on it, so nothing here is
/// guarded; what comes from other threads is posted.
class NetThread {
 public:
  using Io = Wire::Io;
  using Socket = Wire::Socket;

  NetThread(Site&, std::uint64_t index);
  ~NetThread();
  void start();
  void stop();  ///< Joins. Connections are dropped by the destructor.

  // From any thread.
  void adopt(Socket);
  void deliver(std::vector<std::unique_ptr<triage::Delivery>>);
  void deliver(std::uint64_t ticket, Response);
  void drain(std::function<void()> then);  ///< `then` is called on this thread.
  Io& io() { return io_; }

  // On this thread.
  Site& site() { return site_; }
  ingest::Decoder& decoder() { return decoder_; }
  ingest::Memo& memo() { return memo_; }
  const std::string& date() const { return date_; }
  /// For whoever reads just now: what is to be kept longer has to be copied.
  std::span<char> read_buffer() { return read_buffer_; }
  /// Ready for a request. Give it back when that is answered.
  std::unique_ptr<RequestReader> take_reader();
  void give_back(std::unique_ptr<RequestReader>);
  /// A ticket under which one answer will come for the exchange.
  std::uint64_t expect(Exchange&);
  void forget(std::uint64_t ticket);
  /// Calls exchange.retry() every few milliseconds until it returns true.
  void retry_later(Exchange&);
  /// A request takes much memory: what is freed goes to the system at once, up to the next tick.
  /// Else the allocator looks for it only when this thread allocates, which may be never.
  void takes_much() noexcept;
  /// Something was submitted: wakes the core when what is at hand here has been done, at once if
  /// that takes more than kTurn.
  void wake_core_soon();
  void wake_core();
  /// Destroys the session once this call's stack is left.
  void remove(Session&);

  static std::size_t thread_of(std::uint64_t ticket);

 private:
  struct Expected {
    Exchange* exchange = nullptr;
    std::uint32_t generation = 0;
  };
  Exchange* take(std::uint64_t ticket);
  void tick();
  void retry_all();

  Site& site_;
  std::uint64_t index_;
  Io io_{1};
  boost::asio::executor_work_guard<Io::executor_type> work_{io_.get_executor()};
  boost::asio::steady_timer ticker_{io_};
  boost::asio::steady_timer retry_timer_{io_};
  ingest::Decoder decoder_;
  ingest::Memo memo_;
  std::string date_;
  std::vector<char> read_buffer_;
  std::vector<std::unique_ptr<RequestReader>> spare_readers_;
  std::vector<Expected> expected_;
  std::vector<std::uint32_t> free_;
  std::deque<Exchange*> retrying_;
  bool wakes_core_ = false;             ///< Posted,
  Clock::time_point wakes_core_since_;  ///< and since when.
  std::shared_ptr<void> giving_memory_back_;
  std::unordered_map<Session*, std::unique_ptr<Session>> sessions_;
  std::thread thread_;
};

/// Made in session.cpp, the one file that knows how bytes become requests.
/// With `tls` the connection begins with a handshake.
std::unique_ptr<Session> make_session(NetThread&, NetThread::Socket, Peer,
                                      std::shared_ptr<Tls> tls);

}  // namespace tocsin::http
