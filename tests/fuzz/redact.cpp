// Masking of secrets in bodies that are kept: as long as before, nothing is put in but the mask,
// and JSON stays JSON.
#include "http/redact.h"

#include <simdjson.h>

#include "fuzz/input.h"

namespace tocsin::fuzz {
namespace {

bool is_json(std::string_view text) {
  simdjson::dom::parser parser;
  return parser.parse(simdjson::padded_string(text)).error() == simdjson::SUCCESS;
}

}  // namespace
}  // namespace tocsin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  const std::string_view body = fuzz::Input(bytes, size).rest();
  const std::string masked = http::redacted(body);
  CHECK(masked.size() == body.size());
  for (std::size_t i = 0; i < size; ++i) {
    CHECK(masked[i] == body[i] || masked[i] == 'x' || masked[i] == '1');
  }
  CHECK(!fuzz::is_json(body) || fuzz::is_json(masked));
  return 0;
}
