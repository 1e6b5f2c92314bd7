// POST /api/v2/alerts: besides what holds of every body, a report written as such a body again is
// the same report, so that no byte of a label is lost.
#include "fuzz/decoding.h"
#include "fuzz/input.h"

namespace tocsin::fuzz {
namespace {

void check_spelled_again(ingest::World& world, const ingest::Decoded& decoded) {
  for (const Report& report : decoded.reports) {
    if (report.truncated) continue;
    const std::string body = "[{\"labels\":" + labels_to_json(report.labels) +
                             ",\"annotations\":" + labels_to_json(report.annotations) + "}]";
    const auto again = world.decode(body);
    CHECK(again.has_value());
    CHECK(again->reports.size() == 1);
    CHECK(again->reports.front().key == report.key);
    CHECK(again->reports.front().labels == report.labels);
    CHECK(again->reports.front().annotations == report.annotations);
  }
}

}  // namespace
}  // namespace tocsin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  static ingest::World world;
  static ingest::Memo memo;
  const std::string_view body = fuzz::Input(bytes, size).rest();
  fuzz::check_body(world, memo, body);
  if (const auto decoded = world.decode(body)) fuzz::check_spelled_again(world, *decoded);
  return 0;
}
