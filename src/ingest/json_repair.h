#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "tocsin/ingest/ingest.h"

namespace tocsin::ingest {

/// What becomes of numbers, so that their size and their spelling cannot matter.
enum class Numbers : std::uint8_t {
  unread,   ///< No reader of this kind looks at one: any value will do.
  as_text,  ///< The text that stood there, as a string.
};

/// The slow second look at a body that the fast parser refused. Says where and why it is no JSON
/// (RFC 8259), or gives a text that the fast parser takes and that means the same to a sender's
/// own readers: bytes that are no UTF-8 and lone surrogates become U+FFFD, whatever follows the
/// first value is left out, and numbers become what `numbers` says. Iterative: depth costs no
/// stack.
std::expected<std::string, BodyError> repair_json(std::string_view body, std::size_t depth_max,
                                                  Numbers numbers);

/// At most `bytes_max` bytes of valid UTF-8, cut on a character border.
std::string_view cut_utf8(std::string_view text, std::size_t bytes_max);

}  // namespace tocsin::ingest
