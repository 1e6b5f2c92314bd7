#include "pipeline/world.h"

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace tocsin::pipeline {

namespace {
constexpr Duration kRefresh = minutes(1);

rules::Matcher equals(std::string name, std::string value) {
  rules::Matcher matcher;
  matcher.op = rules::Op::equal;
  matcher.name = std::move(name);
  matcher.value = std::move(value);
  return matcher;
}

rules::Predicate all(std::vector<rules::Matcher> matchers) {
  rules::AllOf terms;
  for (rules::Matcher& matcher : matchers) {
    terms.terms.push_back(rules::Predicate{std::move(matcher)});
  }
  return rules::Predicate{std::move(terms)};
}

triage::Escalation path(std::string name, std::vector<triage::EscalationStep> steps) {
  triage::Escalation made;
  made.name = std::move(name);
  made.steps = std::move(steps);
  made.fallback = {"fallback"};
  return made;
}

std::vector<Label> parse(std::string_view text) {
  std::vector<Label> labels;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view pair = text.substr(0, end);
    const std::size_t equal = pair.find('=');
    labels.push_back({pair.substr(0, equal), pair.substr(equal + 1)});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return labels;
}

const KeySecret& secret() {
  static const KeySecret made("0123456789abcdef0123456789abcdef");
  return made;
}
}  // namespace

triage::Policy World::small_shop() {
  triage::Policy policy;
  policy.rules.hash = 1;
  rules::Service checkout;
  checkout.name = "checkout";
  checkout.team = "payments";
  checkout.tier = "0";
  checkout.escalation = "payments";
  checkout.escalation_by_severity[0] = "major";
  rules::Service search;
  search.name = "search";
  search.team = "discovery";
  policy.rules.services = {checkout, search};
  rules::CorrelationRule by_service;
  by_service.name = "same-service";
  by_service.when = all({});
  by_service.by = {"service"};
  policy.rules.correlation = {by_service};
  rules::SeverityPolicy& severity = policy.rules.severity;
  severity.map = {{"critical", Severity::sev2, {}},
                  {"info", Severity::sev4, {}},
                  {"none", Severity::none, {}},
                  {"warning", Severity::sev3, {}}};
  rules::SeverityCriterion outage;
  outage.name = "tier-0-outage";
  outage.severity = Severity::sev1;
  outage.when = all({equals("tier", "0"), equals("impact", "outage")});
  severity.criteria = {outage};
  policy.escalations = {path("default", {{{"log"}, minutes(15)}}),
                        path("major", {{{"sink-a", "sink-major"}, minutes(2)}}),
                        path("payments", {{{"sink-a"}, minutes(5)}, {{"sink-b"}, minutes(10)}})};
  policy.channels = {"fallback", "log", "sink-a", "sink-b", "sink-major"};
  policy.fallback = {"fallback"};
  policy.sources = {{"prometheus", "alertmanager-api", minutes(5)},
                    {"relay", "alertmanager-api", minutes(5)},
                    {"forever", "json", std::nullopt},
                    {"tocsin", "internal", std::nullopt}};
  return policy;
}

namespace {
std::shared_ptr<const triage::Policy> compiled(triage::Policy policy) {
  rules::compile(policy.rules);
  return std::make_shared<const triage::Policy>(std::move(policy));
}
}  // namespace

World::World(triage::Policy policy)
    : policy_(compiled(std::move(policy))),
      pipeline_(
          std::make_unique<Pipeline>(std::make_unique<triage::State>(), policy_, 1, 0, Limits{})),
      start_(std::chrono::sys_days(std::chrono::year(2026) / 11 / 23)),
      now_(start_) {
  act(triage::Restarted{}, "tocsin");
}

void World::note(std::string line) {
  const auto minute = std::chrono::duration_cast<seconds>(now_ - start_).count();
  char stamp[32];
  std::snprintf(stamp, sizeof stamp, "%02ld:%02ld:%02ld ", minute / 3600, minute / 60 % 60,
                minute % 60);
  story_ += stamp + line + "\n";
}

triage::StepAnswer World::report(const Report& report) {
  auto delivery = std::make_unique<triage::Delivery>();
  delivery->source = report.source;
  delivery->actor = "source:" + std::string(report.source);
  const Labels labels(parse(report.labels));
  triage::ReportAlert step;
  step.report.key = secret().key_of_labels(labels);
  if (!report.sender_key.empty()) {
    step.report.identity_by = IdentityBy::sender_key;
    step.report.sender_key = delivery->arena.copy(report.sender_key);
    step.report.key = secret().key_of_sender(report.source, report.sender_key);
  }
  step.report.labels = LabelsView(delivery->arena.copy(labels.block()));
  if (report.starts_ago) step.report.starts_at = now_ - *report.starts_ago;
  step.report.phase = report.resolved ? Phase::resolved : Phase::firing;
  if (report.ends_in) {
    step.report.phase = Phase::by_end;
    step.report.ends_at = now_ + *report.ends_in;
  }
  const Labels annotations(parse(report.annotations));
  step.report.annotations = LabelsView(delivery->arena.copy(annotations.block()));
  step.verdict = rules::match(policy_->rules, step.report.labels, step.report.annotations,
                              report.source);
  delivery->steps.emplace_back(std::move(step));
  pipeline_->submit(delivery);
  settle();
  return *answer_;
}

triage::StepAnswer World::acknowledge_by_key(std::string_view key) {
  return act(triage::AcknowledgeAlert{secret().key_of_sender("forever", key), ""},
             "source:forever");
}

triage::StepAnswer World::act(triage::Step step, std::string_view actor,
                              std::optional<std::uint32_t> if_version,
                              std::optional<triage::Idempotency> idempotency) {
  auto delivery = std::make_unique<triage::Delivery>();
  delivery->lane = triage::Lane::people;
  delivery->actor = actor;
  delivery->if_version = if_version;
  delivery->idempotency = idempotency;
  delivery->teams = teams_;
  delivery->steps.push_back(std::move(step));
  pipeline_->submit(delivery);
  settle();
  return *answer_;
}

void World::settle() {
  for (int guard = 0; guard < 1000; ++guard) {
    const bool more = pipeline_->decide(now());
    bool progress = more;
    if (auto batch = pipeline_->take_batch(now())) {
      rows_ += batch->rows.new_alerts.size() + batch->rows.alerts.size() +
               batch->rows.incidents.size() + batch->rows.pages.size() +
               batch->rows.displays.size() + batch->rows.alert_events.size();
      pipeline_->committed();
      progress = true;
    }
    pipeline_->release(released_);
    for (auto& delivery : released_.answered) {
      if (delivery->lane != triage::Lane::outcomes) answer_ = delivery->answers.front();
    }
    for (const triage::Page& page : pipeline_->take_pages(now(), 100)) {
      note("page " + page.channel + " " + std::string(triage::to_string(page.event)) + " INC-" +
           std::to_string(page.incident.value) +
           (page.attempts > 0 ? " attempt " + std::to_string(page.attempts + 1) : ""));
      if (page.channel == held_channel_) {
        held_.push_back(page.id);
        continue;
      }
      const auto told = outcomes_.find(page.channel);
      triage::PageAttempted outcome;
      outcome.page = page.id;
      outcome.outcome = told == outcomes_.end() ? triage::Outcome::delivered : told->second;
      auto delivery = std::make_unique<triage::Delivery>();
      delivery->lane = triage::Lane::outcomes;
      delivery->steps.emplace_back(outcome);
      pipeline_->submit(delivery);
      progress = true;
    }
    if (!progress) return;
  }
  note("the pipeline never came to rest");
}

void World::finish(triage::Outcome outcome) {
  held_channel_.clear();
  for (const PageId id : std::exchange(held_, {})) {
    triage::PageAttempted attempted;
    attempted.page = id;
    attempted.outcome = outcome;
    auto delivery = std::make_unique<triage::Delivery>();
    delivery->lane = triage::Lane::outcomes;
    delivery->steps.emplace_back(attempted);
    pipeline_->submit(delivery);
  }
  settle();
}

void World::advance(Duration by) {
  const Instant end = now_ + by;
  Instant refresh = now_ + kRefresh;
  while (now_ < end) {
    Instant next = kept_.empty() ? end : std::min(end, refresh);
    if (const auto due = pipeline_->next_deadline()) next = std::clamp(*due, now_, next);
    now_ = next;
    settle();
    if (now_ == refresh) {
      for (const std::string& labels : kept_) fires(labels);
      refresh = now_ + kRefresh;
    }
    const auto due = pipeline_->next_deadline();
    if (due && *due <= now_ && now_ < end) now_ += Duration(1);  // What waits for the next ms.
  }
  settle();
}

void World::jump(Duration by) {
  now_ += by;
  settle();
}

void World::set_policy(triage::Policy policy, bool reapply) {
  policy_ = compiled(std::move(policy));
  pipeline_->set_policy(policy_);
  act(triage::ReplacePolicy{reapply}, "tocsin");
}

const triage::Incident& World::incident(std::uint64_t id) const {
  return *state().find(IncidentId{id});
}

std::string World::story() { return std::exchange(story_, {}); }

}  // namespace tocsin::pipeline
