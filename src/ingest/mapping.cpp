#include "tocsin/ingest/mapping.h"

namespace tocsin::ingest {

std::expected<Pointer, std::string> parse_pointer(std::string_view text) {
  Pointer pointer;
  pointer.text = text;
  if (text.empty()) return pointer;
  if (text.front() != '/') {
    return std::unexpected("a JSON Pointer begins with /; write /" + std::string(text));
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/') {
      pointer.tokens.emplace_back();
      continue;
    }
    char c = text[i];
    if (c == '~') {
      const char kind = i + 1 < text.size() ? text[i + 1] : '\0';
      if (kind != '0' && kind != '1') {
        return std::unexpected(
            "in a JSON Pointer ~ begins an escape; write ~0 for a ~ and ~1 for a /");
      }
      c = kind == '0' ? '~' : '/';
      ++i;
    }
    pointer.tokens.back() += c;
  }
  return pointer;
}

}  // namespace tocsin::ingest
