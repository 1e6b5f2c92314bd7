#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/base/time.h"
#include "tocsin/telemetry/rule_hits.h"
#include "tocsin/triage/triage.h"

/// One visitor: change → log line and metric, so the two never disagree; and `/metrics` text.
namespace tocsin::telemetry {

enum class LogFormat : std::uint8_t { text, json, journal };

/// Where journald listens for lines with fields of their own.
inline constexpr std::string_view kJournalSocket = "/run/systemd/journal/socket";

/// The daemon's log: asynchronous, bounded, the oldest line dropped and counted when full.
class Log {
 public:
  /// Text and JSON go to standard error. `journal` goes to journald with its fields: `event` is
  /// TOCSIN_EVENT, and a field such as `incident` TOCSIN_INCIDENT; what journald does not take goes
  /// to standard error as text.
  explicit Log(LogFormat, std::string_view journal_socket = kJournalSocket);
  /// Text on a terminal, `journal` where systemd says that it is the journal, else JSON lines.
  static LogFormat format_for_stderr();
  ~Log();

  struct Field {
    std::string_view key;
    std::string value;
  };
  enum class Level : std::uint8_t { debug, info, warning, error };
  /// Thread-safe. Control characters, ANSI escapes and invalid UTF-8 in values are escaped.
  void write(Level, std::string_view event, const std::vector<Field>& fields);
  /// For events that a storm repeats: false once this second has had kLinesPerSecond of them. Ask
  /// before write(). A line `log.left_out` tells later how many were not written.
  bool admits(std::string_view event);
  static constexpr std::uint32_t kLinesPerSecond = 200;
  /// Waits, at most a second, until everything written so far has left.
  void flush();
  std::uint64_t dropped() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// All metrics. Thread-safe; every call is an atomic addition or store. Names and bounded label
/// sets are those of PRODUCT.md section 8; a source or channel beyond 1,000 counts as "other".
class Metrics {
 public:
  explicit Metrics(std::string_view version = "");
  ~Metrics();

  // What is configured: its counters exist, at 0, before anything happens.
  void expect_source(std::string_view name);
  void expect_channel(std::string_view name, std::string_view kind);
  /// The rules that decide from now on: call it before they are put in force.
  void expect_rules(std::shared_ptr<const triage::Policy>);

  // Intake, counted once per request by a net thread.
  struct IntakeCounts {
    std::uint64_t received = 0;  ///< Alerts in bodies that could be read.
    std::uint64_t opened = 0, fired = 0, refreshed = 0, resolved = 0, already_so = 0, late = 0,
                  unknown_resolve = 0, refused = 0, acknowledged = 0, unknown_acknowledge = 0;
  };
  void intake(std::string_view source, const IntakeCounts&);
  void rejected(std::string_view source, std::string_view reason, std::uint64_t count);
  /// Rejected bodies that were kept in the store, and those that found no room on the way there.
  void rejected_bodies(std::uint64_t kept, std::uint64_t dropped);
  void request(std::string_view route, int status, Duration took);
  /// A request whose credential was ignored, or that was turned away; by a bounded set of words.
  void access(std::string_view result);
  void memo(std::uint64_t hits, std::uint64_t misses);

  // The core and commit threads.
  void committed(std::size_t changes, Duration took, Duration receive_to_commit_max);
  void receive_to_commit(Duration longest);  ///< Of the answers that left together.
  void mailbox(std::size_t bytes);
  void deadlines(Duration oldest_overdue);
  void store(std::uint64_t wal_bytes, std::uint64_t free_bytes, bool low_space);
  /// Gauges; once a second. Looks at a bounded number of incidents per call: with more than that
  /// the counts by state and severity lag behind.
  void state(const triage::State&);
  void config_reload(bool successful, Instant at);
  void certificate_expires(Instant at);  ///< That of `tls`; the epoch without one.
  void page_latency(Duration receive_to_attempt);
  void log_dropped(std::uint64_t total);
  /// Values that regexes had to be searched for since, and searches that ran out of memory. Any
  /// thread.
  void regex_lookups(std::uint64_t unknown_values, std::uint64_t out_of_memory);
  void ready(bool);
  /// How long a thread's loop has not come round; threads are those of the daemon's watchdog.
  void progress(std::string_view thread, Duration age);

  /// What a status line says; read from the gauges.
  struct Levels {
    std::uint64_t incidents_open = 0;  ///< Triggered, acknowledged or recovering.
    std::uint64_t alerts_active = 0;
    bool rules_are_current = true;
  };
  Levels levels() const;

  /// How often each of the rules held or decided; null before the first expect_rules().
  std::shared_ptr<const RuleHits> rule_hits() const;

  /// The visitor's metric half.
  void observe(const triage::Changes&, const std::vector<std::string>& sources);

  /// Prometheus text exposition format 0.0.4.
  std::string text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The visitor: counts each change and writes a line for those people care about (incidents, pages,
/// policies; never one per alert).
void observe(const triage::Changes&, const triage::State&, Metrics&, Log&);

}  // namespace tocsin::telemetry
