#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/ingest/ingest.h"

namespace tocsin::ingest {

inline Origin at(std::string_view pointer) { return {*parse_pointer(pointer), ""}; }

/// What a build server sends: an element for each build.
inline Mapping builds() {
  Mapping map;
  map.each = *parse_pointer("/builds");
  map.identity = {at("/job/name"), at("/stage")};
  map.status = Mapping::Status{*parse_pointer("/result"), {"FAILURE", "UNSTABLE"}, {"SUCCESS"}};
  map.labels = {{"alertname", at("/job/name")},
                {"team", at("/params/team")},
                {"number", at("/number")},
                {"origin", {std::nullopt, "jenkins"}}};
  map.annotations = {{"summary", at("/message")}};
  map.starts_at = at("/timestamp");
  return map;
}

/// One source with a decoder, as a net thread has it.
struct World {
  KeySecret secret{"a secret that is used by tests only"};
  std::vector<std::string> ignore;
  Mapping mapping = builds();
  SourceTerms terms;
  Decoder decoder;
  Kind kind = Kind::alertmanager_api;
  Arena arena;

  World() {
    terms.source = "prometheus";
    terms.secret = &secret;
    terms.identity_ignore = &ignore;
    terms.mapping_version = 1;
    terms.mapping = &mapping;
    terms.invented_key = "00112233445566778899aabbccddeeff";
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
