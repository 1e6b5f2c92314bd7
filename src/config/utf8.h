#pragma once

#include <cstddef>
#include <string_view>

namespace tocsin::config {

/// The offset of the first byte that is not part of well-formed UTF-8, else the size of the text.
/// Source: Unicode Standard, table 3-7 (no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t first_bad_utf8(std::string_view text);

}  // namespace tocsin::config
