#pragma once

#include <cstdint>

#include "store/sqlite.h"
#include "tocsin/base/time.h"

namespace tocsin::store {

/// Deletes old history a little at a time, never what a load needs: later events, forgotten alerts
/// that ended, and closed incidents with their timeline and pages.
class Retention {
 public:
  [[nodiscard]] int prepare(sqlite3*);
  /// True if a pass is under way or one is due: passes over everything begin every 10 minutes.
  bool due(Instant now) const { return now >= next_pass_; }
  /// The pass is over, or is given up: the next one begins 10 minutes from now.
  void pause(Instant now);
  /// One step inside a transaction that the caller began: at most kRows rows of each kind, at most
  /// 5 ms of work. `more` is true until the pass is over.
  [[nodiscard]] int step(Instant now, Duration keep_events, Duration keep_incidents, bool& more);

 private:
  static constexpr std::int64_t kRows = 256;
  int delete_events(Instant before, bool& more);
  int delete_alerts(Instant before, bool& more);
  int delete_alert(std::uint64_t id);
  int delete_incident(Instant before, bool& more);
  int delete_timeline(std::uint64_t incident, bool& more);
  int delete_some(Statement&, std::uint64_t incident, bool& more);

  sqlite3* db_ = nullptr;
  Statement delete_events_;
  Statement next_alerts_;
  Statement delete_alert_;
  Statement delete_state_;
  Statement delete_display_;
  Statement delete_spans_;
  Statement oldest_incident_;
  Statement delete_timeline_;
  Statement chain_;
  Statement shorten_chain_;
  Statement delete_chain_;
  Statement delete_pages_;
  Statement delete_incident_;
  std::uint64_t last_alert_ = 0;  ///< Where the pass over alerts stands.
  Instant next_pass_ = Instant::min();
};

}  // namespace tocsin::store
