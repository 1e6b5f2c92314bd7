#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "config/value.h"

/// Dates and times of day as people write them: without a zone, which stands beside them.
namespace tocsin::config {

/// "2026-01-05T09:00" or "2026-01-05T09:00:30".
std::optional<std::chrono::local_seconds> parse_local_time(std::string_view);
/// "00:00" to "24:00", since midnight.
std::optional<std::chrono::minutes> parse_time_of_day(std::string_view);

/// "3 per hour": at most 1,000 in a minute, an hour, a day or a week.
bool is_budget(std::string_view);

/// "12 hours", "1 day", "1 week", "1 month" and their plurals, up to 1,000 of them; also "12h",
/// "1d" and "1w".
bool is_rotation(std::string_view);

/// In the order of Alertmanager's ranges: the week begins on Sunday.
const std::vector<std::string_view>& weekday_words();
const std::vector<std::string_view>& month_words();

// Each reports an error and yields nothing if the value is none of these.
std::optional<std::chrono::local_seconds> read_local_time(const Value&);
std::optional<std::chrono::minutes> read_time_of_day(const Value&);

}  // namespace tocsin::config
