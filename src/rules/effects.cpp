#include "tocsin/rules/effects.h"

#include <array>
#include <charconv>
#include <utility>

namespace tocsin::rules {
namespace {

constexpr std::string_view kLabels = "labels.";
constexpr std::string_view kAnnotations = "annotations.";

/// The texts of what is kept, and room for the names that are put together.
class Kept {
 public:
  void add(std::string name, std::string value) {
    if (!value.empty()) texts_.emplace_back(std::move(name), std::move(value));
  }
  void add(const std::string& name, const DecidedBy& by) {
    add(name + ".rule", by.rule);
    add(name + ".at", by.at);
  }
  void add_all(std::string_view prefix, LabelsView labels) {
    for (const Label label : labels) {
      add(std::string(prefix).append(label.name), std::string(label.value));
    }
  }
  Labels labels() const {
    std::vector<Label> pairs;
    pairs.reserve(texts_.size());
    for (const auto& [name, value] : texts_) pairs.push_back({name, value});
    return Labels(std::move(pairs));
  }

 private:
  std::vector<std::pair<std::string, std::string>> texts_;
};

/// The pairs whose names begin with `prefix`, without it.
Labels below(std::string_view prefix, LabelsView kept) {
  std::vector<Label> pairs;
  for (const Label label : kept) {
    if (label.name.starts_with(prefix)) {
      pairs.push_back({label.name.substr(prefix.size()), label.value});
    }
  }
  return Labels(std::move(pairs));
}

DecidedBy decided_by(const std::string& name, LabelsView kept) {
  return {std::string(kept.get(name + ".rule")), std::string(kept.get(name + ".at"))};
}

Duration duration_of(std::string_view text) {
  std::int64_t milliseconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), milliseconds);
  return Duration(milliseconds > 0 ? milliseconds : 0);
}

std::optional<Severity> severity_of(std::string_view text) {
  for (const Severity level : {Severity::sev1, Severity::sev2, Severity::sev3, Severity::sev4}) {
    if (text == to_string(level)) return level;
  }
  return std::nullopt;
}

}  // namespace

Labels set_over(LabelsView sent, LabelsView set) {
  if (set.empty()) return Labels(sent);
  std::vector<Label> pairs(sent.begin(), sent.end());
  for (const Label label : set) pairs.push_back(label);  // Of equal names the last wins.
  return Labels(std::move(pairs));
}

Labels kept_form(const Effects& effects) {
  Kept kept;
  kept.add_all(kLabels, effects.labels);
  kept.add_all(kAnnotations, effects.annotations);
  kept.add("runbook", effects.runbook);
  kept.add("escalation", effects.escalation);
  if (effects.severity) {
    kept.add("severity", std::string(to_string(*effects.severity)));
    kept.add("severity", effects.severity_by);
  }
  if (effects.hold > Duration::zero()) {
    kept.add("hold", std::to_string(effects.hold.count()));
    kept.add("hold", effects.hold_by);
  }
  if (effects.drop) {
    kept.add("drop", "true");
    kept.add("drop", effects.drop_by);
  }
  return kept.labels();
}

Effects effects_of(LabelsView kept) {
  Effects out;
  out.labels = below(kLabels, kept);
  out.annotations = below(kAnnotations, kept);
  out.runbook = kept.get("runbook");
  out.escalation = kept.get("escalation");
  out.severity = severity_of(kept.get("severity"));
  if (out.severity) out.severity_by = decided_by("severity", kept);
  out.hold = duration_of(kept.get("hold"));
  if (out.hold > Duration::zero()) out.hold_by = decided_by("hold", kept);
  out.drop = kept.get("drop") == "true";
  if (out.drop) out.drop_by = decided_by("drop", kept);
  return out;
}

}  // namespace tocsin::rules
