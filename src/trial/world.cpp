#include "trial/world.h"

#include <algorithm>
#include <utility>

#include "tocsin/base/check.h"
#include "tocsin/base/overloaded.h"

namespace tocsin::trial {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// How often a monitoring system repeats an alert, at most.
constexpr Duration kRepeat = minutes(1);
/// Rounds without time passing; far beyond what a case may cause.
constexpr int kRoundsMax = 100'000;
constexpr std::size_t kPagesAtOnce = 1'000;

/// A Monday: the cases of one version pass on every day.
constexpr Instant kStart = std::chrono::sys_days(std::chrono::year(2026) / 1 / 5);

const KeySecret& secret() {
  static const KeySecret made("tocsin test: keys of no store at all");
  return made;
}

const triage::Source* source_of(const triage::Policy& policy, std::string_view name) {
  const auto found = std::ranges::find(policy.sources, name, &triage::Source::name);
  return found == policy.sources.end() ? nullptr : &*found;
}

Key key_of(const triage::Policy& policy, const Reported& alert) {
  if (!alert.sender_key.empty()) return secret().key_of_sender(alert.source, alert.sender_key);
  std::vector<Label> kept;
  for (const Label label : alert.labels.view()) {
    if (!std::ranges::binary_search(policy.identity_ignore, label.name)) kept.push_back(label);
  }
  if (kept.empty()) return secret().key_of_labels(alert.labels);
  return secret().key_of_labels(Labels(std::move(kept)));
}

triage::Step step_of(const config::ActOnIncident& action) {
  using Verb = config::ActOnIncident::Verb;
  const IncidentId id{action.incident};
  switch (action.verb) {
    case Verb::ack:
      return triage::Acknowledge{id, action.text};
    case Verb::unack:
      return triage::Unacknowledge{id, action.text};
    case Verb::resolve:
      return triage::Resolve{id, action.text};
    case Verb::reopen:
      return triage::Reopen{id, action.text};
    case Verb::note:
      return triage::AddNote{id, action.text};
  }
  CHECK(!"an action that is none");
}

}  // namespace

std::vector<std::size_t> named_by(LabelsView labels, const std::vector<Reported>& reported) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < reported.size(); ++i) {
    const Labels& own = reported[i].labels;
    if (own.view() == labels) return {i};
    const bool has_them = std::ranges::all_of(
        labels, [&](const Label& label) { return own.get(label.name) == label.value; });
    if (has_them) out.push_back(i);
  }
  return out;
}

World::World(std::shared_ptr<const triage::Policy> policy, Coverage& coverage)
    : policy_(std::move(policy)),
      coverage_(&coverage),
      pipeline_(std::make_unique<pipeline::Pipeline>(std::make_unique<triage::State>(), policy_, 1,
                                                     0, pipeline::Limits{})),
      start_(kStart),
      now_(kStart) {
  auto delivery = std::make_unique<triage::Delivery>();
  delivery->lane = triage::Lane::people;
  delivery->actor = "tocsin";
  delivery->steps.emplace_back(triage::Restarted{});
  submit(std::move(delivery));
}

triage::StepAnswer World::submit(std::unique_ptr<triage::Delivery> delivery) {
  CHECK(pipeline_->submit(delivery));
  settle();
  return *answer_;
}

triage::StepAnswer World::report(const Reported& alert, Phase phase) {
  auto delivery = std::make_unique<triage::Delivery>();
  delivery->source = alert.source;
  delivery->actor = "source:" + alert.source;
  delivery->policy = policy_;
  triage::ReportAlert step;
  step.report.key = alert.key;
  step.report.phase = phase;
  if (!alert.sender_key.empty()) {
    step.report.identity_by = IdentityBy::sender_key;
    step.report.sender_key = delivery->arena.copy(alert.sender_key);
  }
  step.report.labels = LabelsView(delivery->arena.copy(alert.labels.block()));
  step.report.annotations = LabelsView(delivery->arena.copy(alert.annotations.block()));
  step.verdict = alert.verdict;
  delivery->steps.emplace_back(std::move(step));
  return submit(std::move(delivery));
}

triage::StepAnswer World::fire(const config::FireAlert& fire) {
  Reported alert;
  alert.labels = fire.labels;
  alert.annotations = fire.annotations;
  alert.source = fire.source;
  alert.sender_key = fire.key;
  if (alert.source.empty()) {
    const auto first =
        std::ranges::find(policy_->sources, "alertmanager-api", &triage::Source::kind);
    alert.source = first == policy_->sources.end() ? "alertmanager-api" : first->name;
  }
  alert.key = key_of(*policy_, alert);
  if (const triage::Source* source = source_of(*policy_, alert.source)) {
    alert.lease = source->resolve_timeout;
  }
  alert.verdict = rules::match(policy_->rules, alert.labels, alert.annotations, alert.source);
  alert.repeats = alert.lease.has_value();
  coverage_->count(alert.labels, alert.annotations, alert.source, alert.verdict);
  if (alert.repeats) {
    alert.next_repeat = now_ + std::clamp(*alert.lease / 4, Duration(seconds(1)), kRepeat);
  }
  const triage::StepAnswer answer = report(alert, Phase::firing);
  const auto known = std::ranges::find(reported_, alert.key, &Reported::key);
  if (known == reported_.end()) {
    reported_.push_back(std::move(alert));
  } else {
    *known = std::move(alert);
  }
  return answer;
}

bool World::end(const config::EndAlerts& ended) {
  bool any = false;
  for (const std::size_t index : named_by(ended.labels, reported_)) {
    Reported& alert = reported_[index];
    if (!alert.fires) continue;
    if (ended.lapse && !alert.repeats) continue;
    any = true;
    alert.repeats = false;
    if (ended.lapse) continue;
    alert.fires = false;
    report(alert, Phase::resolved);
  }
  return any;
}

triage::StepAnswer World::act(const config::ActOnIncident& action) {
  auto delivery = std::make_unique<triage::Delivery>();
  delivery->lane = triage::Lane::people;
  delivery->actor = action.by;
  delivery->steps.push_back(step_of(action));
  return submit(std::move(delivery));
}

void World::answer(const config::SetOutcome& told) { outcomes_[told.channel] = told.outcome; }

const triage::Incident* World::closed(IncidentId id) const {
  const auto found = closed_.find(id);
  return found == closed_.end() ? nullptr : found->second.get();
}

bool World::commit() {
  if (!pipeline_->take_batch(now())) return false;
  pipeline_->committed();
  return true;
}

bool World::send_pages() {
  bool any = false;
  for (const triage::Page& page : pipeline_->take_pages(now(), kPagesAtOnce)) {
    attempts_.push_back({.when = elapsed(),
                         .incident = page.incident,
                         .channel = page.channel,
                         .event = page.event,
                         .step = page.step,
                         .round = page.round,
                         .number = page.attempts + 1});
    const auto told = outcomes_.find(page.channel);
    triage::PageAttempted outcome;
    outcome.page = page.id;
    outcome.outcome = told == outcomes_.end() ? triage::Outcome::delivered : told->second;
    if (outcome.outcome != triage::Outcome::delivered) outcome.detail = "as the case says";
    auto delivery = std::make_unique<triage::Delivery>();
    delivery->lane = triage::Lane::outcomes;
    delivery->steps.emplace_back(std::move(outcome));
    CHECK(pipeline_->submit(delivery));
    any = true;
  }
  return any;
}

void World::settle() {
  for (int round = 0; round < kRoundsMax; ++round) {
    bool progress = pipeline_->decide(now());
    progress = commit() || progress;
    pipeline_->release(released_);
    for (const auto& delivery : released_.answered) {
      if (delivery->lane != triage::Lane::outcomes) answer_ = delivery->answers.front();
    }
    for (const triage::Change& change : released_.changes) {
      std::visit(Overloaded{[&](const triage::IncidentOpened&) { openings_.push_back(elapsed()); },
                            [&](const triage::IncidentClosed& closed) {
                              closed_[closed.incident->id] = closed.incident;
                            },
                            [](const auto&) {}},
                 change);
    }
    progress = send_pages() || progress;
    if (!progress) return;
  }
  CHECK(!"the pipeline never came to rest");
}

std::optional<Instant> World::next_repeat() const {
  std::optional<Instant> next;
  for (const Reported& alert : reported_) {
    if (alert.repeats && (!next || alert.next_repeat < *next)) next = alert.next_repeat;
  }
  return next;
}

void World::repeat_due() {
  for (Reported& alert : reported_) {
    if (!alert.repeats || alert.next_repeat > now_) continue;
    report(alert, Phase::firing);
    alert.next_repeat = now_ + std::clamp(*alert.lease / 4, Duration(seconds(1)), kRepeat);
  }
}

void World::advance_to(Duration when) {
  const Instant end = start_ + when;
  while (now_ < end) {
    Instant next = end;
    if (const auto repeat = next_repeat()) next = std::min(next, *repeat);
    if (const auto due = pipeline_->next_deadline()) next = std::clamp(*due, now_, next);
    // What is due and still waits, waits for time to pass.
    if (next == now_) next = std::min(end, now_ + Duration(1));
    now_ = next;
    settle();
    repeat_due();
  }
}

}  // namespace tocsin::trial
