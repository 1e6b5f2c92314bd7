// Name lookups as the outside world does them to us: this program's getaddrinfo stands in front of
// the C library's, so a name server can fail or hang without a network.

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <atomic>
#include <cstring>
#include <string>

#include "delivery/courier_world.h"
#include "delivery/sink.h"

namespace {

enum class NameServer { answers, fails, hangs };
std::atomic<NameServer> name_server = NameServer::answers;
std::atomic<int> lookups = 0;
tocsin::delivery::Gate hung;
tocsin::delivery::Gate released;
tocsin::delivery::Gate left;

using LookUp = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

int real_getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                     addrinfo** result) {
  static const auto real = reinterpret_cast<LookUp>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(node, service, hints, result);
}

}  // namespace

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  if (node == nullptr || std::strcmp(node, "sink.example.net") != 0) {
    return real_getaddrinfo(node, service, hints, result);
  }
  ++lookups;
  switch (name_server.load()) {
    case NameServer::answers:
      return real_getaddrinfo("127.0.0.1", service, hints, result);
    case NameServer::fails:
      return EAI_NONAME;
    case NameServer::hangs:
      hung.arrive();
      released.wait_for(1);
      left.arrive();
      return EAI_AGAIN;
  }
  return EAI_FAIL;
}

namespace tocsin::delivery {
namespace {

class Lookup : public testing::Test {
 protected:
  void SetUp() override {
    name_server = NameServer::answers;
    lookups = 0;
  }
  /// A connection of its own per request, so that each needs its name looked up.
  const Sink sink{answers(empty_answer("200 OK", "Connection: close\r\n"))};
  const std::string by_name = sink.url("http", "sink.example.net");
};

TEST_F(Lookup, AnUnknownNameIsRefused) {
  name_server = NameServer::fails;
  CourierWorld world({webhook("ops", by_name)});
  EXPECT_EQ(shown(world.deliver(message(1, "ops"))),
            "refused dns: the name of the host is not known");
}

// R29: the page is still sent, to the address the name had last.
TEST_F(Lookup, TheLastGoodAddressServesWhileTheNameServerFails) {
  CourierWorld world({webhook("ops", by_name)});
  EXPECT_EQ(world.deliver(message(1, "ops")).outcome, triage::Outcome::delivered);
  name_server = NameServer::fails;
  EXPECT_EQ(world.deliver(message(2, "ops")).outcome, triage::Outcome::delivered);
  EXPECT_EQ(world.deliver(message(3, "ops")).outcome, triage::Outcome::delivered);
  EXPECT_EQ(lookups, 3);
  EXPECT_EQ(sink.connections(), 3);
}

TEST_F(Lookup, AnAddressOfAnotherNameIsNoLastGoodOne) {
  CourierWorld world({webhook("ops", by_name)});
  EXPECT_EQ(world.deliver(message(1, "ops")).outcome, triage::Outcome::delivered);
  name_server = NameServer::fails;
  world.courier().configure({webhook("ops", "http://sink.example.net:9/hooks/s3cret-path")},
                            "http://tocsin.example.net");
  EXPECT_EQ(world.deliver(message(2, "ops")).reason, triage::Reason::dns);
}

// P4, R29: a name server that never answers delays neither another destination nor the stop.
TEST_F(Lookup, AHangingNameServerDelaysOnlyItsDestination) {
  CourierWorld world(
      {webhook("hung", by_name), webhook("fine", sink.url()), webhook("known", by_name)}, kNever,
      Duration(300));
  EXPECT_EQ(world.deliver(message(1, "known")).outcome, triage::Outcome::delivered);
  name_server = NameServer::hangs;
  world.queue(message(2, "hung"));
  ASSERT_TRUE(hung.wait_for(1));
  EXPECT_EQ(world.deliver(message(3, "fine")).outcome, triage::Outcome::delivered);
  EXPECT_EQ(shown(world.outcome(2)), "refused dns: name lookup timed out");
  EXPECT_EQ(world.deliver(message(4, "known")).outcome, triage::Outcome::delivered);
  world.stop();
  // The lookups were left behind in their threads; they end before the program does.
  released.arrive();
  EXPECT_TRUE(left.wait_for(hung.arrived()));
}

}  // namespace
}  // namespace tocsin::delivery
