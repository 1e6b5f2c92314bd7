#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

/// Milliseconds everywhere; RFC 3339 in JSON and logs shows the same precision.
using Duration = std::chrono::milliseconds;
/// A point in time as milliseconds since 1970-01-01T00:00:00Z. Never read from a clock in the core.
using Instant = std::chrono::sys_time<Duration>;

/// One reading of both clocks, taken once per batch.
/// `timeline` starts at max(wall, last committed) and advances with CLOCK_BOOTTIME: it never stops
/// or steps, and every wait uses it. `wall` is only for schedules, windows and display.
struct Now {
  Instant timeline;
  Instant wall;
};

/// "2026-11-23T04:16:09.632Z": always UTC, always milliseconds.
std::string format_rfc3339(Instant);

/// Reads RFC 3339 (source: RFC 3339 section 5.6): any number of fraction digits (cut to
/// milliseconds), `Z`, `+hh:mm` or `-hh:mm`. Like Alertmanager also without a zone (then UTC) and
/// with a blank for `T`. Refuses lower-case t/z, 30 February, 24:00, leap seconds, a bare date.
std::optional<Instant> parse_rfc3339(std::string_view);

/// Prometheus durations: `90s`, `5m`, `1h30m`, `2d`, `1w`, `1y`, `250ms`, `0`; units descend and each occurs
/// once. A bare number other than 0 is refused. Nothing longer than 100 years.
std::optional<Duration> parse_duration(std::string_view);

/// The shortest such spelling: 5400000 ms → "1h30m"; 0 → "0s".
std::string format_duration(Duration);

}  // namespace tocsin
