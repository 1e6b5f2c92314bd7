#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "http/access.h"
#include "http/limits.h"
#include "http/old_policies.h"
#include "http/read_pool.h"
#include "http/taken_once.h"
#include "tocsin/http/http.h"

namespace tocsin::http {

using Clock = std::chrono::steady_clock;

/// What people and senders call now.
inline Instant wall_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

/// Lets a line through once a second for each key and counts the others.
class LineLimiter {
 public:
  /// True if a line may be written now; `held_back` is then how many were not since the last one.
  bool allow(std::string_view key, Clock::time_point now, std::uint64_t& held_back);

 private:
  struct Line {
    std::string key;
    Clock::time_point last;
    std::uint64_t held_back = 0;
  };
  static constexpr std::size_t kKeysMax = 256;
  std::mutex mutex_;
  std::vector<Line> lines_;
};

struct Tls;  // tls.h

/// What tocsin.yaml says about requests.
struct Terms {
  config::SizeLimits limits;
  std::string external_url;
  std::vector<config::Sender> senders;
  Access access;
  std::shared_ptr<Tls> tls;  ///< Of connections that begin now; null: plain HTTP.
};

/// What all threads of the server share.
struct Site {
  explicit Site(Options);

  const Options options;
  /// Replaced by a reload; a request keeps those it began with.
  std::atomic<std::shared_ptr<const Terms>> terms;
  /// Those of the last configure(), for what compiles rules.
  std::atomic<std::shared_ptr<const config::Settings>> settings;
  OldPolicies old_policies;
  std::atomic<std::uint64_t> bodies_in_flight = 0;
  std::atomic<std::size_t> open_requests = 0;
  std::atomic<std::size_t> connections = 0;
  std::atomic<bool> draining = false;
  LineLimiter limiter;
  TakenOnce taken_once;
  ReadPool* read_pool = nullptr;

  /// "", or why the certificates cannot be used: then the former ones stay.
  std::string configure(const config::Settings&);
  /// Takes `bytes` of the budget for bodies in flight, `most` in all; false if it is used up.
  bool take_body_bytes(std::uint64_t bytes, std::uint64_t most);
  void give_back_body_bytes(std::uint64_t bytes);
  /// A warning, at most one a second for each `key`.
  void warn(std::string_view key, std::string_view event, std::vector<telemetry::Log::Field>);
  void count_request(std::string_view route, int status, Clock::duration took) const;
  void count_access(std::string_view result) const;
  void count_rejected(std::string_view source, std::string_view reason, std::uint64_t count) const;

 private:
  std::shared_ptr<Bootstrap> bootstrap_;  ///< The one of this start, once there was need of it.
};

}  // namespace tocsin::http
