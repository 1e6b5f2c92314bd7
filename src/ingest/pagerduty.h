#pragma once

#include <simdjson.h>

#include <expected>
#include <string>

#include "tocsin/ingest/ingest.h"

namespace tocsin::ingest {

/// An event of PagerDuty's Events API, version 2, as one report or an acknowledgement. Numbers of
/// the body are strings (Numbers::as_text).
std::expected<Decoded, BodyError> read_pagerduty_event(simdjson::dom::element root,
                                                       const SourceTerms&, Arena&);

/// Its routing_key, a secret; "" if it has none.
std::string pagerduty_routing_key(simdjson::dom::element root);

}  // namespace tocsin::ingest
