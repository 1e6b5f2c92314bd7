// POST /v2/enqueue: one event.
#include "fuzz/decoding.h"
#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  static ingest::World world;
  static ingest::Memo memo;
  world.kind = ingest::Kind::pagerduty;
  fuzz::check_body(world, memo, fuzz::Input(bytes, size).rest());
  return 0;
}
