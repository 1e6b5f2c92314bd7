#include <algorithm>
#include <utility>

#include "config/policy_reader.h"
#include "tocsin/alert/identity.h"
#include "tocsin/config/config.h"

namespace tocsin::config {
namespace {

/// Read in this order in each file.
constexpr SectionReader kReaders[] = {
    {"services", read_services},   {"correlation", read_correlation},
    {"severity", read_severity},   {"escalations", read_escalations},
    {"incidents", read_incidents}, {"teams", read_teams},
};

void read_file(const triage::PolicyFile& file, PolicyDraft& draft) {
  const Document document(file.path, file.text, draft.report);
  if (document.root() == nullptr) return;
  Section top{Value(document, draft.report)};
  for (const SectionReader& reader : kReaders) {
    if (const auto value = top.find(reader.key)) reader.read(*value, draft);
  }
  top.not_yet({"rules", "suppression", "time_intervals", "heartbeats", "users", "schedules",
               "roles", "stakeholders", "problems", "continuity", "responses", "templates"});
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
}

/// Of the paths and texts, each with its length in front. Nothing in tocsin.yaml changes what
/// `match` says of given labels; a setting that ever does belongs in here.
std::uint64_t hash_of(const std::vector<triage::PolicyFile>& files) {
  std::uint64_t hash = content_hash("tocsin rules 1");
  for (const triage::PolicyFile& file : files) {
    for (const std::string* part : {&file.path, &file.text}) {
      hash = content_hash(std::to_string(part->size()), hash);
      hash = content_hash(*part, hash);
    }
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
  for (const triage::PolicyFile& file : files) read_file(file, draft);
  check_references(draft);
  if (!draft.has_map) add_default_severity_map(policy->rules.severity);
  add_default_escalation(draft);
  std::ranges::sort(policy->rules.services, {}, &rules::Service::name);
  std::ranges::sort(policy->escalations, {}, &triage::Escalation::name);
  policy->rules.hash = hash_of(files);
  policy->files = std::move(files);
  PolicyResult result;
  if (report.errors() == 0) result.policy = std::move(policy);
  result.diagnostics = report.take();
  sort(result.diagnostics);
  return result;
}

}  // namespace tocsin::config
