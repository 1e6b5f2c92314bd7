// The codec of a delivery: what is decoded is encoded to bytes that decode to the same.
#include "fuzz/input.h"
#include "tocsin/triage/step.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  const auto decoded = triage::decode_delivery(fuzz::Input(bytes, size).rest());
  if (!decoded) return 0;
  for (const triage::Step& step : (*decoded)->steps) {
    CHECK(!triage::name_of(step).empty());
    const auto* report = std::get_if<triage::ReportAlert>(&step);
    if (report == nullptr) continue;
    CHECK(LabelsView::is_valid(report->report.labels.block()));
    CHECK(LabelsView::is_valid(report->report.annotations.block()));
  }
  const std::string encoded = triage::encode(**decoded);
  const auto again = triage::decode_delivery(encoded);
  CHECK(again.has_value());
  CHECK((*again)->steps.size() == (*decoded)->steps.size());
  CHECK(triage::encode(**again) == encoded);
  return 0;
}
