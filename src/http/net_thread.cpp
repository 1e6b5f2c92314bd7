#include "http/net_thread.h"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <ctime>
#include <new>

#include "http/exchange.h"
#include "tocsin/base/check.h"
#include "tocsin/base/priority.h"

namespace tocsin::http {
namespace {

namespace asio = boost::asio;

// A ticket is 8 bits of thread (from 1, so that no ticket is 0), 24 of generation, 32 of place.
constexpr unsigned kThreadShift = 56;
constexpr unsigned kGenerationShift = 32;
constexpr std::uint32_t kGenerationMask = (1U << 24U) - 1;

/// "Mon, 23 Nov 2026 04:16:09 GMT" (RFC 9110 section 5.6.7).
std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

}  // namespace

NetThread::NetThread(Site& site, std::uint64_t index)
    : site_(site),
      index_(index),
      memo_(kMemoBytes),
      date_(http_date()),
      read_buffer_(kReadBuffer) {}

NetThread::~NetThread() { stop(); }

void NetThread::start() {
  thread_ = std::thread([this] {
    give_way(kReadsRequests);
    tick();
    io_.run();
  });
  pthread_setname_np(thread_.native_handle(), "net");
}

void NetThread::stop() {
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

std::size_t NetThread::thread_of(std::uint64_t ticket) {
  return static_cast<std::size_t>(ticket >> kThreadShift) - 1;
}

void NetThread::adopt(Socket socket) {
  asio::post(io_, [this, socket = std::move(socket)]() mutable {
    boost::system::error_code failed;
    const auto end = socket.remote_endpoint(failed);
    if (failed) {
      --site_.connections;
      return;
    }
    auto address = end.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
      address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    Peer peer{address.to_string(), address.is_loopback()};
    auto session = make_session(*this, std::move(socket), std::move(peer), site_.terms.load()->tls);
    Session* const started = session.get();
    sessions_.emplace(started, std::move(session));
    started->start();
    if (site_.draining) started->drain();
  });
}

void NetThread::deliver(std::vector<std::unique_ptr<triage::Delivery>> deliveries) {
  asio::post(io_, [this, deliveries = std::move(deliveries)]() mutable {
    for (auto& delivery : deliveries) {
      if (Exchange* exchange = take(delivery->reply_to)) exchange->on_answer(std::move(delivery));
    }
  });
}

void NetThread::deliver(std::uint64_t ticket, Response response) {
  asio::post(io_, [this, ticket, response = std::move(response)]() mutable {
    if (Exchange* exchange = take(ticket)) exchange->on_read(std::move(response));
  });
}

void NetThread::drain(std::function<void()> then) {
  asio::post(io_, [this, then = std::move(then)] {
    for (const auto& [session, owned] : sessions_) session->drain();
    then();
  });
}

std::uint64_t NetThread::expect(Exchange& exchange) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(expected_.size()));
    expected_.emplace_back();
  }
  const std::uint32_t place = free_.back();
  free_.pop_back();
  Expected& expected = expected_[place];
  expected.exchange = &exchange;
  expected.generation = (expected.generation + 1) & kGenerationMask;
  return ((index_ + 1) << kThreadShift) | (std::uint64_t{expected.generation} << kGenerationShift) |
         place;
}

void NetThread::forget(std::uint64_t ticket) { take(ticket); }

Exchange* NetThread::take(std::uint64_t ticket) {
  const auto place = static_cast<std::uint32_t>(ticket);
  const auto generation = static_cast<std::uint32_t>(ticket >> kGenerationShift) & kGenerationMask;
  if (place >= expected_.size()) return nullptr;
  Expected& expected = expected_[place];
  if (expected.exchange == nullptr || expected.generation != generation) return nullptr;
  free_.push_back(place);
  return std::exchange(expected.exchange, nullptr);
}

void NetThread::wake_core_soon() {
  const Clock::time_point now = Clock::now();
  if (std::exchange(wakes_core_, true)) {
    if (now - wakes_core_since_ < kTurn) return;
    wakes_core_since_ = now;
    return wake_core();
  }
  wakes_core_since_ = now;
  // It comes behind the handlers of all sockets that are ready now.
  asio::post(io_, [this] {
    wakes_core_ = false;
    wake_core();
  });
}

void NetThread::wake_core() { site_.options.doors.wake(); }

void NetThread::retry_later(Exchange& exchange) {
  retrying_.push_back(&exchange);
  if (retrying_.size() > 1) return;
  retry_all();
}

void NetThread::retry_all() {
  retry_timer_.expires_after(kLaneRetryEvery);
  retry_timer_.async_wait([this](boost::system::error_code failed) {
    if (failed) return;
    // One round over those that wait now; in order, so that none overtakes for ever.
    for (std::size_t left = retrying_.size(); left > 0; --left) {
      Exchange* const exchange = retrying_.front();
      retrying_.pop_front();
      if (!exchange->retry()) retrying_.push_back(exchange);
    }
    if (!retrying_.empty()) retry_all();
  });
}

std::unique_ptr<RequestReader> NetThread::take_reader() {
  if (spare_readers_.empty()) return std::make_unique<RequestReader>();
  auto reader = std::move(spare_readers_.back());
  spare_readers_.pop_back();
  return reader;
}

void NetThread::give_back(std::unique_ptr<RequestReader> reader) {
  if (spare_readers_.size() == kSpareReaders) return;
  reader->begin();
  spare_readers_.push_back(std::move(reader));
}

void NetThread::remove(Session& session) {
  asio::post(io_, [this, gone = &session] {
    if (sessions_.erase(gone) > 0) --site_.connections;
  });
}

void NetThread::takes_much() noexcept {
  if (giving_memory_back_) return;
  try {
    giving_memory_back_ = site_.options.doors.giving_memory_back();
  } catch (const std::bad_alloc&) {
    giving_memory_back_ = nullptr;  // As it is; the allocator then gives it back in its own time.
  }
}

void NetThread::tick() {
  date_ = http_date();
  const auto now = Clock::now();
  for (const auto& [session, owned] : sessions_) session->tick(now);
  giving_memory_back_.reset();
  ticker_.expires_after(std::chrono::seconds(1));
  ticker_.async_wait([this](boost::system::error_code failed) {
    if (!failed) tick();
  });
}

}  // namespace tocsin::http
