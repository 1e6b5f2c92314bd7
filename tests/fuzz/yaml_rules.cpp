// Rules files → policy. A line `### name` begins another file, up to kFilesMax: each takes some 10
// µs however short it is, and what is timed is a text, not a folder. Every mistake has its place;
// lint refuses nothing; what is explained about an alert is what its match says.
#include <memory>
#include <string>
#include <vector>

#include "fuzz/input.h"
#include "fuzz/mistakes.h"
#include "tocsin/config/config.h"
#include "tocsin/rules/explain.h"

namespace tocsin::fuzz {
namespace {

constexpr std::string_view kNext = "### ";
constexpr std::size_t kFilesMax = 500;

std::vector<triage::PolicyFile> files_of(Input input) {
  std::vector<triage::PolicyFile> files{{"rules/a.yaml", ""}};
  while (!input.empty()) {
    const std::string_view line = input.line();
    if (line.starts_with(kNext) && files.size() < kFilesMax) {
      files.push_back({"rules/" + std::string(line.substr(kNext.size())), ""});
    } else {
      files.back().text.append(line).append("\n");
    }
  }
  return files;
}

bool same(const rules::Verdict& a, const rules::Verdict& b) {
  const bool same_effects =
      !a.effects == !b.effects &&
      (!a.effects || rules::kept_form(*a.effects) == rules::kept_form(*b.effects));
  return a.severity == b.severity && a.severity_by == b.severity_by &&
         a.severity_index == b.severity_index && a.service == b.service &&
         a.correlation == b.correlation && same_effects;
}

void check_match(const rules::RuleSet& rules, const Labels& labels, const Labels& annotations) {
  const rules::Verdict verdict = rules::match(rules, labels, annotations, "prometheus");
  const rules::Explanation explained = rules::explain(
      rules, {.labels = labels, .annotations = annotations, .source = "prometheus", .near = 3});
  CHECK(same(verdict, explained.verdict));
  CHECK(explained.near.size() <= 3);
}

}  // namespace
}  // namespace tocsin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  static const config::Settings settings =
      config::parse_settings("", "tocsin.yaml", "/nonexistent").settings;
  static const Labels labels = {{"alertname", "DiskFull"},
                                {"env", "prod"},
                                {"service", "checkout"},
                                {"severity", "critical"}};
  const auto files = fuzz::files_of(fuzz::Input(bytes, size));
  const config::PolicyResult strict = config::compile_policy(settings, files, config::Lint::yes);
  fuzz::check_places(strict.diagnostics, "");
  CHECK((strict.policy == nullptr) == has_errors(strict.diagnostics));
  const config::PolicyResult quick = config::compile_policy(settings, files);
  CHECK((quick.policy == nullptr) == (strict.policy == nullptr));
  if (quick.policy == nullptr) return 0;
  fuzz::check_match(quick.policy->rules, labels, {{"summary", "97 %"}});
  fuzz::check_match(quick.policy->rules, {}, {});
  return 0;
}
