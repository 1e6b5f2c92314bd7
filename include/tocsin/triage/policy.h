#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/base/time.h"
#include "tocsin/rules/rule_set.h"

namespace tocsin::triage {

/// One escalation step: every target is paged at once, then `wait` passes.
struct EscalationStep {
  std::vector<std::string> channels;  ///< Targets `channel:NAME`, each once, in order.
  Duration wait{};
};

struct Escalation {
  std::string name;
  std::vector<EscalationStep> steps;
  int repeat = 0;  ///< Further rounds after the first.
  std::optional<Duration> ack_timeout;
  std::vector<std::string> fallback;  ///< Channels; paged once after the last round.
  Position at{};                      ///< Line 0: no file defines it.
};

struct Source {
  std::string name;
  std::string kind;
  std::optional<Duration> resolve_timeout;  ///< Nothing: its alerts' leases never end.
};

struct IncidentTimes {
  Duration recovery{5 * 60 * 1000};
  Duration reopen_within{10 * 60 * 1000};
  Duration close_after{24 * 60 * 60 * 1000};
};

/// One rules file as it was read: what the store keeps so that a restart can fall back to it.
struct PolicyFile {
  std::string path;  ///< Relative to its rules root, "/" between parts.
  std::string text;
};

/// Everything configured that the core decides by: immutable, compiled once, shared by threads.
struct Policy {
  rules::RuleSet rules;
  std::vector<Escalation> escalations;  ///< Sorted by name; always holds `default`.
  std::vector<std::string> channels;    ///< Sorted; always holds `log`.
  std::vector<std::string> fallback;    ///< tocsin.yaml's: used by escalations that name none.
  std::vector<Source> sources;
  /// Labels that form no identity, from every label-set source together; sorted.
  std::vector<std::string> identity_ignore;
  std::uint64_t identity_hash = 0;  ///< Of identity_ignore: what a key depends on but its labels.
  IncidentTimes incidents;
  std::uint64_t active_alerts_max = 2'000'000;
  std::vector<PolicyFile> files;  ///< The texts `rules` was compiled from.

  const Escalation* find_escalation(std::string_view name) const;
  /// The escalation for a service, a team and a severity: the service's own, else the one named
  /// like the team, else `default`. `service` may be null and `team` "".
  const Escalation& escalation_for(const rules::Service* service, std::string_view team,
                                   Severity) const;
  /// The same for an alert after rules: one that a triage rule chose comes first.
  const Escalation& escalation_for(const rules::Subject&, Severity) const;
};

}  // namespace tocsin::triage
