#pragma once

#include <simdjson.h>

#include <cstddef>
#include <expected>
#include <memory>
#include <string_view>
#include <vector>

#include "ingest/json_repair.h"
#include "tocsin/ingest/ingest.h"

namespace tocsin::ingest {

/// A parser that is kept between requests, with the padding simdjson reads beyond the end.
class JsonBody {
 public:
  /// The document stays valid until the next call. Bodies above kKeptMax use memory of their own
  /// that is freed with the next call or let_go(): one large body must not stay for ever.
  /// With Numbers::as_text every number is a string that holds what stood in the body.
  std::expected<simdjson::dom::element, BodyError> parse(std::string_view body,
                                                         std::size_t depth_max, Numbers numbers);
  /// The document is not needed any more.
  void let_go() { large_.reset(); }

 private:
  static constexpr std::size_t kKeptMax = 1U << 20;
  struct Memory {
    simdjson::dom::parser parser;
    std::vector<char> padded;
    std::size_t depth_max = 0;
  };
  static simdjson::error_code read(Memory&, std::string_view body, std::size_t depth_max,
                                   simdjson::dom::element& out);

  Memory kept_;
  std::unique_ptr<Memory> large_;
};

}  // namespace tocsin::ingest
