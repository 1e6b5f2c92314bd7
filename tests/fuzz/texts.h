#pragma once

#include <string_view>

#include "tocsin/base/text.h"

namespace tocsin::fuzz {

inline bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (!point.valid) return false;
    text.remove_prefix(point.size);
  }
  return true;
}

}  // namespace tocsin::fuzz
