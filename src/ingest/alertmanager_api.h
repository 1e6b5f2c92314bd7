#pragma once

#include <simdjson.h>

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/ingest/ingest.h"

namespace tocsin::ingest {

/// The members of one alert that are read; of repeated ones the last, as other readers have it.
struct Members {
  std::optional<simdjson::dom::element> labels, annotations, starts_at, ends_at, generator_url,
      status;
};

/// Memory that reading alerts needs again and again.
struct Scratch {
  /// An alert whose labels are about to be looked up.
  struct Pending {
    simdjson::dom::element alert;
    Members members;
    std::optional<Key> spelling;  ///< Of the labels, if they can be known.
  };
  /// Senders repeat a time within a body: it is read once.
  struct Time {
    std::string text;
    std::optional<Instant> instant;
  };
  std::vector<Pending> pending;
  std::vector<Label> pairs;
  std::string block;
  Time last_start, last_end;

  /// One alert with very many labels must not stay for ever.
  void let_go() {
    constexpr std::size_t kKeptPairs = 4096;
    if (pairs.capacity() > kKeptPairs) pairs = std::vector<Label>();
    if (block.capacity() > kKeptPairs * sizeof(Label)) block = std::string();
  }
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
