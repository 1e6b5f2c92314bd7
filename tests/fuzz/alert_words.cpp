// The words of a command line that say what an alert has, a line each: what is taken is a body of
// one alert that intake can read.
#include "cli/alert_words.h"

#include <string>
#include <vector>

#include "fuzz/input.h"
#include "tocsin/ingest/ingest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  static const KeySecret secret("a secret that is used by fuzzing only");
  static const std::vector<std::string> nothing_ignored;
  fuzz::Input input(bytes, size);
  std::vector<std::string> words;
  while (!input.empty()) words.emplace_back(input.line());
  const auto body = cli::body_of(words);
  if (!body) return 0;
  ingest::Decoder decoder;
  Arena arena;
  const ingest::SourceTerms terms{
      .source = "cli", .secret = &secret, .identity_ignore = &nothing_ignored};
  const auto decoded =
      decoder.decode(ingest::Kind::alertmanager_api, "[" + *body + "]", terms, nullptr, arena);
  CHECK(decoded.has_value());
  CHECK(decoded->reports.size() + decoded->refused.size() == 1);
  return 0;
}
