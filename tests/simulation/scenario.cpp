#include "simulation/scenario.h"

#include <algorithm>

#include "tocsin/base/check.h"

namespace tocsin::simulation {
namespace {

using rules::AllOf;
using rules::Predicate;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Predicate all_of(const std::vector<std::string>& matchers) {
  AllOf all;
  for (const std::string& text : matchers) {
    auto matcher = rules::parse_matcher(text, rules::Grammar::extended);
    CHECK(matcher.has_value());
    all.terms.push_back(Predicate{*std::move(matcher)});
  }
  return Predicate{std::move(all)};
}

Position at_line(int line) { return {"rules/simulation.yaml", line, 1}; }

std::vector<rules::Service> services() {
  rules::Service checkout;
  checkout.name = "checkout";
  checkout.team = "payments";
  checkout.tier = "0";
  checkout.runbook = "https://runbooks.example.net/checkout";
  checkout.escalation = "payments";
  checkout.at = at_line(2);
  rules::Service database;
  database.name = "database";
  database.team = "storage";
  database.tier = "1";
  database.labels = Labels{{"layer", "data"}};
  database.at = at_line(7);
  rules::Service search;
  search.name = "search";
  search.team = "nobody";
  search.escalation_by_severity[0] = "payments";
  search.at = at_line(11);
  return {checkout, database, search};
}

std::vector<rules::CorrelationRule> correlation(int variant) {
  std::vector<rules::CorrelationRule> all;
  all.push_back({"same-host",
                 all_of({"alertname=\"HostDown\""}),
                 {"host"},
                 minutes(2),
                 minutes(20),
                 at_line(20)});
  if (variant != 1) {
    all.push_back({"same-service",
                   all_of({"service"}),
                   {"service", "cluster"},
                   minutes(30),
                   hours(24),
                   at_line(23)});
  }
  return all;
}

rules::Template text(std::string_view written) {
  auto read = rules::parse_template(written);
  CHECK(read.has_value());
  return *std::move(read);
}

/// Some of everything that a triage rule may decide; each variant decides something else of it.
std::vector<rules::TriageRule> triage_rules(int variant, Random& random) {
  const Duration hold = seconds(random.between(5, 400));
  std::vector<rules::TriageRule> all;
  all.push_back({.name = "keep-outages",
                 .when = all_of({"impact=\"outage\""}),
                 .drop = false,
                 .at = at_line(10)});
  if (variant != 1) {
    all.push_back({.name = "noise",
                   .when = all_of({"alertname=\"SlowQueries\"", "env=\"staging\""}),
                   .drop = true,
                   .at = at_line(11)});
  }
  all.push_back({.name = "wait",
                 .when = all_of({"alertname=\"DiskFull\""}),
                 .labels = {{"component", text("disk of {{labels.host}}")}},
                 .hold = variant == 2 ? hold * 2 : hold,
                 .at = at_line(12)});
  all.push_back({.name = "slow",
                 .when = all_of({"alertname=\"SlowQueries\""}),
                 .service = text(variant == 1 ? "search" : "database"),
                 .annotations = {{"summary", text("slow in {{labels.cluster}}")}},
                 .severity = variant == 2 ? Severity::sev2 : Severity::sev4,
                 .escalation = variant == 0 ? "storage" : "",
                 .at = at_line(13)});
  return all;
}

rules::SeverityPolicy severity(int variant) {
  rules::SeverityPolicy policy;
  policy.otherwise = Severity::sev3;
  policy.otherwise_at = at_line(30);
  policy.map = {{"critical", Severity::sev2, at_line(32)},
                {"info", Severity::sev4, at_line(33)},
                {"none", Severity::none, at_line(34)},
                {"warning", Severity::sev3, at_line(35)}};
  policy.criteria.push_back(
      {"tier-0-outage", Severity::sev1, all_of({"tier=\"0\"", "impact=\"outage\""}), at_line(36)});
  if (variant >= 1) {
    policy.criteria.push_back(
        {"production", Severity::sev2, all_of({"env=\"prod\""}), at_line(37)});
  }
  if (variant == 2) {
    policy.criteria.push_back(
        {"data-layer", Severity::sev1, all_of({"layer=\"data\""}), at_line(38)});
  }
  return policy;
}

std::vector<triage::Escalation> escalations(int variant, Random& random) {
  const auto wait = [&] { return Duration(seconds(random.between(20, 240))); };
  triage::Escalation byname;
  byname.name = "default";
  byname.steps = {{{"log"}, wait()}};
  if (variant == 2) byname.steps.push_back({{"chat", "mail"}, wait()});
  triage::Escalation payments;
  payments.name = "payments";
  payments.steps = {{{"pager"}, wait()}, {{"pager", "chat"}, wait()}, {{"mail"}, wait()}};
  payments.repeat = static_cast<int>(random.below(3));
  payments.ack_timeout = Duration(minutes(random.between(3, 20)));
  payments.fallback = {"phone"};
  triage::Escalation storage;
  storage.name = "storage";
  storage.steps = {{{"chat"}, wait()}, {{}, wait()}, {{"pager"}, wait()}};
  if (random.chance(50)) storage.ack_timeout = Duration(minutes(random.between(2, 40)));
  return {byname, payments, storage};
}

}  // namespace

const std::vector<std::string>& channels() {
  static const std::vector<std::string> all = {"chat", "log", "mail", "pager", "phone"};
  return all;
}

Scenario scenario_of(std::uint64_t seed, int steps) {
  Random random(seed ^ 0x746F6373696E0000ULL);
  Scenario scenario;
  scenario.seed = seed;
  scenario.steps = steps;
  scenario.crashes = static_cast<int>(random.between(1, 4));
  const unsigned density = static_cast<unsigned>(random.between(15, 60));
  for (std::size_t i = 0; i < scenario.faults.size(); ++i)
    scenario.faults[i] = random.chance(density);
  // Without one of the two there would be no crash.
  const Fault ending = random.chance(50) ? Fault::kill : Fault::power_cut;
  scenario.faults.set(static_cast<std::size_t>(ending));
  scenario.alerts = static_cast<std::size_t>(random.between(2, 24));
  scenario.haste = static_cast<unsigned>(random.between(30, 95));
  if (random.chance(15)) scenario.active_alerts_max = random.below(8) + 1;
  if (random.chance(30))
    scenario.limits.batch_changes_max = static_cast<std::size_t>(random.between(1, 40));
  if (random.chance(20))
    scenario.limits.batch_bytes_max = static_cast<std::size_t>(random.between(1, 20'000));
  if (scenario.allows(Fault::full_lane)) {
    scenario.limits.lane_bytes_max = static_cast<std::size_t>(random.between(1, 60'000));
  }
  scenario.limits.ahead_changes_min = 1 + scenario.alerts / 4;  // Batches are small here.
  scenario.late_rows_above = random.chance(90) ? 0 : 2;
  return scenario;
}

std::shared_ptr<const triage::Policy> policy_of(const Scenario& scenario, int variant) {
  Random random(scenario.seed * 31 + 7);
  auto policy = std::make_shared<triage::Policy>();
  // Drawn first: the same times in every variant, so that liveness can be computed from any.
  policy->incidents.recovery = seconds(random.between(10, 300));
  policy->incidents.reopen_within = minutes(random.between(1, 15));
  policy->incidents.close_after = minutes(random.between(20, 240));
  policy->rules.services = services();
  policy->rules.correlation = correlation(variant);
  policy->rules.severity = severity(variant);
  policy->rules.triage = triage_rules(variant, random);
  policy->files = {{"simulation.yaml", "# variant " + std::to_string(variant) + "\n"}};
  policy->rules.hash = content_hash(policy->files[0].text) | 1;
  rules::compile(policy->rules);
  policy->escalations = escalations(variant, random);
  policy->channels = channels();
  policy->fallback = {"mail"};
  policy->sources = {{"prom-a", "alertmanager-api", Duration(minutes(5))},
                     {"prom-b", "alertmanager-api", Duration(minutes(5))},
                     {"hooks", "json", std::nullopt}};
  policy->active_alerts_max = scenario.active_alerts_max;
  return policy;
}

Duration longest_path(const triage::Policy& policy) {
  Duration longest{};
  for (const triage::Escalation& path : policy.escalations) {
    Duration round{};
    for (const triage::EscalationStep& step : path.steps) round += step.wait;
    longest = std::max(longest, round * (path.repeat + 1));
  }
  return longest;
}

}  // namespace tocsin::simulation
