#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tocsin/alert/identity.h"
#include "tocsin/alert/labels.h"
#include "tocsin/base/time.h"

namespace tocsin {

/// How a report says whether its alert fires.
enum class Phase : std::uint8_t {
  firing,
  resolved,
  by_end,  ///< `ends_at` decides, against the time of receipt (POST /api/v2/alerts).
};

/// What one source said about one alert, decoded. Every view points into the arena of the delivery
/// that carries the report and is valid as long as that.
struct Report {
  Key key;
  IdentityBy identity_by = IdentityBy::labels;
  Phase phase = Phase::firing;
  /// False: the spelling of the labels was known, so they were not decoded; `labels` is empty and
  /// the core answers `needs_labels` if it does not know the key.
  bool has_labels = true;
  bool truncated = false;        ///< A label limit was exceeded; cut after the identity was taken.
  std::string_view sender_key;   ///< Only with IdentityBy::sender_key.
  LabelsView labels;             ///< As sent, without empty values.
  LabelsView annotations;
  std::string_view generator_url;
  std::optional<Instant> starts_at;  ///< The sender's clock; data to show.
  std::optional<Instant> ends_at;
};

}  // namespace tocsin
