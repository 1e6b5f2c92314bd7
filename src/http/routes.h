#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/access.h"
#include "http/message.h"
#include "http/read_pool.h"
#include "http/site.h"
#include "http/target.h"
#include "tocsin/triage/step.h"

namespace tocsin::http {

struct Route;

/// A request whose route is known and whose caller may use it. Views live until the response is
/// written.
struct Request {
  const Route* route = nullptr;
  Dialect dialect = Dialect::native;
  Head head;
  std::string path;         ///< Normalised; what the two views below point into.
  std::string_view prefix;  ///< What stands before a route that works below any prefix.
  std::string_view id;      ///< What stands at {id}.
  std::string_view query;
  std::string_view body;
  std::string_view body_as_sent;  ///< With its content coding: what a signature is of.
  Caller caller;
  std::shared_ptr<const Terms> terms;  ///< Those it began with.
  /// Of alerts: the one it began with, which names its source; a later one may decide.
  std::shared_ptr<const triage::Policy> policy;
};

enum class Work : std::uint8_t {
  now,     ///< Answered at once on the net thread.
  read,    ///< Answered on a read thread from the store.
  intake,  ///< Alerts: decoded and delivered to the core.
  action,  ///< A person's action on an incident, delivered to the core.
  replay,  ///< A rejected body is read from the store and taken in anew.
  reload,  ///< The files are read again.
};

enum class BodyLimit : std::uint8_t { none, action, event, configured };

struct Route {
  std::string_view method;   ///< GET stands for HEAD too.
  std::string_view pattern;  ///< At most one {id}, a whole segment.
  bool below_any_prefix = false;
  Scope scope = Scope::open;
  BodyLimit body = BodyLimit::none;
  std::string_view lane;  ///< Of the core's mailbox, or "read" or "none".
  Work work = Work::now;
  ReadPool::Kind read_kind = ReadPool::Kind::list;
  Response (*answer)(Site&, const Request&) = nullptr;                ///< Work::now.
  Response (*read)(Site&, store::Reader*, const Request&) = nullptr;  ///< Work::read.
  std::string_view verb{};                                            ///< Work::action.
  /// Work::intake: the kind of source, where the path names none.
  std::string_view kind{};
  /// The credential may stand in the body: who may ask is decided when that is there.
  bool key_in_body = false;

  std::uint64_t body_max(const config::SizeLimits&) const;
};

/// What the table says about a method and a path.
struct Found {
  const Route* route = nullptr;  ///< Null: `status` says why.
  int status = 404;              ///< 404, 405 or 410.
  std::string allow;             ///< With 405: the methods there are.
  std::string_view prefix, id;
};
Found find_route(std::string_view method, std::string_view path);

/// The family of answers a path belongs to, whether or not it exists.
Dialect dialect_of(std::string_view path);

}  // namespace tocsin::http
