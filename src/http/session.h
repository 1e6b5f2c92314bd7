#pragma once

#include "http/message.h"
#include "http/site.h"

namespace tocsin::http {

/// One connection, as its net thread sees it. At any time exactly one thing is outstanding: a read,
/// a write, or the answer to the request being served; a session that must go does so when that
/// comes back.
class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;
  virtual void start() = 0;
  /// Once a second: closes the connection if its deadline has passed.
  virtual void tick(Clock::time_point now) = 0;
  /// The server is about to end: closes after the answer. One that is idle closes at once, unless
  /// its first request has yet to come: who has just connected did not know.
  virtual void drain() = 0;
};

/// Where an exchange's response goes: exactly one for each request.
class Conversation {
 public:
  virtual void respond(Response) = 0;

 protected:
  ~Conversation() = default;
};

}  // namespace tocsin::http
