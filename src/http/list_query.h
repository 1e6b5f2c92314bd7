#pragma once

#include <cstdint>
#include <expected>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "http/target.h"
#include "tocsin/store/store.h"

namespace tocsin::http {

/// A refusal if there is another than these: one that nobody reads would look like a filter that
/// holds for everything.
std::optional<Response> unknown_parameter(const Query&,
                                          std::initializer_list<std::string_view> known);

/// The parameters lists have in common, read strictly: a word that means nothing is refused with
/// those that do.
std::expected<std::size_t, Response> read_limit(const Query&);
std::expected<std::uint64_t, Response> read_cursor(const Query&);
/// `state`, `severity`, `service`, `team`, `since`, `limit`, `cursor`.
std::expected<store::IncidentQuery, Response> read_incident_query(const Query&, Instant now);
/// `state`, `source`, `limit`, `cursor`.
std::expected<store::AlertQuery, Response> read_alert_query(const Query&);

}  // namespace tocsin::http
