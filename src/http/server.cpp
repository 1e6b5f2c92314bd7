#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <latch>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "http/net_thread.h"
#include "http/read_pool.h"
#include "http/site.h"
#include "tocsin/base/check.h"

namespace tocsin::http {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using Failure = boost::system::error_code;

/// What other files and connections of the process may need.
constexpr std::size_t kFilesKept = 128;
constexpr std::chrono::milliseconds kAcceptPause{100};

std::size_t connections_max() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return kConnectionsMax;
  }
  const auto files = static_cast<std::size_t>(limit.rlim_cur);
  const std::size_t most = files > 2 * kFilesKept ? files - kFilesKept : files / 2;
  return std::min(most, kConnectionsMax);
}

tcp::endpoint endpoint_of(const config::Listen& listen) {
  Failure failed;
  const std::string host = listen.host == "localhost" ? "127.0.0.1" : listen.host;
  const auto address = asio::ip::make_address(host, failed);
  if (failed) {
    throw std::runtime_error("listen: \"" + listen.host +
                             "\" is no address; write one such as 127.0.0.1:9911 or [::1]:9911");
  }
  return {address, listen.port};
}

std::string shown(const tcp::endpoint& endpoint) {
  std::ostringstream text;
  text << endpoint;
  return text.str();
}

int socket_option(int socket, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(socket, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

/// As tocsin.yaml is checked for `listen`: "", or why these settings must not hold for the address.
std::string why_unsafe(const tcp::endpoint& endpoint, const config::Settings& settings) {
  if (endpoint.address().is_loopback() || settings.insecure) return {};
  if (settings.tls && !settings.auth.tokens.empty()) return {};
  return "beyond loopback, without TLS or without any token";
}

/// The address of a socket that came from outside, which may be anything.
tcp::endpoint checked_inherited(int socket, const config::Settings& settings) {
  tcp::endpoint endpoint;
  socklen_t size = static_cast<socklen_t>(endpoint.capacity());
  const bool is_tcp =
      socket_option(socket, SO_TYPE) == SOCK_STREAM &&
      ::getsockname(socket, endpoint.data(), &size) == 0 &&
      (endpoint.data()->sa_family == AF_INET || endpoint.data()->sa_family == AF_INET6);
  if (!is_tcp || socket_option(socket, SO_ACCEPTCONN) != 1) {
    throw std::runtime_error(
        "the socket handed over at the start is no listening TCP socket; write one such as "
        "ListenStream=127.0.0.1:9911 into the socket unit");
  }
  endpoint.resize(size);
  const std::string problem = why_unsafe(endpoint, settings);
  if (!problem.empty()) {
    throw std::runtime_error("the socket handed over at the start listens on " + shown(endpoint) +
                             ", " + problem +
                             "; write ListenStream=127.0.0.1:9911 into the socket unit, set tls "
                             "and auth.tokens in tocsin.yaml, or say insecure: true there");
  }
  return endpoint;
}

}  // namespace

struct Server::Impl {
  explicit Impl(Options options)
      : site(std::move(options)),
        pool(site.options.read_threads, site.options.doors.make_reader,
             [this](std::uint64_t ticket, Response response) {
               thread_of(ticket).deliver(ticket, std::move(response));
             }),
        connections_most(connections_max()) {
    site.read_pool = &pool;
    const unsigned count = std::max(1U, site.options.net_threads);
    for (unsigned i = 0; i < count; ++i) {
      threads.push_back(std::make_unique<NetThread>(site, i));
    }
    acceptor.emplace(threads.front()->io());
    accept_pause.emplace(threads.front()->io());
    if (site.options.inherited_socket >= 0) {
      inherit();
    } else {
      bind();
    }
  }

  void bind() {
    const config::Listen& listen = site.options.settings.listen;
    const tcp::endpoint endpoint = endpoint_of(listen);
    Failure failed;
    acceptor->open(endpoint.protocol(), failed);
    if (!failed) acceptor->set_option(tcp::acceptor::reuse_address(true), failed);
    if (!failed) acceptor->bind(endpoint, failed);
    if (!failed) acceptor->listen(asio::socket_base::max_listen_connections, failed);
    if (failed) {
      throw std::runtime_error("cannot listen on " + listen.host + ":" +
                               std::to_string(listen.port) + ": " + failed.message() +
                               "; stop what uses the address, or change `listen`");
    }
    bound = acceptor->local_endpoint();
  }

  void inherit() {
    const int socket = site.options.inherited_socket;
    bound = checked_inherited(socket, site.options.settings);
    Failure failed;
    acceptor->assign(bound.protocol(), socket, failed);
    if (failed) throw std::runtime_error("cannot use the inherited socket: " + failed.message());
    const tcp::endpoint configured = endpoint_of(site.options.settings.listen);
    if (bound == configured) return;
    site.warn("http.listen", "http.listen_differs",
              {{"listen", shown(configured)},
               {"inherited", shown(bound)},
               {"effect", "the inherited socket is used and `listen` is not"},
               {"cure", "write the same address into tocsin.yaml and the socket unit"}});
  }

  NetThread& thread_of(std::uint64_t ticket) {
    const std::size_t index = NetThread::thread_of(ticket);
    CHECK(index < threads.size());
    return *threads[index];
  }

  /// One acceptor hands its sockets round, so that long-lived connections spread evenly.
  void accept() {
    NetThread& next = *threads[turn++ % threads.size()];
    acceptor->async_accept(next.io(), [this, &next](Failure failed, NetThread::Socket socket) {
      if (failed == asio::error::operation_aborted) return;
      if (failed) {
        if (!acceptor->is_open()) return;
        site.warn("http.accept", "http.accept_failed", {{"problem", failed.message()}});
        return accept_later();
      }
      if (site.connections.fetch_add(1) < connections_most) {
        next.adopt(std::move(socket));
      } else {
        --site.connections;
        site.count_request("connection", 503, {});
        site.warn("http.connections", "http.too_many_connections",
                  {{"most", std::to_string(connections_most)}});
      }
      if (acceptor->is_open()) accept();
    });
  }

  /// Out of files, mostly: trying again at once would only spin.
  void accept_later() {
    accept_pause->expires_after(kAcceptPause);
    accept_pause->async_wait([this](Failure failed) {
      if (!failed) accept();
    });
  }

  void stop() {
    site.draining = true;
    pool.stop();
    for (const auto& thread : threads) thread->stop();
  }

  Site site;
  ReadPool pool;
  std::size_t connections_most;
  std::vector<std::unique_ptr<NetThread>> threads;
  std::optional<tcp::acceptor> acceptor;
  std::optional<asio::steady_timer> accept_pause;
  std::size_t turn = 0;
  tcp::endpoint bound;
};

Server::Server(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Server::~Server() {
  stop();
  // Sockets of all kinds go before the contexts they belong to.
  impl_->acceptor.reset();
  impl_->accept_pause.reset();
}

void Server::start() {
  impl_->pool.start();
  impl_->accept();
  for (const auto& thread : impl_->threads) thread->start();
}

std::string Server::configure(const config::Settings& settings) {
  // `listen` waits for a restart, so the new settings may be meant for another address.
  const tcp::endpoint& bound = impl_->bound;
  const std::string problem = why_unsafe(bound, settings);
  if (problem.empty()) return impl_->site.configure(settings);
  return "access and TLS stay as they were until a restart: the daemon listens on " + shown(bound) +
         ", " + problem + " by the new ones";
}

void Server::answer(std::vector<std::unique_ptr<triage::Delivery>> deliveries) {
  std::vector<std::vector<std::unique_ptr<triage::Delivery>>> groups(impl_->threads.size());
  for (auto& delivery : deliveries) {
    const std::size_t index = NetThread::thread_of(delivery->reply_to);
    // What no thread here asked for, nobody here waits for.
    if (index < groups.size()) groups[index].push_back(std::move(delivery));
  }
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (!groups[i].empty()) impl_->threads[i]->deliver(std::move(groups[i]));
  }
}

void Server::stop_accepting() {
  impl_->site.draining = true;
  std::latch closed(1);
  asio::post(impl_->threads.front()->io(), [&, impl = impl_.get()] {
    Failure ignored;
    impl->acceptor->close(ignored);
    impl->accept_pause->cancel();
    closed.count_down();
  });
  closed.wait();
  // Sockets handed round before that stand in these threads' queues in front of this.
  std::latch told(static_cast<std::ptrdiff_t>(impl_->threads.size()));
  for (const auto& thread : impl_->threads) thread->drain([&] { told.count_down(); });
  told.wait();
}

void Server::stop() { impl_->stop(); }

std::uint16_t Server::port() const { return impl_->bound.port(); }

std::string Server::address() const { return shown(impl_->bound); }

std::size_t Server::open_requests() const { return impl_->site.open_requests; }

}  // namespace tocsin::http
