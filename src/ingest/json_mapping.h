#pragma once

#include <simdjson.h>

#include <expected>

#include "tocsin/ingest/ingest.h"

namespace tocsin::ingest {

/// Any JSON, read by terms.mapping. Numbers of the body are strings (Numbers::as_text).
std::expected<Decoded, BodyError> read_by_mapping(simdjson::dom::element root, const SourceTerms&,
                                                  Arena&);

}  // namespace tocsin::ingest
