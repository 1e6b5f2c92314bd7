// Bodies that a mapping reads. The first byte chooses the mapping.
#include <array>

#include "fuzz/decoding.h"
#include "fuzz/input.h"

namespace tocsin::fuzz {
namespace {

using ingest::at;
using ingest::Mapping;

/// The body is one alert, or an array of them; the labels are its identity.
Mapping flat() {
  Mapping map;
  map.labels = {{"alertname", at("/name")}, {"host", at("/host")}};
  map.annotations = {{"text", at("/text")}, {"all", at("")}};
  map.starts_at = at("/since");
  map.ends_at = at("/until");
  map.generator_url = at("/url");
  return map;
}

/// Pointers through arrays and odd names.
Mapping odd() {
  Mapping map;
  map.each = *ingest::parse_pointer("/a~1b/0/m~0n");
  map.identity = {at("/0/id"), at("/"), {std::nullopt, "fixed"}};
  map.status = Mapping::Status{*ingest::parse_pointer("/1"), {"true", "1", "down"}, {"null", ""}};
  map.labels = {{"alertname", at("/0/id")}, {"x", at("/2/-")}, {"origin", {std::nullopt, "odd"}}};
  return map;
}

}  // namespace
}  // namespace tocsin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  static const std::array kMappings = {ingest::builds(), fuzz::flat(), fuzz::odd()};
  static ingest::World world;
  static ingest::Memo memo;
  fuzz::Input input(bytes, size);
  world.kind = ingest::Kind::json;
  world.mapping = kMappings[input.choice(kMappings.size())];
  fuzz::check_body(world, memo, input.rest());
  return 0;
}
