#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// How a source of kind `json` says what in its bodies an alert is made of: `map` of tocsin.yaml.
namespace tocsin::ingest {

/// A JSON Pointer (RFC 6901).
struct Pointer {
  std::string text;                 ///< As written: "/job/name"; "" points at everything.
  std::vector<std::string> tokens;  ///< Unescaped.
};
/// The pointer, or what is wrong with it and, behind "; ", what would be right.
std::expected<Pointer, std::string> parse_pointer(std::string_view text);

/// Where a text comes from: a place in the body, or the literal itself.
struct Origin {
  std::optional<Pointer> pointer;
  std::string literal;  ///< Without `pointer`.
};

/// Pointers are seen from the element when there is one for each alert, else from the whole body.
struct Mapping {
  /// Points at an array of elements, an alert each. Nothing: the body is one alert, or an array of
  /// them.
  std::optional<Pointer> each;
  /// What the sender finds its alert by; empty: the label set.
  std::vector<Origin> identity;
  struct Status {
    Pointer from;
    std::vector<std::string> firing, resolved;  ///< Words, compared exactly.
  };
  std::optional<Status> status;  ///< Nothing: everything fires.
  using Named = std::vector<std::pair<std::string, Origin>>;
  Named labels;
  Named annotations;
  std::optional<Origin> starts_at, ends_at, generator_url;
};

}  // namespace tocsin::ingest
