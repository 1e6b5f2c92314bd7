#pragma once

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

namespace tocsin::rules {

/// The whole text as a number as Prometheus writes one: decimal, with an exponent perhaps, or
/// "+Inf" and "-Inf". Nothing for NaN, which compares with nothing, and for any other text.
inline std::optional<double> to_number(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  double number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc{} || end != last || std::isnan(number)) return std::nullopt;
  return number;
}

}  // namespace tocsin::rules
