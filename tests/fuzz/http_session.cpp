// Raw bytes to a real server over loopback, after which the connection is half-closed. Whatever
// they are, the server answers or closes, and serves the next one.
#include <fcntl.h>
#include <poll.h>

#include <chrono>
#include <memory>
#include <string>

#include "fuzz/input.h"
#include "http/world.h"

namespace tocsin::fuzz {
namespace {

/// Far beyond what a server that lives takes, even on a busy machine.
constexpr std::chrono::seconds kPatience{20};
/// A world remembers what it was sent.
constexpr int kInputsOfAWorld = 500;

ingest::Origin at(std::string_view pointer) { return {*ingest::parse_pointer(pointer), ""}; }

config::Sender builds() {
  ingest::Mapping map;
  map.status = ingest::Mapping::Status{*ingest::parse_pointer("/state"), {"down"}, {"up"}};
  map.labels = {{"alertname", at("/name")}};
  config::Sender sender;
  sender.source = "builds";
  sender.map = std::make_shared<const ingest::Mapping>(map);
  return sender;
}

config::Sender signed_relay() {
  config::Sender sender;
  sender.source = "relay";
  sender.hmac_secret = "secret";
  sender.hmac_header = "X-Signature";
  return sender;
}

std::unique_ptr<http::World> make_world() {
  auto world = std::make_unique<http::World>();
  world->policy.sources.push_back({"relay", "alertmanager", std::nullopt});
  world->policy.sources.push_back({"hook", "alertmanager", std::nullopt});
  world->policy.sources.push_back({"pager", "pagerduty", std::nullopt});
  world->policy.sources.push_back({"builds", "json", std::nullopt});
  world->settings.senders = {builds(), signed_relay()};
  config::Token token;
  token.name = "monitor";
  token.secrets = {"token"};
  token.source = "prom-us";
  world->settings.auth.tokens = {token};
  world->shelf.incidents[3].id = IncidentId{3};
  world->start();
  return world;
}

/// One connection that never waits for the other side to take what it sends.
class Connection {
 public:
  explicit Connection(std::uint16_t port)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // Reset when closed: thousands a second would leave no port that is free.
    const linger reset{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    const auto connect = [&] {
      return ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ||
             errno == EISCONN;
    };
    while (!connect()) CHECK(errno == EINTR || errno == EALREADY);  // A fuzzer's alarm.
    ::fcntl(socket_, F_SETFL, O_NONBLOCK);
  }
  ~Connection() { ::close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Sends all of it, or as much as is taken, then ends its half; what came back until the other
  /// half ended, too.
  std::string talk(std::string_view bytes) {
    left_ = bytes;
    send(bytes);
    while (!ended_) {
      pollfd one{socket_, static_cast<short>(POLLIN | (left_.empty() ? 0 : POLLOUT)), 0};
      const int ready = ::poll(&one, 1, static_cast<int>(kPatience / std::chrono::milliseconds(1)));
      CHECK(ready > 0 || (ready < 0 && errno == EINTR));
      if (!left_.empty()) send(left_);
      receive();
    }
    return std::move(in_);
  }

 private:
  void send(std::string_view bytes) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return;
    left_ = sent < 0 ? std::string_view() : bytes.substr(static_cast<std::size_t>(sent));
    if (left_.empty()) ::shutdown(socket_, SHUT_WR);
  }
  void receive() {
    char bytes[16384];
    const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
    if (got < 0 && errno == EAGAIN) return;
    ended_ = got <= 0;
    if (got > 0 && in_.size() < kKept) in_.append(bytes, static_cast<std::size_t>(got));
  }

  static constexpr std::size_t kKept = 64;
  int socket_;
  std::string_view left_;
  std::string in_;
  bool ended_ = false;
};

}  // namespace
}  // namespace tocsin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  static std::unique_ptr<http::World> world;
  static int inputs = 0;
  if (inputs++ % fuzz::kInputsOfAWorld == 0) {
    world.reset();
    world = fuzz::make_world();
  }
  const std::string said = fuzz::Connection(world->port()).talk(fuzz::Input(bytes, size).rest());
  CHECK(said.empty() || said.starts_with("HTTP/1."));
  const std::string healthy = fuzz::Connection(world->port())
                                  .talk(
                                      "GET /-/healthy HTTP/1.1\r\nHost: tocsin.example.net\r\n"
                                      "Connection: close\r\n\r\n");
  CHECK(healthy.starts_with("HTTP/1.1 200 "));
  return 0;
}
