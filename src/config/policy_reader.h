#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/predicate.h"
#include "config/section.h"
#include "tocsin/config/config.h"
#include "tocsin/triage/policy.h"

namespace tocsin::config {

/// Where each name of one kind was first defined.
class Names {
 public:
  /// False, and an error at `at` that names the first place, if the name is taken.
  bool define(std::string_view what, const std::string& name, const Position& at, Report&);
  bool has(const std::string& name) const { return places_.contains(name); }
  std::vector<std::string_view> all() const;

 private:
  std::map<std::string, Position> places_;
};

/// A use of a name that may be defined in a file not read yet.
struct Reference {
  std::string name;
  std::string path;  ///< Of the value that uses it.
  Position at;
};

/// What the rules files say, gathered section by section over all files.
struct PolicyDraft {
  PolicyDraft(Report& to, triage::Policy& out) : report(to), policy(out) {}

  Report& report;
  triage::Policy& policy;
  PredicateReader predicates;
  const Fragment* scope = nullptr;  ///< Of the file being read; null: it may touch every alert.
  bool in_fragment = false;         ///< The file lies in a sub-folder, scoped or not.
  Names services, teams, escalations, rules, correlation, criteria;
  std::optional<Position> severity_at, incidents_at;  ///< Sections that stand in one file only.
  bool has_map = false;                               ///< severity.map was given.
  std::vector<Reference> escalations_used, teams_used, services_used;
};

/// One top-level key of rules files and the function that reads its value. A new key is one line
/// in policy.cpp and one function in a file of its own.
using ReadSection = void (*)(const Value&, PolicyDraft&);
struct SectionReader {
  std::string_view key;
  ReadSection read;
};

void read_services(const Value&, PolicyDraft&);     // policy_services.cpp
void read_rules(const Value&, PolicyDraft&);        // policy_rules.cpp
void read_correlation(const Value&, PolicyDraft&);  // policy_correlation.cpp
void read_severity(const Value&, PolicyDraft&);     // policy_severity.cpp
void read_escalations(const Value&, PolicyDraft&);  // policy_escalations.cpp
void read_incidents(const Value&, PolicyDraft&);    // policy_incidents.cpp
void read_teams(const Value&, PolicyDraft&);        // policy_teams.cpp

/// SEV-1 to SEV-4.
std::optional<Severity> read_severity_level(const Value&);

/// The map of severity words that holds while no file has one of its own.
void add_default_severity_map(rules::SeverityPolicy&);
/// The escalation `default` that holds while no file has one of its own.
void add_default_escalation(PolicyDraft&);

/// `when`, and the scope of the fragment it stands in.
rules::Predicate scoped(const PolicyDraft&, rules::Predicate when);

/// False, and an error that names the first place, if the section was read before.
bool is_only_one(const Value&, std::optional<Position>& first, Report&);

}  // namespace tocsin::config
