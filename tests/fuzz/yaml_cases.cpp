// Cases for `tocsin test`: every mistake has its place, and what has none is in order of time and
// within its limits.
#include "fuzz/input.h"
#include "fuzz/mistakes.h"
#include "tocsin/config/config.h"
#include "tocsin/config/test_cases.h"
#include "tocsin/trial/trial.h"

namespace tocsin::fuzz {
namespace {

void check_case(const config::TestCase& test) {
  CHECK(!test.name.empty());
  CHECK(test.steps.size() <= config::kTestStepsMax);
  Duration last{};
  for (const config::TestStep& step : test.steps) {
    CHECK(step.when >= last);
    last = step.when;
  }
  CHECK(last <= config::kTestTimeMax);
  for (const config::Expectation& expected : test.expectations) {
    CHECK(expected.when >= Duration::zero());
    CHECK(expected.when <= config::kTestTimeMax);
    CHECK(expected.at.line >= 1);
  }
}

}  // namespace
}  // namespace tocsin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  static const auto policy =
      config::compile_policy(config::parse_settings("", "tocsin.yaml", "/nonexistent").settings, {})
          .policy;
  CHECK(policy != nullptr);
  const std::string_view text = fuzz::Input(bytes, size).rest();
  const auto read = config::parse_test_cases(std::string(text), "tests/a.yaml");
  fuzz::check_places(read.diagnostics, "tests/a.yaml");
  if (has_errors(read.diagnostics)) return 0;
  for (const config::TestCase& test : read.cases) fuzz::check_case(test);
  fuzz::check_places(trial::check(read.cases, *policy), "tests/a.yaml");
  return 0;
}
