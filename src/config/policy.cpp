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

/// Which fragment each file belongs to, and with which scope.
class Scopes {
 public:
  explicit Scopes(const Settings& settings)
      : settings_(settings), roots_(name_roots(settings.rules)) {}

  void enter(const std::string& path, PolicyDraft& draft) {
    const std::string fragment = place_of(path, roots_).fragment;
    draft.in_fragment = !fragment.empty();
    const auto found = std::ranges::find(settings_.fragments, fragment, &Fragment::name);
    draft.scope = found == settings_.fragments.end() ? nullptr : &*found;
    if (draft.scope != nullptr) seen_.insert(fragment);
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

void read_file(const triage::PolicyFile& file, PolicyDraft& draft) {
  const Document document(file.path, file.text, draft.report);
  if (document.root() == nullptr) return;
  Section top{Value(document, draft.report)};
  for (const SectionReader& reader : kReaders) {
    if (const auto value = top.find(reader.key)) reader.read(*value, draft);
  }
  top.not_yet({"suppression", "time_intervals", "heartbeats", "users", "schedules", "roles",
               "stakeholders", "problems", "continuity", "responses", "templates"});
}

void check_references(PolicyDraft& draft) {
  for (const Reference& used : draft.escalations_used) {
    if (used.name == "default" || draft.escalations.has(used.name)) continue;
    draft.report.error(used.at,
                       used.path + ": nothing defines the escalation " + in_quotes(used.name),
                       did_you_mean(used.name, draft.escalations.all(),
                                    "define it under escalations in a rules file"));
  }
  for (const Reference& used : draft.teams_used) {
    if (draft.teams.has(used.name)) continue;
    draft.report.warning(
        used.at, used.path + ": nothing defines the team " + in_quotes(used.name),
        did_you_mean(used.name, draft.teams.all(), "define it under teams in a rules file"));
  }
  for (const Reference& used : draft.services_used) {
    if (draft.services.has(used.name)) continue;
    draft.report.warning(
        used.at, used.path + ": nothing defines the service " + in_quotes(used.name),
        did_you_mean(used.name, draft.services.all(), "define it under services in a rules file"));
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

bool Names::define(std::string_view what, const std::string& name, const Position& at,
                   Report& report) {
  const auto [place, is_new] = places_.emplace(name, at);
  if (is_new) return true;
  report.error(at, "the " + std::string(what) + " " + in_quotes(name) + " is defined twice",
               "it is defined at " + format_short(place->second) + " already; keep one of them");
  return false;
}

std::vector<std::string_view> Names::all() const {
  std::vector<std::string_view> out;
  out.reserve(places_.size());
  for (const auto& [name, place] : places_) out.push_back(name);
  return out;
}

rules::Predicate scoped(const PolicyDraft& draft, rules::Predicate when) {
  if (draft.scope == nullptr) return when;
  rules::AllOf both;
  both.terms.push_back(draft.scope->scope);
  both.terms.push_back(std::move(when));
  return {std::move(both)};
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

PolicyResult compile_policy(const Settings& settings, std::vector<triage::PolicyFile> files) {
  auto policy = std::make_shared<triage::Policy>();
  copy_settings(settings, *policy);
  Report report;
  PolicyDraft draft(report, *policy);
  Scopes scopes(settings);
  for (const triage::PolicyFile& file : files) {
    scopes.enter(file.path, draft);
    read_file(file, draft);
  }
  scopes.report_unused(report);
  use_teams_of_tokens(settings, draft);
  check_references(draft);
  if (!draft.has_map) add_default_severity_map(policy->rules.severity);
  add_default_escalation(draft);
  std::ranges::sort(policy->rules.services, {}, &rules::Service::name);
  std::ranges::sort(policy->escalations, {}, &triage::Escalation::name);
  policy->rules.hash = hash_of(settings, files);
  rules::compile(policy->rules);
  policy->files = std::move(files);
  PolicyResult result;
  if (report.errors() == 0) result.policy = std::move(policy);
  result.diagnostics = report.take();
  sort(result.diagnostics);
  return result;
}

}  // namespace tocsin::config
