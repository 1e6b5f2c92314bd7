#pragma once

#include <cstddef>
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
      : settings(from), report(to), policy(out), predicates(names_of(from.sources)) {}

  const Settings& settings;
  Report& report;
  triage::Policy& policy;
  PredicateReader predicates;
  Zones zones;
  const Fragment* scope = nullptr;  ///< Of the file being read; null: it may touch every alert.
  std::string fragment;             ///< The sub-folder the file lies in; "" = the root.
  bool in_fragment = false;         ///< The file lies in a sub-folder, scoped or not.

  Names services, teams, escalations, rules, correlation, criteria, users, schedules,
      time_intervals, heartbeats, inhibitions, maintenance, silence_policies, roles, continuity,
      responses, templates;
  /// Sections that stand in one file only.
  std::optional<Position> severity_at, incidents_at, flapping_at, storm_at, problems_at;
  bool has_map = false;  ///< severity.map was given.

  /// Correlation rules that wait for more alerts and else leave them to the rules below.
  std::set<std::string> passes_on;

  std::vector<Reference> escalations_used, teams_used, services_used, users_used, schedules_used,
      time_intervals_used, roles_used;
  /// Labels that rules set in fragments without a scope: one of them may be the severity's.
  struct SetLabel {
    Reference label;
    std::string fragment;
  };
  std::vector<SetLabel> unscoped_labels;
  /// Matchers of what is no rule, for lint_rules().
  struct OtherCondition {
    std::string path;
    Position at;
    rules::Predicate when;
  };
  std::vector<OtherCondition> conditions;
  /// How many triage rules come before the first file with a mistake: any rule may be missing behind
  /// them. Nothing: all files are good.
  std::optional<std::size_t> rules_before_mistakes;

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
/// The same, and keeps them for lint_rules(), of what is no rule.
void check_scoped(const Value&, PolicyDraft&);
/// The same without the scope: they may look at the alerts of every team.
void check_matchers(const Value&, PolicyDraft&);
/// A warning where `what`, such as "the inhibition", stands in a fragment without a scope: it
/// touches the alerts of every team.
void warn_if_unscoped(const Value&, std::string_view what, const PolicyDraft&);
/// Keeps a label that a rule of a fragment without a scope sets.
void keep_if_unscoped(const Value::Named& label, PolicyDraft&);
/// A warning for those of them that are `severity.from_label`. REQUIRES: all files were read.
void warn_of_unscoped_severities(PolicyDraft&);
/// A warning where a section that knows no scope stands in a fragment at all.
void warn_of_reach(const Value&, const PolicyDraft&);

/// Whether anything in a value was wrong, in its YAML or as it was read since.
class Flaws {
 public:
  Flaws(const Value& value, const Report& report)
      : node_(value.node()), report_(report), before_(report.errors()) {}
  bool none() const {
    return !node_.is_incomplete && report_.errors() == before_ && !report_.errors_are_full();
  }

 private:
  const Node& node_;
  const Report& report_;
  std::size_t before_;
};

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
/// against. Rules that have mistakes are not among those read.
void lint_rules(PolicyDraft&);  // policy_lint.cpp
/// Warns of services that depend on each other in a circle.
void check_dependencies(PolicyDraft&);  // policy_dependencies.cpp

/// The name of the element, defined among `names`; "" after a mistake.
std::string define_element(Section&, std::string_view what, Names& names, PolicyDraft&);

/// False, and an error that names the first place, if the section was read before.
bool is_only_one(const Value&, std::optional<Position>& first, Report&);

}  // namespace tocsin::config
