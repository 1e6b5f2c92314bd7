// The second look at a body: what it gives is JSON that the fast parser takes, that has nothing
// left to mend, and that says the same where the fast parser took the body as it was.
#include "ingest/json_repair.h"

#include <simdjson.h>

#include "fuzz/input.h"
#include "fuzz/texts.h"

namespace tocsin::fuzz {
namespace {

namespace dom = simdjson::dom;
using ingest::Numbers;

constexpr std::size_t kDepthMax = 64;

bool same(dom::element a, dom::element b);

bool same(dom::array a, dom::array b) {
  if (a.size() != b.size()) return false;
  auto other = b.begin();
  for (const dom::element item : a) {
    if (!same(item, *other)) return false;
    ++other;
  }
  return true;
}

bool same(dom::object a, dom::object b) {
  if (a.size() != b.size()) return false;
  auto other = b.begin();
  for (const dom::key_value_pair pair : a) {
    if (pair.key != other.key() || !same(pair.value, other.value())) return false;
    ++other;
  }
  return true;
}

/// Apart from numbers, of which nobody reads the value.
bool same(dom::element a, dom::element b) {
  if (a.is_number()) return b.is_number();
  if (a.type() != b.type()) return false;
  if (a.is_array()) return same(dom::array(a), dom::array(b));
  if (a.is_object()) return same(dom::object(a), dom::object(b));
  if (a.is_string()) return std::string_view(a) == std::string_view(b);
  return a.is_null() || bool(a) == bool(b);
}

void check(std::string_view body, Numbers numbers) {
  const auto mended = ingest::repair_json(body, kDepthMax, numbers);
  dom::parser parser;
  dom::element as_it_was;
  const bool is_json =
      parser.allocate(body.size(), kDepthMax) == simdjson::SUCCESS &&
      parser.parse(simdjson::padded_string(body)).get(as_it_was) == simdjson::SUCCESS;
  CHECK(!is_json || mended.has_value());
  if (!mended) {
    CHECK(mended.error().offset <= body.size());
    CHECK(!mended.error().problem.empty());
    return;
  }
  CHECK(is_utf8(*mended));
  dom::parser second;
  dom::element found;
  CHECK(second.parse(simdjson::padded_string(*mended)).get(found) == simdjson::SUCCESS);
  CHECK(!is_json || numbers != Numbers::unread || same(as_it_was, found));
  const auto again = ingest::repair_json(*mended, kDepthMax, numbers);
  CHECK(again.has_value());
  CHECK(*again == *mended);
}

void check_cut(std::string_view text, std::size_t bytes_max) {
  const std::string_view cut = ingest::cut_utf8(text, bytes_max);
  CHECK(text.starts_with(cut));
  CHECK(cut.size() <= bytes_max);
  CHECK(!is_utf8(text) || is_utf8(cut));
}

}  // namespace
}  // namespace tocsin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  const std::string_view body = fuzz::Input(bytes, size).rest();
  fuzz::check(body, ingest::Numbers::unread);
  fuzz::check(body, ingest::Numbers::as_text);
  for (const std::size_t most : {std::size_t{0}, std::size_t{3}, size / 2}) {
    fuzz::check_cut(body, most);
  }
  return 0;
}
