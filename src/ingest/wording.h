#pragma once

#include <simdjson.h>

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "tocsin/ingest/ingest.h"

/// How readers name places and things in their messages.
namespace tocsin::ingest {

/// "text", "a number", "an object": for "… where … should stand".
std::string_view type_name(simdjson::dom::element_type);

/// "/" and one reference token of a JSON Pointer (RFC 6901), cut to a length people can read.
std::string pointer_token(std::string_view name);

/// "<what was found> where <wanted>"; nothing was found if `found` is empty.
std::unexpected<BodyError> wrong_body(std::string_view at,
                                      std::optional<simdjson::dom::element> found,
                                      std::string_view wanted, std::string_view reason);

}  // namespace tocsin::ingest
