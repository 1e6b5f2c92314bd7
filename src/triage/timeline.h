#pragma once

#include <optional>

#include "tocsin/triage/rows.h"

namespace tocsin::triage {

/// What a change adds to the timeline of its incident, for people; nothing for the others. Joined
/// and cleared alerts are counted by the caller: one entry per batch and incident.
std::optional<TimelineEntry> timeline_entry(const Change&, Instant wall, std::string_view actor);

}  // namespace tocsin::triage
