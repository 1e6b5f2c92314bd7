#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace tocsin::delivery {

/// The destination's end of one connection.
class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}

  /// Header and body of the next request; nothing once the other side has closed.
  std::optional<std::string> read_request() {
    for (;;) {
      const std::size_t end = received_.find("\r\n\r\n");
      if (end != std::string::npos && received_.size() >= end + 4 + content_length(end)) {
        const std::size_t size = end + 4 + content_length(end);
        std::string request = received_.substr(0, size);
        received_.erase(0, size);
        return request;
      }
      char bytes[4096];
      const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
      if (got <= 0) return std::nullopt;
      received_.append(bytes, static_cast<std::size_t>(got));
    }
  }
  /// The next line without its end; nothing once the other side has closed.
  std::optional<std::string> read_line() {
    for (;;) {
      const std::size_t end = received_.find("\r\n");
      if (end != std::string::npos) {
        std::string line = received_.substr(0, end);
        received_.erase(0, end + 2);
        return line;
      }
      char bytes[4096];
      const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
      if (got <= 0) return std::nullopt;
      received_.append(bytes, static_cast<std::size_t>(got));
    }
  }
  /// False once the other side has gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// True if the other side closed (or sent) within the time.
  bool stirs_within(int milliseconds) {
    pollfd entry{fd_, POLLIN, 0};
    return ::poll(&entry, 1, milliseconds) > 0;
  }
  void wait_until_closed() {
    while (read_request()) continue;
  }
  /// Closing after this sends a TCP reset.
  void reset_on_close() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

 private:
  std::size_t content_length(std::size_t header_end) const {
    constexpr std::string_view kName = "\r\nContent-Length: ";
    const std::size_t at = received_.find(kName);
    if (at == std::string::npos || at > header_end) return 0;
    return std::strtoull(received_.c_str() + at + kName.size(), nullptr, 10);
  }
  int fd_;
  std::string received_;
};

/// A destination on loopback that behaves as it is told, once per connection. Real sockets.
class Sink {
 public:
  using Behaviour = std::function<void(Connection&)>;

  explicit Sink(Behaviour behaviour) : behaviour_(std::move(behaviour)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 128) != 0 ||
        ::getsockname(listener_, generic, &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~Sink() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
  }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  int port() const { return port_; }
  /// The path stands for the secret part of a webhook's URL.
  std::string url(const std::string& scheme = "http", const std::string& host = "127.0.0.1") const {
    return scheme + "://" + host + ":" + std::to_string(port_) + "/hooks/s3cret-path";
  }
  int connections() const { return connections_; }

 private:
  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      ++connections_;
      const std::lock_guard lock(mutex_);
      open_.insert(fd);
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }
  void serve(int fd) {
    Connection connection(fd);
    behaviour_(connection);
    const std::lock_guard lock(mutex_);
    open_.erase(fd);
    ::close(fd);
  }

  Behaviour behaviour_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::set<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// Answers every request on a kept connection with the same text.
inline Sink::Behaviour answers(std::string answer) {
  return [answer = std::move(answer)](Connection& connection) {
    while (connection.read_request() && connection.send(answer)) continue;
  };
}
inline std::string empty_answer(const std::string& status_line, const std::string& headers = "") {
  return "HTTP/1.1 " + status_line + "\r\n" + headers + "Content-Length: 0\r\n\r\n";
}

}  // namespace tocsin::delivery
