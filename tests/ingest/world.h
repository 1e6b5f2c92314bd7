#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/ingest/ingest.h"

namespace tocsin::ingest {

/// One source with a decoder, as a net thread has it.
struct World {
  KeySecret secret{"a secret that is used by tests only"};
  std::vector<std::string> ignore;
  SourceTerms terms;
  Decoder decoder;
  Kind kind = Kind::alertmanager_api;
  Arena arena;

  World() {
    terms.source = "prometheus";
    terms.secret = &secret;
    terms.identity_ignore = &ignore;
    terms.mapping_version = 1;
  }
  std::expected<Decoded, BodyError> decode(std::string_view body, Memo* memo = nullptr) {
    return decoder.decode(kind, body, terms, memo, arena);
  }
  /// The key of the only alert of `[body]`.
  Key key_of(std::string_view body, Memo* memo = nullptr) {
    const auto decoded = decode("[" + std::string(body) + "]", memo);
    return decoded && decoded->reports.size() == 1 ? decoded->reports.front().key : Key{};
  }
};

}  // namespace tocsin::ingest
