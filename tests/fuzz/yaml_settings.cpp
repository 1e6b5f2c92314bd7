// tocsin.yaml: every mistake has its place, and settings without a mistake are dumped as a file
// that reads as the same.
#include "fuzz/input.h"
#include "fuzz/mistakes.h"
#include "tocsin/config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  const std::string_view text = fuzz::Input(bytes, size).rest();
  const auto parse = [](std::string_view from) {
    return config::parse_settings(from, "tocsin.yaml", "/nonexistent");
  };
  const config::SettingsResult read = parse(text);
  fuzz::check_places(read.diagnostics, "tocsin.yaml");
  CHECK(!read.settings.external_url.empty());
  CHECK(!read.settings.fallback.empty());
  if (has_errors(read.diagnostics)) return 0;
  const std::string dumped = config::dump_settings(text, read.settings);
  const config::SettingsResult again = parse(dumped);
  CHECK(!has_errors(again.diagnostics));
  CHECK(config::dump_settings(dumped, again.settings) == dumped);
  return 0;
}
