#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

namespace tocsin::http {

struct Answer {
  int status = 0;                              ///< 0: the connection ended instead.
  std::map<std::string, std::string> headers;  ///< Names as sent.
  std::string body;
};

/// One connection, byte by byte as the test wants it. Reads wait at most ten seconds.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval limit{10, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// The next answer. `to_head`: it has no body, whatever its length says.
  Answer receive(bool to_head = false) {
    Answer answer;
    std::size_t end = 0;
    while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return answer;
    }
    answer.status = std::atoi(in_.substr(9, 3).c_str());
    std::string_view lines = std::string_view(in_).substr(0, end);
    lines.remove_prefix(std::min(lines.size(), lines.find("\r\n")));
    while (lines.starts_with("\r\n")) {
      lines.remove_prefix(2);
      const std::string_view line = lines.substr(0, lines.find("\r\n"));
      const auto colon = line.find(": ");
      answer.headers[std::string(line.substr(0, colon))] = line.substr(colon + 2);
      lines.remove_prefix(line.size());
    }
    in_.erase(0, end + 4);
    if (to_head || answer.status == 100) return answer;
    const auto size =
        static_cast<std::size_t>(std::atoll(answer.headers["Content-Length"].c_str()));
    while (in_.size() < size && more()) {
    }
    answer.body = in_.substr(0, size);
    in_.erase(0, size);
    return answer;
  }

  Answer ask(std::string_view request) { return send(request) ? receive() : Answer{}; }

  /// Nothing more will be sent; answers are still read.
  void end_sending() { ::shutdown(socket_, SHUT_WR); }

  /// True if the server closes without another byte.
  bool is_closed() {
    char byte = 0;
    const ssize_t got = in_.empty() ? ::recv(socket_, &byte, 1, 0) : 1;
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }

 private:
  bool more() {
    char bytes[65536];
    const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    in_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  int socket_;
  bool connected_ = false;
  std::string in_;
};

inline std::string get(std::string_view path, std::string_view headers = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) +
         "\r\n";
}

inline std::string post(std::string_view path, std::string_view body,
                        std::string_view headers = "Content-Type: application/json\r\n") {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(headers) + "\r\n" + std::string(body);
}

}  // namespace tocsin::http
