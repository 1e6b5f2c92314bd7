#include "ingest/json_body.h"

#include <cstring>
#include <new>
#include <string>

namespace tocsin::ingest {
namespace {

std::unexpected<BodyError> body_error(std::string problem, std::string_view reason) {
  BodyError error;
  error.problem = std::move(problem);
  error.reason = reason;
  return std::unexpected(std::move(error));
}

bool looks_like_utf16(std::string_view body) {
  return body.starts_with("\xFF\xFE") || body.starts_with("\xFE\xFF") ||
         (body.size() >= 2 && (body[0] == '\0' || body[1] == '\0'));
}

}  // namespace

simdjson::error_code JsonBody::read(Memory& memory, std::string_view body, std::size_t depth_max,
                                    simdjson::dom::element& out) {
  const std::size_t padded = body.size() + simdjson::SIMDJSON_PADDING;
  if (memory.padded.size() < padded) memory.padded.resize(padded * 5 / 4);
  std::memcpy(memory.padded.data(), body.data(), body.size());
  std::memset(memory.padded.data() + body.size(), ' ', simdjson::SIMDJSON_PADDING);
  if (memory.parser.capacity() < body.size() || memory.depth_max != depth_max) {
    memory.depth_max = 0;  // If it fails halfway the parser finds everything too deep from then on.
    const auto failed = memory.parser.allocate(padded * 5 / 4, depth_max);
    if (failed != simdjson::SUCCESS) return failed;
    memory.depth_max = depth_max;
  }
  return memory.parser.parse(memory.padded.data(), body.size(), false).get(out);
}

std::expected<simdjson::dom::element, BodyError> JsonBody::parse(std::string_view body,
                                                                 std::size_t depth_max,
                                                                 Numbers numbers) {
  large_.reset();
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  if (looks_like_utf16(body)) {
    return body_error("the body is not UTF-8 text; send JSON in UTF-8", "encoding");
  }
  if (body.size() > kKeptMax) large_ = std::make_unique<Memory>();
  Memory& memory = large_ ? *large_ : kept_;
  simdjson::dom::element root;
  // simdjson counts the scalars inside the deepest array as a level of their own.
  if (numbers == Numbers::unread) {
    const auto failed = read(memory, body, depth_max + 1, root);
    if (failed == simdjson::SUCCESS) return root;
    if (failed == simdjson::MEMALLOC) throw std::bad_alloc();
  }
  const auto repaired = repair_json(body, depth_max, numbers);
  if (!repaired) return std::unexpected(repaired.error());
  const auto failed_again = read(memory, *repaired, depth_max + 1, root);
  if (failed_again == simdjson::SUCCESS) return root;
  if (failed_again == simdjson::MEMALLOC) throw std::bad_alloc();
  return body_error(simdjson::error_message(failed_again), "malformed");
}

}  // namespace tocsin::ingest
