// A listening socket that was made before the process: systemd's, which outlives each of them.
#include <gtest/gtest.h>
#include <sys/un.h>

#include <memory>

#include "http/world.h"

namespace tocsin::http {
namespace {

/// A socket on a free port of 127.0.0.1, or of all addresses, as a socket unit would hold it.
class HeldSocket {
 public:
  explicit HeldSocket(in_addr_t address = INADDR_LOOPBACK, int type = SOCK_STREAM)
      : socket_(::socket(AF_INET, type, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(address);
    socklen_t size = sizeof at;
    void* const bytes = &at;
    auto* const name = static_cast<sockaddr*>(bytes);
    if (::bind(socket_, name, size) != 0 || ::getsockname(socket_, name, &size) != 0) std::abort();
    port_ = ntohs(at.sin_port);
  }
  ~HeldSocket() { ::close(socket_); }
  HeldSocket(const HeldSocket&) = delete;
  HeldSocket& operator=(const HeldSocket&) = delete;

  HeldSocket& listen() {
    if (::listen(socket_, 128) != 0) std::abort();
    return *this;
  }
  std::uint16_t port() const { return port_; }
  /// What a process that is started gets: the same socket under a number of its own.
  int handed_over() const { return ::dup(socket_); }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

std::string why_not(World& world) {
  try {
    world.start();
  } catch (const std::runtime_error& problem) {
    ::close(world.inherited_socket);
    return problem.what();
  }
  return "";
}

TEST(InheritedSocket, WhoConnectsBetweenTwoProcessesWaitsForTheSecond) {
  HeldSocket held;
  held.listen();
  auto first = std::make_unique<World>();
  first->inherited_socket = held.handed_over();
  first->settings.listen = {"127.0.0.1", held.port()};
  EXPECT_EQ(first->start().port(), held.port());
  EXPECT_EQ(first->server().address(), "127.0.0.1:" + std::to_string(held.port()));
  EXPECT_EQ(Client(held.port()).ask(post("/api/v2/alerts", kOneAlert)).status, 200);
  first.reset();

  Client between(held.port());
  EXPECT_TRUE(between.connected());
  ASSERT_TRUE(between.send(post("/api/v2/alerts", kOneAlert)));
  World second;
  second.inherited_socket = held.handed_over();
  second.settings.listen = {"127.0.0.1", held.port()};
  second.start();
  EXPECT_EQ(between.receive().status, 200);
  EXPECT_EQ(second.seen().size(), 1U);
}

TEST(InheritedSocket, WinsOverAnotherListen) {
  HeldSocket held;
  held.listen();
  World world;
  world.inherited_socket = held.handed_over();
  world.settings.listen = {"127.0.0.1", 1};
  EXPECT_EQ(world.start().port(), held.port());
  EXPECT_EQ(Client(held.port()).ask(get("/-/healthy")).status, 200);
}

TEST(InheritedSocket, BeyondLoopbackNeedsInsecureAsListenDoes) {
  HeldSocket held(INADDR_ANY);
  held.listen();
  World world;
  world.inherited_socket = held.handed_over();
  const std::string why = why_not(world);
  EXPECT_NE(why.find("0.0.0.0:" + std::to_string(held.port())), std::string::npos) << why;
  EXPECT_NE(why.find("insecure: true"), std::string::npos) << why;
  World insecure;
  insecure.inherited_socket = held.handed_over();
  insecure.settings.insecure = true;
  EXPECT_EQ(insecure.start().port(), held.port());
}

TEST(InheritedSocket, OnlyAListeningTcpSocketIsTaken) {
  const HeldSocket silent;
  const HeldSocket datagrams(INADDR_LOOPBACK, SOCK_DGRAM);
  for (const HeldSocket* held : {&silent, &datagrams}) {
    World world;
    world.inherited_socket = held->handed_over();
    EXPECT_NE(why_not(world).find("no listening TCP socket"), std::string::npos);
  }
  World on_a_path;
  on_a_path.inherited_socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  EXPECT_NE(why_not(on_a_path).find("no listening TCP socket"), std::string::npos);
}

TEST(Draining, WhoHasConnectedMayStillAskOnce) {
  World world;
  world.start();
  Client fresh(world.server().port());
  while (world.server().open_requests() != 1) {  // Until it is accepted.
  }
  Client idle(world.server().port());
  ASSERT_EQ(idle.ask(get("/-/healthy")).status, 200);
  while (world.server().open_requests() != 1) {  // Until that request is over.
  }
  world.server().stop_accepting();
  EXPECT_EQ(idle.receive().status, 0) << "its next request can go elsewhere";
  EXPECT_EQ(world.server().open_requests(), 1U) << "draining waits for it";
  ASSERT_TRUE(fresh.send(post("/api/v2/alerts", kOneAlert)));
  const Answer answer = fresh.receive();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("Connection"), "close");
  EXPECT_EQ(fresh.receive().status, 0);
}

}  // namespace
}  // namespace tocsin::http
