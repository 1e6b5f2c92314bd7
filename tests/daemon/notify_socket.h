#pragma once

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>

namespace tocsin::daemon {

/// What systemd holds at its end: a datagram socket that NOTIFY_SOCKET names, for as long as this
/// lives. Abstract, so that no file is left behind. Source: sd_notify(3).
class NotifySocket {
 public:
  explicit NotifySocket(std::chrono::microseconds watchdog = {}) {
    const std::string name = "tocsin-test-" + std::to_string(::getpid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(&address.sun_path[1], name.data(), name.size());
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    void* const bytes = &address;
    if (socket_ < 0 || ::bind(socket_, static_cast<sockaddr*>(bytes), size) != 0) std::abort();
    ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
    if (watchdog.count() > 0) {
      ::setenv("WATCHDOG_USEC", std::to_string(watchdog.count()).c_str(), 1);
    }
  }
  ~NotifySocket() {
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("WATCHDOG_USEC");
    ::close(socket_);
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  /// The next message; "" if none comes within `longest`.
  std::string next(std::chrono::milliseconds longest) {
    const timeval limit{.tv_sec = longest.count() / 1000, .tv_usec = longest.count() % 1000 * 1000};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    std::array<char, 4096> text{};
    const ssize_t got = ::recv(socket_, text.data(), text.size(), 0);
    return got > 0 ? std::string(text.data(), static_cast<std::size_t>(got)) : "";
  }
  /// The first message that is no `other`; "" if none comes within `longest` of the last one.
  std::string next_but(const std::string& other, std::chrono::milliseconds longest) {
    std::string message = next(longest);
    while (message == other) message = next(longest);
    return message;
  }

 private:
  int socket_ = -1;
};

}  // namespace tocsin::daemon
