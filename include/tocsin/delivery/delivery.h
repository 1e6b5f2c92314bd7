#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/config/config.h"
#include "tocsin/store/store.h"
#include "tocsin/triage/triage.h"

/// An owed page → one channel's request → an outcome. Retrying and its times are the core's; here
/// an attempt is made, bounded (connect 3 s, total 10 s), and its outcome told.
namespace tocsin::delivery {

/// A page with what its message shows.
struct Message {
  triage::Page page;
  triage::Incident incident;
  std::vector<store::AlertRow> alerts;  ///< Newest first, at most kMessageAlertsMax.
};
inline constexpr std::size_t kMessageAlertsMax = 100;

using Done = std::function<void(triage::PageAttempted)>;
struct LogField {
  std::string_view key;
  std::string value;  ///< As it is: whoever writes it escapes it.
};
using WriteLog = std::function<void(std::vector<LogField>)>;  ///< For the `log` channel.

/// Messages that wait for one destination, by number and by bytes; beyond, an attempt is refused
/// with the detail "queue full" and the core tries again later.
inline constexpr std::size_t kWaitingMax = 10'000;
inline constexpr std::size_t kWaitingBytesMax = 32U << 20;

/// One destination is one channel. Each has its own concurrency, queue and budget, so none delays
/// another. All work happens on the one thread that calls run().
///
/// Outcomes: `delivered` only on a 2xx. `refused` if the destination said no, or certainly never
/// saw the request. `unknown` once the request began to be sent and no answer's header came back
/// whole; of a mail, once all of it was sent. A mail of which some recipients were refused is
/// delivered, with a reason and a detail that says so.
class Courier {
 public:
  struct Options {
    std::vector<config::Channel> channels;
    std::string external_url;
    std::string store_secret;  ///< Mails' Message-IDs derive from it, so that no two stores share one.
    WriteLog write_log;
    Duration connect_timeout{3000};  ///< Name lookup, TCP and TLS together.
    Duration total_timeout{10000};
    std::size_t concurrency = 4;  ///< Attempts at once, per destination.
    std::string version;          ///< Of Tocsin, for User-Agent.
    /// Called on the courier's thread whenever its loop comes round, at least once a second.
    std::function<void()> on_turn = [] {};
  };
  explicit Courier(Options);
  /// REQUIRES: run() has returned or was never called.
  ~Courier();

  /// Thread-safe: queues an attempt. `done` is called once, on the courier's thread.
  void attempt(Message, Done);
  /// Thread-safe: new channels and links for attempts that begin from now on; running ones go on.
  /// Attempts that wait for a channel that is gone are refused.
  void configure(std::vector<config::Channel>, std::string external_url);

  /// Runs until stop(). Call on a thread of its own.
  void run();
  /// Thread-safe: ends run() at once; attempts that run end as `unknown`, queued ones are dropped
  /// without an outcome (their pages stay owed).
  void stop();
  /// Thread-safe: attempts queued or running, that is, whose `done` has not returned.
  std::size_t in_flight() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// "t=<unix>,v1=<hex HMAC-SHA256 of "<t>.<body>">"
std::string signature(std::string_view secret, std::int64_t unix_seconds, std::string_view body);

/// What the `log` channel writes for a page, in the order shown; empty values are left out.
std::vector<LogField> log_fields(const Message&);

}  // namespace tocsin::delivery
