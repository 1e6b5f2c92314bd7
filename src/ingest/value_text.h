#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "tocsin/base/time.h"

/// Values of bodies whose readers take texts of any spelling.
namespace tocsin::ingest {

/// The value as text: a string as it is (a number stands there as the text it was), true and false
/// as words, null as "", arrays and objects as their JSON, in which numbers are strings.
std::string text_of(simdjson::dom::element);

/// A time as senders of all kinds write it: RFC 3339, also with an offset without a colon, or a
/// number since 1970 in seconds, milliseconds, microseconds or nanoseconds, told apart by
/// magnitude. Nothing if it is none of these.
std::optional<Instant> parse_any_time(std::string_view text);

/// Text that means "not set": empty, zero, or Go's zero time.
bool is_unset_time(std::string_view text);

/// True for what is left of a template that its sender did not expand: "$ALERT_ID", "${host}",
/// "…{{ .Labels.job }}…".
bool is_placeholder(std::string_view text);

}  // namespace tocsin::ingest
