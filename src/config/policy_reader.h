#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/names.h"
#include "config/predicate.h"
#include "config/reach.h"
#include "config/section.h"
#include "config/zones.h"
#include "tocsin/config/config.h"
#include "tocsin/triage/policy.h"

namespace tocsin::config {

/// What the rules files say, gathered section by section over all files.
struct PolicyDraft {
  PolicyDraft(const Settings& from, Report& to, triage::Policy& out)
      : settings(from), report(to), policy(out) {}

  const Settings& settings;
  Report& report;
  triage::Policy& policy;
  PredicateReader predicates;
  Zones zones;
  const Fragment* scope = nullptr;  ///< Of the file being read; null: it may touch every alert.
  std::string fragment;             ///< The sub-folder the file lies in; "" = the root.
  bool in_fragment = false;         ///< The file lies in a sub-folder, scoped or not.

  Names services, teams, escalations, rules, correlation, criteria, users, schedules, time_intervals,
      heartbeats, inhibitions, maintenance, silence_policies, roles, continuity, responses,
      templates;
  /// Sections that stand in one file only.
  std::optional<Position> severity_at, incidents_at, flapping_at, storm_at, problems_at;
  bool has_map = false;  ///< severity.map was given.

  /// Correlation rules that wait for more alerts and else leave them to the rules below.
  std::set<std::string> passes_on;

  std::vector<Reference> escalations_used, teams_used, services_used, users_used, schedules_used,
      time_intervals_used, roles_used;
  Reach reach;
  std::vector<PageTargets> pages;  ///< Of every step and fallback that names a target.
  std::map<std::string, std::vector<Reference>> depends_on;  ///< By service.
};

/// One top-level key of rules files and the function that reads its value. A new key is one line
/// in policy.cpp and one function in a file of its own.
using ReadSection = void (*)(const Value&, PolicyDraft&);
struct SectionReader {
  std::string_view key;
  ReadSection read;
};

void read_services(const Value&, PolicyDraft&);        // policy_services.cpp
void read_rules(const Value&, PolicyDraft&);           // policy_rules.cpp
void read_correlation(const Value&, PolicyDraft&);     // policy_correlation.cpp
void read_severity(const Value&, PolicyDraft&);        // policy_severity.cpp
void read_escalations(const Value&, PolicyDraft&);     // policy_escalations.cpp
void read_incidents(const Value&, PolicyDraft&);       // policy_incidents.cpp
void read_teams(const Value&, PolicyDraft&);           // policy_teams.cpp
void read_users(const Value&, PolicyDraft&);           // policy_users.cpp
void read_schedules(const Value&, PolicyDraft&);       // policy_schedules.cpp
void read_time_intervals(const Value&, PolicyDraft&);  // policy_time_intervals.cpp
void read_suppression(const Value&, PolicyDraft&);     // policy_suppression.cpp
void read_heartbeats(const Value&, PolicyDraft&);      // policy_heartbeats.cpp
void read_roles(const Value&, PolicyDraft&);           // policy_roles.cpp
void read_stakeholders(const Value&, PolicyDraft&);    // policy_roles.cpp
void read_problems(const Value&, PolicyDraft&);        // policy_continuity.cpp
void read_continuity(const Value&, PolicyDraft&);      // policy_continuity.cpp
void read_responses(const Value&, PolicyDraft&);       // policy_responses.cpp
void read_templates(const Value&, PolicyDraft&);       // policy_templates.cpp

/// The map of severity words that holds while no file has one of its own.
void add_default_severity_map(rules::SeverityPolicy&);
/// The escalation `default` that holds while no file has one of its own.
void add_default_escalation(PolicyDraft&);

/// `when`, and the scope of the fragment it stands in.
rules::Predicate scoped(const PolicyDraft&, rules::Predicate when);
/// Reads matchers and adds the scope. Nothing if they have a mistake.
std::optional<rules::Predicate> read_scoped(const Value&, PolicyDraft&);
/// A warning where `what`, such as "the inhibition", stands in a fragment without a scope: it
/// touches the alerts of every team.
void warn_if_unscoped(const Value&, std::string_view what, const PolicyDraft&);
/// A warning where a section that knows no scope stands in a fragment at all.
void warn_of_reach(const Value&, const PolicyDraft&);

/// SEV-1 to SEV-4.
std::optional<Severity> read_level(const Value&);  // policy_severity.cpp
/// A list of them that is not empty.
std::vector<Severity> read_levels(const Value&);  // policy_severity.cpp
const std::vector<std::string_view>& severity_words();

/// A web address, so that it may become a link wherever an incident is shown.
void read_web_address(const Value&, std::string& out);  // policy_services.cpp

/// Reads a list of targets of any kind and keeps the names they use.
std::vector<Target> read_targets(const Value&, PolicyDraft&);  // policy_targets.cpp
/// The same for a step or fallback of an escalation, which must reach somebody: as the channels,
/// each once and in order.
std::vector<std::string> read_page(const Value&, PolicyDraft&);  // policy_targets.cpp
/// True for `[]` and for nothing at all.
bool is_empty_list(const Value&);

/// Warns of steps, fallbacks and services' escalations that reach nobody. REQUIRES: every file was
/// read, and the policy's lists are sorted.
void check_reach(PolicyDraft&);  // policy_reach.cpp
/// Warns of rules that never hold or never decide, and notes those that every alert is tested
/// against. REQUIRES: every rule was read.
void lint_rules(PolicyDraft&);  // policy_lint.cpp
/// Warns of services that depend on each other in a circle.
void check_dependencies(PolicyDraft&);  // policy_dependencies.cpp

/// The name of the element, defined among `names`; "" after a mistake.
std::string define_element(Section&, std::string_view what, Names& names, PolicyDraft&);

/// False, and an error that names the first place, if the section was read before.
bool is_only_one(const Value&, std::optional<Position>& first, Report&);

}  // namespace tocsin::config
