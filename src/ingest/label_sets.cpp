#include "ingest/label_sets.h"

#include <algorithm>
#include <array>
#include <utility>

#include "ingest/json_repair.h"

namespace tocsin::ingest {
namespace {

/// Labels that decide what becomes of an alert: when labels must be cut, these go last.
constexpr std::array<std::string_view, 4> kKeptFirst = {"alertname", "service", "severity", "team"};

LabelsView cut(LabelsView whole, std::size_t count, const Limits& limits, Arena& arena) {
  const auto is_kept_first = [](const Label& label) {
    return std::find(kKeptFirst.begin(), kKeptFirst.end(), label.name) != kKeptFirst.end();
  };
  std::size_t preferred = 0;
  for (const Label label : whole) preferred += is_kept_first(label) ? 1 : 0;
  std::size_t others_left = limits.labels > preferred ? limits.labels - preferred : 0;
  std::vector<Label> kept;
  kept.reserve(std::min(count, limits.labels));
  for (const Label label : whole) {
    if (label.name.size() > limits.label_value) continue;
    if (!is_kept_first(label)) {
      if (others_left == 0) continue;
      --others_left;
    }
    kept.push_back({label.name, cut_utf8(label.value, limits.label_value)});
  }
  const Labels owned(std::move(kept));
  return LabelsView(arena.copy(owned.block()));
}

}  // namespace

Labels identity_of(LabelsView labels, const std::vector<std::string>& ignored) {
  if (ignored.empty()) return Labels(labels);
  std::vector<Label> kept;
  for (const Label label : labels) {
    if (!std::binary_search(ignored.begin(), ignored.end(), label.name)) kept.push_back(label);
  }
  return kept.empty() ? Labels(labels) : Labels(std::move(kept));
}

LabelsView within_limits(LabelsView whole, const Limits& limits, Arena& arena, bool& truncated) {
  // A pair has at least four bytes, so that this block exceeds no limit: nearly all stop here.
  if (whole.block().size() <= limits.label_value && whole.block().size() <= limits.labels * 4) {
    return LabelsView(arena.copy(whole.block()));
  }
  std::size_t count = 0;
  bool fits = true;
  for (const Label label : whole) {
    ++count;
    fits =
        fits && label.name.size() <= limits.label_value && label.value.size() <= limits.label_value;
  }
  if (fits && count <= limits.labels) return LabelsView(arena.copy(whole.block()));
  truncated = true;
  return cut(whole, count, limits, arena);
}

}  // namespace tocsin::ingest
