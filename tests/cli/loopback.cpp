#include "cli/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace tocsin::cli {
namespace {

/// The bytes a request still lacks; the whole header when its end is not there yet.
bool is_complete(const std::string& request) {
  const std::size_t end = request.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  constexpr std::string_view kLength = "Content-Length: ";
  const std::size_t at = request.find(kLength);
  const std::size_t body = at == std::string::npos || at > end
                               ? 0
                               : std::strtoul(request.c_str() + at + kLength.size(), nullptr, 10);
  return request.size() >= end + 4 + body;
}

std::string read_request(int peer) {
  std::string request;
  std::array<char, 4096> bytes{};
  while (!is_complete(request)) {
    const ssize_t got = ::recv(peer, bytes.data(), bytes.size(), 0);
    if (got <= 0) break;
    request.append(bytes.data(), static_cast<std::size_t>(got));
  }
  return request;
}

}  // namespace

Loopback::Loopback(std::vector<Answer> answers) : answers_(std::move(answers)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || ::bind(listener_, generic, size) != 0 || ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, generic, &size) != 0) {
    throw std::runtime_error("no loopback listener");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

Loopback::~Loopback() {
  ::shutdown(listener_, SHUT_RDWR);  // accept() returns.
  thread_.join();
  ::close(listener_);
}

std::string Loopback::url() const { return "http://127.0.0.1:" + std::to_string(port_); }

std::vector<std::string> Loopback::requests() {
  const std::lock_guard guard(lock_);
  return requests_;
}

void Loopback::run() {
  for (const Answer& answer : answers_) {
    const int peer = ::accept(listener_, nullptr, nullptr);
    if (peer < 0) return;
    std::string request = read_request(peer);
    {
      const std::lock_guard guard(lock_);
      requests_.push_back(std::move(request));
    }
    const std::string reply = "HTTP/1.1 " + std::to_string(answer.status) +
                              " X\r\nContent-Length: " + std::to_string(answer.body.size()) +
                              "\r\nConnection: close\r\n\r\n" + answer.body;
    ::send(peer, reply.data(), reply.size(), MSG_NOSIGNAL);
    ::close(peer);
  }
}

}  // namespace tocsin::cli
