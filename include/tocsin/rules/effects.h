#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tocsin/alert/labels.h"
#include "tocsin/alert/severity.h"
#include "tocsin/base/time.h"

namespace tocsin::rules {

/// The rule behind a decision, as people find it again.
struct DecidedBy {
  std::string rule;
  std::string at;  ///< "rules/disks.yaml:7"
  friend bool operator==(const DecidedBy&, const DecidedBy&) = default;
};

/// What triage rules decided about one alert. Immutable and shared: alerts about which the same
/// rules decide the same have one value in memory.
struct Effects {
  Labels labels;       ///< Over the sent ones: `set.labels`, and `service` and `team` if set.
  Labels annotations;  ///< Over the sent ones.
  std::string runbook;
  std::string escalation;
  std::optional<Severity> severity;
  DecidedBy severity_by;
  Duration hold{};
  DecidedBy hold_by;
  bool drop = false;
  DecidedBy drop_by;
  /// The rules that hold, as indices into RuleSet::triage in order. Not part of what is kept: after
  /// a restart nobody needs them.
  std::vector<std::uint32_t> rules;
  friend bool operator==(const Effects&, const Effects&) = default;
};
using EffectsRef = std::shared_ptr<const Effects>;

/// What rules set over what was sent.
Labels set_over(LabelsView sent, LabelsView set);

/// What is kept with an alert: a flat set of texts such as `labels.component`, `hold`, `hold.rule`.
/// Empty if nothing was decided.
Labels kept_form(const Effects&);
/// The reverse; names it does not know are left out, so that an older program reads a newer row.
Effects effects_of(LabelsView kept);

}  // namespace tocsin::rules
