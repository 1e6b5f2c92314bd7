#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>

#include "config/policy_reader.h"
#include "config/rules_root.h"
#include "tocsin/alert/identity.h"
#include "tocsin/config/config.h"

namespace tocsin::config {
namespace {

/// Read in this order in each file.
constexpr SectionReader kReaders[] = {
    {"services", read_services},
    {"rules", read_rules},
    {"correlation", read_correlation},
    {"severity", read_severity},
    {"escalations", read_escalations},
    {"incidents", read_incidents},
    {"teams", read_teams},
};

/// Checked, but nothing acts on them in this version.
constexpr SectionReader kCheckedReaders[] = {
    {"users", read_users},
    {"schedules", read_schedules},
    {"suppression", read_suppression},
    {"time_intervals", read_time_intervals},
    {"heartbeats", read_heartbeats},
    {"roles", read_roles},
    {"stakeholders", read_stakeholders},
    {"problems", read_problems},
    {"continuity", read_continuity},
    {"responses", read_responses},
    {"templates", read_templates},
};

/// Which fragment each file belongs to, and with which scope.
class Scopes {
 public:
  explicit Scopes(const Settings& settings)
      : settings_(settings), roots_(name_roots(settings.rules)) {}

  void enter(const std::string& path, PolicyDraft& draft) {
    draft.fragment = place_of(path, roots_).fragment;
    draft.in_fragment = !draft.fragment.empty();
    const auto found = std::ranges::find(settings_.fragments, draft.fragment, &Fragment::name);
    draft.scope = found == settings_.fragments.end() ? nullptr : &*found;
    if (draft.scope != nullptr) seen_.insert(draft.fragment);
  }
  /// A scope that nothing is scoped by is a slip of the pen, and leaves somebody unscoped.
  void report_unused(Report& report) const {
    for (const Fragment& fragment : settings_.fragments) {
      if (seen_.contains(fragment.name)) continue;
      report.warning(fragment.at, "no folder of rules is named " + in_quotes(fragment.name),
                     "fragments scope the sub-folders of rules; correct the name or remove it");
    }
  }

 private:
  const Settings& settings_;
  std::vector<RulesRoot> roots_;
  std::set<std::string> seen_;
};

/// False if the file is no YAML: what it would have defined is not known.
bool read_file(const triage::PolicyFile& file, PolicyDraft& draft) {
  const Document document(file.path, file.text, draft.report);
  if (document.root() == nullptr) return false;
  Section top{Value(document, draft.report)};
  for (const SectionReader& reader : kReaders) {
    if (const auto value = top.find(reader.key)) reader.read(*value, draft);
  }
  for (const SectionReader& reader : kCheckedReaders) {
    if (const auto value = top.find(reader.key)) reader.read(*value, draft);
    top.not_yet({reader.key});
  }
  return true;
}

void check_references(const PolicyDraft& draft, Report& report) {
  constexpr auto kError = Diagnostic::Level::error;
  constexpr auto kWarning = Diagnostic::Level::warning;
  const auto define_under = [](std::string_view key) {
    return "define it under " + std::string(key) + " in a rules file";
  };
  // `default` is there even if no file defines it.
  std::vector<Reference> escalations_used = draft.escalations_used;
  std::erase_if(escalations_used, [&](const Reference& used) {
    return used.name == "default" && !draft.escalations.has(used.name);
  });
  check_uses(escalations_used, draft.escalations, kError, "escalation", define_under("escalations"),
             report);
  check_uses(draft.users_used, draft.users, kError, "user", define_under("users"), report);
  check_uses(draft.schedules_used, draft.schedules, kError, "schedule", define_under("schedules"),
             report);
  check_uses(draft.time_intervals_used, draft.time_intervals, kError, "time interval",
             define_under("time_intervals"), report);
  check_uses(draft.teams_used, draft.teams, kWarning, "team", define_under("teams"), report);
  check_uses(draft.services_used, draft.services, kWarning, "service", define_under("services"),
             report);
  check_uses(draft.roles_used, draft.roles, kWarning, "role", define_under("roles"), report);
}

/// What a file that is no YAML would define is not known: a name that nothing else defines may be
/// there. The mistake of one fragment is no mistake of those that use its names.
void check_references(PolicyDraft& draft, const std::vector<std::string>& unread) {
  if (unread.empty()) return check_references(draft, draft.report);
  Report undefined;
  check_references(draft, undefined);
  if (undefined.take().empty()) return;
  for (const std::string& path : unread) {
    draft.report.note("references", {path, 0, 0},
                      "names that no other file defines are not looked up while this one cannot "
                      "be read");
  }
}

/// Tokens are read before teams are known.
void use_teams_of_tokens(const Settings& settings, PolicyDraft& draft) {
  for (const Token& token : settings.auth.tokens) {
    for (std::size_t i = 0; i < token.respond_teams.size(); ++i) {
      draft.teams_used.push_back({token.respond_teams[i], "the scopes of " + in_quotes(token.name),
                                  token.respond_teams_at[i]});
    }
  }
}

/// Of the texts, each with its length in front.
std::uint64_t hash_of_all(std::initializer_list<std::string_view> texts, std::uint64_t hash) {
  for (const std::string_view text : texts) {
    hash = content_hash(std::to_string(text.size()), hash);
    hash = content_hash(text, hash);
  }
  return hash;
}

/// Of everything that changes what `match` says of given labels: the files, and the scopes of
/// tocsin.yaml.
std::uint64_t hash_of(const Settings& settings, const std::vector<triage::PolicyFile>& files) {
  std::uint64_t hash = content_hash("tocsin rules 1");
  for (const triage::PolicyFile& file : files) hash = hash_of_all({file.path, file.text}, hash);
  for (const Fragment& fragment : settings.fragments) {
    hash = hash_of_all({fragment.name, fragment.spelling}, hash);
  }
  return hash == 0 ? 1 : hash;
}

void copy_settings(const Settings& settings, triage::Policy& policy) {
  policy.channels = {"log"};
  for (const Channel& channel : settings.channels) policy.channels.push_back(channel.name);
  std::ranges::sort(policy.channels);
  const auto repeats = std::ranges::unique(policy.channels);
  policy.channels.erase(repeats.begin(), repeats.end());
  policy.fallback = settings.fallback;
  if (policy.fallback.empty()) policy.fallback = {"log"};
  policy.sources = settings.sources;
  policy.identity_ignore = settings.identity_ignore;
  for (const std::string& label : policy.identity_ignore) {
    policy.identity_hash = hash_of_all({label}, policy.identity_hash);
  }
  policy.active_alerts_max = settings.limits.active_alerts;
}

}  // namespace

std::string define_element(Section& section, std::string_view what, Names& names,
                           PolicyDraft& draft) {
  const auto name = section.require("name", "give each " + std::string(what) + " a name");
  if (!name) return "";
  auto text = name->text();
  if (!text || !names.define(what, *text, name->at(), draft.report)) return "";
  return std::move(*text);
}

bool is_empty_list(const Value& value) {
  return value.is(Node::Kind::empty) || (value.is(Node::Kind::list) && value.node().items.empty());
}

bool is_only_one(const Value& value, std::optional<Position>& first, Report& report) {
  if (!first) {
    first = value.at();
    return true;
  }
  report.error(value.at(), value.path() + " is given twice",
               "it is given at " + format_short(*first) + " already; put both together there");
  return false;
}

PolicyResult compile_policy(const Settings& settings, std::vector<triage::PolicyFile> files,
                            Lint lint) {
  auto policy = std::make_shared<triage::Policy>();
  copy_settings(settings, *policy);
  Report report;
  PolicyDraft draft(settings, report, *policy);
  Scopes scopes(settings);
  std::vector<std::string> unread;
  for (const triage::PolicyFile& file : files) {
    scopes.enter(file.path, draft);
    const std::size_t rules = policy->rules.triage.size();
    if (!read_file(file, draft)) unread.push_back(file.path);
    if (report.errors() > 0 && !draft.rules_before_mistakes) draft.rules_before_mistakes = rules;
  }
  scopes.report_unused(report);
  use_teams_of_tokens(settings, draft);
  check_references(draft, unread);
  warn_of_unscoped_severities(draft);
  if (!draft.has_map) add_default_severity_map(policy->rules.severity);
  add_default_escalation(draft);
  std::ranges::sort(policy->rules.services, {}, &rules::Service::name);
  std::ranges::sort(policy->escalations, {}, &triage::Escalation::name);
  if (unread.empty()) check_reach(draft);
  check_dependencies(draft);
  if (lint == Lint::yes) lint_rules(draft);
  PolicyResult result;
  if (report.errors() == 0) {
    policy->rules.hash = hash_of(settings, files);
    rules::compile(policy->rules);
    policy->files = std::move(files);
    result.policy = std::move(policy);
  }
  result.diagnostics = report.take();
  sort(result.diagnostics);
  return result;
}

}  // namespace tocsin::config
