#include "soak/one_thread.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "tocsin/base/check.h"

namespace tocsin::soak {
namespace {

constexpr std::size_t kPagesAtOnce = 256;
constexpr std::string_view kSource = "alertmanager-api";
/// The ticket of the one request that is under way.
constexpr std::uint64_t kAsked = 1;

bool needs_labels(const triage::StepAnswer& answer) {
  return answer.fate == triage::Fate::needs_labels;
}

}  // namespace

OneThread::OneThread(std::shared_ptr<const triage::Policy> policy, store::StoreOptions options,
                     Instant now)
    : policy_(std::move(policy)), options_(std::move(options)), now_(now) {
  open();
  own_step(triage::Restarted{});
}

void OneThread::open() {
  auto opened = store::open_sqlite(options_);
  if (!opened) throw StoreFailed(opened.error().problem);
  store_ = std::move(*opened);
  auto loaded = store_->load();
  if (!loaded) throw StoreFailed(loaded.error().problem);
  now_ = std::max(now_, loaded->last_timeline);
  secret_ = KeySecret(store_->secret());
  pipeline_ = std::make_unique<pipeline::Pipeline>(std::move(loaded->state), policy_, loaded->epoch,
                                                   loaded->seq, pipeline::Limits{});
}

OneThread::Digests OneThread::restart() {
  Digests digests;
  digests.before = triage::durable_digest(pipeline_->state());
  pipeline_.reset();
  store_.reset();
  memo_.clear();
  open();
  digests.after = triage::durable_digest(pipeline_->state());
  own_step(triage::Restarted{});
  return digests;
}

std::unique_ptr<triage::Delivery> OneThread::read(const std::string& body, ingest::Memo* memo) {
  auto delivery = std::make_unique<triage::Delivery>();
  delivery->policy = policy_;
  delivery->source = kSource;
  delivery->actor = "source:" + delivery->source;
  ingest::SourceTerms terms;
  terms.source = kSource;
  terms.secret = &secret_;
  terms.identity_ignore = &policy_->identity_ignore;
  terms.mapping_version = policy_->identity_hash;
  const auto decoded =
      decoder_.decode(ingest::Kind::alertmanager_api, body, terms, memo, delivery->arena);
  if (!decoded) throw std::invalid_argument(decoded.error().problem);
  CHECK(decoded->refused.empty());
  for (const Report& report : decoded->reports) {
    triage::ReportAlert step{report, {}};
    if (report.has_labels) {
      step.verdict = rules::match(policy_->rules, report.labels, report.annotations, kSource);
    }
    delivery->steps.emplace_back(std::move(step));
  }
  return delivery;
}

std::vector<triage::StepAnswer> OneThread::post(const std::string& body) {
  auto answers = ask(read(body, &memo_));
  if (std::ranges::any_of(answers, needs_labels)) answers = ask(read(body, nullptr));
  return answers;
}

triage::StepAnswer OneThread::act(triage::Step step, std::string_view actor) {
  auto delivery = std::make_unique<triage::Delivery>();
  delivery->lane = triage::Lane::people;
  delivery->actor = actor;
  delivery->steps.push_back(std::move(step));
  return ask(std::move(delivery)).front();
}

void OneThread::set_policy(std::shared_ptr<const triage::Policy> policy, bool reapply) {
  const auto saved = store_->save_policy(policy->rules.hash, policy->files, now_);
  if (!saved) throw StoreFailed(saved.error().problem);
  policy_ = std::move(policy);
  pipeline_->set_policy(policy_);
  own_step(triage::ReplacePolicy{reapply});
}

void OneThread::own_step(triage::Step step) {
  auto delivery = std::make_unique<triage::Delivery>();
  delivery->lane = triage::Lane::outcomes;
  delivery->source = delivery->actor = "tocsin";
  delivery->steps.push_back(std::move(step));
  submit(std::move(delivery));
  settle();
}

std::vector<triage::StepAnswer> OneThread::ask(std::unique_ptr<triage::Delivery> delivery) {
  delivery->reply_to = kAsked;
  answers_.clear();
  submit(std::move(delivery));
  settle();
  CHECK(!answers_.empty());
  return std::exchange(answers_, {});
}

void OneThread::submit(std::unique_ptr<triage::Delivery> delivery) {
  const bool fits = pipeline_->submit(delivery);
  CHECK(fits);
}

/// Until nothing is left to do at this instant.
void OneThread::settle() {
  const Now now{now_, now_};
  for (bool more = true; more;) {
    more = pipeline_->decide(now);
    if (const auto batch = pipeline_->take_batch(now)) {
      if (store_->commit(*batch) != store::Committed::committed)
        throw StoreFailed("a commit failed");
      ++commits_;
      pipeline_->committed();
      more = true;
    }
    pipeline_->release(released_);
    for (const auto& delivery : released_.answered) {
      if (delivery->reply_to == kAsked) answers_ = std::move(delivery->answers);
    }
    more = deliver_pages() || more || !pipeline_->idle();
  }
}

bool OneThread::deliver_pages() {
  const auto pages = pipeline_->take_pages({now_, now_}, kPagesAtOnce);
  for (const triage::Page& page : pages) {
    ++pages_;
    auto delivery = std::make_unique<triage::Delivery>();
    delivery->lane = triage::Lane::outcomes;
    delivery->source = delivery->actor = "tocsin";
    delivery->steps.emplace_back(triage::PageAttempted{
        .page = page.id, .outcome = triage::Outcome::delivered, .detail = {}, .retry_after = {}});
    submit(std::move(delivery));
  }
  return !pages.empty();
}

void OneThread::advance(Duration by) {
  const Instant until = now_ + by;
  for (auto next = pipeline_->next_deadline(); next && *next <= until;
       next = pipeline_->next_deadline()) {
    now_ = std::max(now_, *next);
    settle();
  }
  now_ = until;
  settle();
}

void OneThread::maintain(Duration keep_events, Duration keep_incidents) {
  while (store_->maintain({now_, now_}, keep_events, keep_incidents)) {
  }
}

}  // namespace tocsin::soak
