#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tocsin {

/// SEV-1 is the most severe. `none` (stored, opens nothing) is the least.
enum class Severity : std::uint8_t { sev1 = 1, sev2 = 2, sev3 = 3, sev4 = 4, none = 5 };

inline bool is_worse(Severity a, Severity b) { return a < b; }
inline Severity worse_of(Severity a, Severity b) { return is_worse(a, b) ? a : b; }

std::string_view to_string(Severity);                     ///< "SEV-1" … "SEV-4", "none".
std::optional<Severity> parse_severity(std::string_view);  ///< Exactly these spellings.

}  // namespace tocsin
