#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tocsin/telemetry/telemetry.h"

namespace tocsin::telemetry {

/// How an entry for the journal begins.
inline constexpr std::string_view kJournalMessage = "MESSAGE=";

/// One line of the log, without its end:
///   text  2026-11-23 04:16:09.632 info  incident.triggered incident=INC-1 severity=SEV-2
///   json  {"ts":"2026-11-23T04:16:09.632Z","level":"info","event":"incident.triggered",…}
///   journal  MESSAGE=incident.triggered incident=INC-1 severity=SEV-2
///            PRIORITY=6
///            SYSLOG_IDENTIFIER=tocsin
///            TOCSIN_EVENT=incident.triggered
///            TOCSIN_INCIDENT=INC-1
///            …
/// Times are UTC in the first two; journald adds its own. The journal's form is one datagram of its
/// native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL): each field ends with a line end,
/// MESSAGE is the first, and a value with line ends is framed by its length. Names come from the
/// keys in Tocsin's own source, so there are only so many.
std::string format_line(LogFormat, Instant, Log::Level, std::string_view event,
                        const std::vector<Log::Field>&);

}  // namespace tocsin::telemetry
