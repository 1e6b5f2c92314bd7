// Texts with references to labels, and texts of messages with mustache tags. The first line is an
// alert's labels as JSON, the rest the text.
#include "config/message_template.h"
#include "fuzz/input.h"
#include "fuzz/texts.h"
#include "tocsin/rules/matcher.h"
#include "tocsin/rules/template.h"

namespace tocsin::fuzz {
namespace {

constexpr std::size_t kExpandedMax = 16U << 10;

void check_template(std::string_view text, const rules::Subject& subject) {
  const auto read = rules::parse_template(text);
  if (!read) {
    CHECK(read.error().offset <= text.size());
    CHECK(!read.error().problem.empty());
    return;
  }
  const std::string printed = rules::to_string(*read);
  const auto again = rules::parse_template(printed);
  CHECK(again.has_value());
  CHECK(rules::to_string(*again) == printed);
  const std::string expanded = rules::expand(*read, subject);
  CHECK(expanded == rules::expand(*again, subject));
  CHECK(expanded.size() <= kExpandedMax);
  CHECK(!is_utf8(text) || is_utf8(expanded));
}

void check_message(std::string_view text) {
  for (const config::TemplateMistake& mistake : config::check_message_template(text)) {
    CHECK(mistake.offset <= text.size());
    CHECK(!mistake.problem.empty());
    CHECK(!mistake.cure.empty());
  }
}

}  // namespace
}  // namespace tocsin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  fuzz::Input input(bytes, size);
  Labels labels;
  (void)labels_from_json(input.line(), labels);
  fuzz::check_template(input.rest(), {.labels = labels});
  fuzz::check_message(input.rest());
  return 0;
}
