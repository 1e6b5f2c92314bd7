#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tocsin/telemetry/telemetry.h"

namespace tocsin::telemetry {

/// One line of the log, without its end:
///   text  2026-11-23 04:16:09.632 info  incident.triggered incident=INC-1 severity=SEV-2
///   json  {"ts":"2026-11-23T04:16:09.632Z","level":"info","event":"incident.triggered",…}
/// Times are UTC in both.
std::string format_line(LogFormat, Instant, Log::Level, std::string_view event,
                        const std::vector<Log::Field>&);

}  // namespace tocsin::telemetry
