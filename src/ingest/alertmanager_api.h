#pragma once

#include <simdjson.h>

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/ingest/ingest.h"

namespace tocsin::ingest {

/// Memory that reading an alert needs again and again.
struct Scratch {
  /// Senders repeat a time within a body: it is read once.
  struct Time {
    std::string text;
    std::optional<Instant> instant;
  };
  std::vector<Label> pairs;
  std::string block;
  Time last_start, last_end;
};

/// The body of POST /api/v2/alerts as alerts.
std::expected<Decoded, BodyError> read_alert_array(simdjson::dom::element root, const SourceTerms&,
                                                   Memo::Impl* memo, Arena&, Scratch&);

/// The body of Alertmanager's webhook, version 4. An alert's own status counts, else the group's,
/// else whether it has an end. What the body leaves out (truncatedAlerts) goes on as it was.
std::expected<Decoded, BodyError> read_alertmanager_webhook(simdjson::dom::element root,
                                                            const SourceTerms&, Memo::Impl* memo,
                                                            Arena&, Scratch&);

}  // namespace tocsin::ingest
