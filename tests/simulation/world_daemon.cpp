// The daemon's side of the loop: what its core, commit and delivery threads do, in the order its
// shell keeps, with a place to crash between any two of them.
#include <algorithm>
#include <utility>

#include "simulation/outline.h"
#include "simulation/violation.h"
#include "simulation/world.h"

namespace tocsin::simulation {
namespace {

using std::chrono::seconds;
using triage::Delivery;
using triage::Fate;
using triage::Refusal;

constexpr std::size_t kPagesAtOnce = 50;

}  // namespace

void World::point(LoopPoint here) {
  if (crash_point_ != here || --crash_left_ > 0) return;
  crash_point_.reset();
  coverage_.count("crash", name_of(here));
  throw Crash{std::string(name_of(here))};
}

void World::work() {
  if (random_.below(100) < scenario_.haste) {
    outcomes_turn();
    core_turn();
    commit_turn();
    return;
  }
  switch (random_.below(4)) {
    case 0:
      return outcomes_turn();
    case 1:
      return core_turn();
    case 2:
      return commit_turn();
    default:
      return;
  }
}

/// What a batch does not carry is counted by its cause.
template <class Change>
void World::count_change() {
  coverage_.count("change", triage::name_of(triage::Change(Change{})));
}

void World::decide() {
  const triage::State& state = pipeline_->state();
  const bool due = triage::due(state, now());
  if (!due) {
    pipeline_->decide(now());
    return;
  }
  coverage_.count("step", triage::name_of(triage::Step(triage::Tick{})));
  const triage::Deadline first = *state.first_deadline();
  const auto leases = [&] {
    const triage::Alert* alert = state.find(AlertId{first.id});
    return alert == nullptr || alert->status.state != triage::AlertState::firing
               ? std::size_t{0}
               : alert->status.more_leases.size() + 1;
  };
  const bool is_lease = first.kind == triage::DeadlineKind::lease;
  const std::size_t before = is_lease ? leases() : 0;
  pipeline_->decide(now());
  if (!is_lease) return;
  count_change<triage::LeaseRearmed>();
  if (leases() > 0 && leases() < before) count_change<triage::LeaseDropped>();
}

void World::core_turn() {
  flush_backlog();
  point(LoopPoint::before_decide);
  decide();
  while (random_.chance(30) && pipeline_->decide(now())) {
  }
  point(LoopPoint::after_decide);
  auto batch =
      committing_.empty() ? pipeline_->take_batch(now()) : pipeline_->take_batch_ahead(now());
  if (batch) {
    batches_.taken(*batch, pipeline_->state(), now());
    pages_.taken(batch->rows.pages);
    if (!committing_.empty()) coverage_.count("step", "a batch closed ahead");
    committing_.push_back(std::move(*batch));
  }
  release();
  if (pipeline_->idle() && random_.chance(2)) {
    coverage_.count("step", "a look at what readers see");
    check_readers(pipeline_->state());
  }
}

void World::commit_turn() {
  if (committing_.empty() || boot_ < commit_again_) return;
  point(LoopPoint::before_commit);
  const store::Committed result = store_->commit(committing_.front());
  if (disk_.crashed()) throw Crash{"mid-commit"};
  const std::string name = "batch " + std::to_string(committing_.front().seq);
  switch (result) {
    case store::Committed::committed:
      break;
    case store::Committed::no_space:
      note(name + " has no space");
      require(!healed_, "a commit has no space on a disk that is not full");
      commit_again_ = boot_ + seconds(1);
      return;
    case store::Committed::fenced:
      throw Violation{"the only owner of the store is fenced"};
    case store::Committed::unknown:
    case store::Committed::failed:
      require(!healed_, name + " failed on a sound disk");
      crash_is_power_ = false;
      coverage_.count("stop", "failed commit");
      throw Crash{"a commit that failed"};
  }
  note(name + " committed");
  point(LoopPoint::after_commit);
  pipeline_->committed();
  committing_.pop_front();
  batches_.committed();
  batch_is_new_ = true;
  release();
}

void World::outcomes_turn() {
  while (!in_flight_.empty() && in_flight_.begin()->first <= boot_) {
    point(LoopPoint::before_outcome);
    triage::PageAttempted outcome = std::move(in_flight_.begin()->second);
    in_flight_.erase(in_flight_.begin());
    auto delivery = std::make_unique<Delivery>();
    delivery->lane = triage::Lane::outcomes;
    delivery->actor = "tocsin";
    Asked asked{.kind = Asked::Kind::outcome, .page = outcome.page, .outcome = outcome.outcome};
    delivery->steps.emplace_back(std::move(outcome));
    pages_.reported(asked.page);
    put(std::move(delivery), std::move(asked));
  }
}

void World::release() {
  pipeline::Released released;
  pipeline_->release(released);
  for (const triage::Change& change : released.changes) {
    coverage_.count("change", triage::name_of(change));
    note("  " + outline(change));
  }
  alerts_.changed(released.changes);
  if (std::exchange(batch_is_new_, false)) {
    pages_.committed(batches_.before(), batches_.now(), released.changes);
  }
  if (!released.answered.empty()) point(LoopPoint::before_answers);
  for (std::size_t i = 0; i < released.answered.size(); ++i) {
    if (i > 0) point(LoopPoint::between_answers);
    answer_arrives(std::move(released.answered[i]));
  }
  if (!released.answered.empty()) point(LoopPoint::after_answers);
  hand_out();
}

void World::answer_arrives(std::unique_ptr<Delivery> delivery) {
  std::string text = "answered " + outline(*delivery) + ":";
  for (const triage::StepAnswer& answer : delivery->answers) {
    text.append(" ").append(outline(answer));
    coverage_.count("answer", to_string(answer.fate));
    if (answer.fate == Fate::refused) coverage_.count("refusal", to_string(answer.refusal));
    require(answer.fate != Fate::refused || answer.refusal != Refusal::none,
            "refused without a reason");
  }
  note(text);
  const std::uint64_t token = delivery->reply_to;
  const auto found = asked_.find(token);
  require(found != asked_.end(), "an answer to what was never asked, or the second one");
  const Asked asked = std::move(found->second);
  asked_.erase(found);
  require(delivery->answers.size() == delivery->steps.size(), "a step has no answer");
  switch (asked.kind) {
    case Asked::Kind::report:
      return answered_report(asked, *delivery, token);
    case Asked::Kind::sender_action: {
      const triage::StepAnswer& answer = delivery->answers[0];
      require(answer.fate == Fate::done || answer.fate == Fate::already_so ||
                  answer.fate == Fate::unknown_acknowledge,
              "a sender's acknowledgement was answered " + std::string(to_string(answer.fate)));
      require(bool(answer.alert) == (answer.fate != Fate::unknown_acknowledge),
              "a sender's acknowledgement of an alert that is known and unknown");
      return;
    }
    case Asked::Kind::action:
      return answered_action(asked, *delivery);
    case Asked::Kind::outcome:
      pages_.confirmed(asked.page, asked.outcome);
      return;
    case Asked::Kind::own:
      if (asked.name == triage::name_of(triage::Step(triage::Restarted{})))
        count_change<triage::DaemonRestarted>();
      if (asked.name == triage::name_of(triage::Step(triage::ClockStepped{})))
        count_change<triage::ClockStepNoted>();
      if (asked.name == triage::name_of(triage::Step(triage::SpaceChanged{})))
        count_change<triage::SpaceNoted>();
      return;
  }
}

void World::answered_report(const Asked& asked, const Delivery& delivery, std::uint64_t token) {
  alerts_.answered(token, delivery, now());
  bool needs_labels = false;
  for (std::size_t i = 0; i < delivery.answers.size(); ++i) {
    const Fate fate = delivery.answers[i].fate;
    needs_labels |= fate == Fate::needs_labels;
    if (fate == Fate::refreshed) count_change<triage::LeaseRenewed>();
    if (fate == Fate::late || fate == Fate::unknown_resolve) count_change<triage::ReportCounted>();
    if (fate == Fate::already_so && asked.said[i].ends_at) count_change<triage::SenderEndSeen>();
  }
  if (needs_labels) {
    std::unique_ptr<Delivery> full = senders_.with_labels(delivery, asked.said);
    std::vector<Said> said = asked.said;
    for (Said& one : said) one.unlabeled = false;
    again_.push_back({now().timeline, encode(*full), std::move(said)});
  } else if (allows(Fault::lost_answer) && random_.chance(15)) {
    count(Fault::lost_answer);
    again_.push_back({now().timeline + seconds(random_.between(1, 60)), asked.bytes, asked.said});
  }
}

void World::answered_action(const Asked& asked, const Delivery& delivery) {
  const triage::StepAnswer& answer = delivery.answers[0];
  const std::string text = asked.name + " of INC-" + std::to_string(asked.incident.value);
  require(
      answer.fate == Fate::done || answer.fate == Fate::already_so || answer.fate == Fate::refused,
      text + " was answered as if it were a report");
  require(answer.fate == Fate::refused || delivery.teams.empty(),
          text + " was done by a token that may not act on it");
  if (answer.fate == Fate::done)
    done_.push_back({asked.incident, asked.note, delivery.actor, asked.keyed});
  if (answer.fate != Fate::refused) return;
  require(answer.refusal != Refusal::wrong_team || !delivery.teams.empty(),
          text + " was refused for its team without one");
  require(answer.refusal != Refusal::stale_version || asked.has_version,
          text + " is stale without If-Match");
  require(answer.refusal != Refusal::no_space && answer.refusal != Refusal::too_many_alerts,
          text + " was refused as if it were an alert");
}

void World::hand_out() {
  point(LoopPoint::before_hand_out);
  const std::vector<triage::Page> pages = pipeline_->take_pages(now(), kPagesAtOnce);
  for (const triage::Page& page : pages) {
    count_change<triage::PageHandedOut>();
    pages_.handed_out(page, batches_.now(), pipeline_->state());
  }
  if (!pages.empty()) point(LoopPoint::after_hand_out);
  for (const triage::Page& page : pages) {
    const Attempt attempt = destinations_.attempt(page, now().timeline);
    note("page " + page.key + ": " + std::string(to_string(attempt.outcome.outcome)) +
         (attempt.arrived ? ", arrived" : ", lost") +
         (page.possible_duplicate ? ", possible duplicate" : ""));
    pages_.attempted(page, attempt);
    in_flight_.emplace(boot_ + attempt.takes, attempt.outcome);
  }
}

/// Every delivery goes through the codec, as one does that a follower will have stored.
void World::put(std::unique_ptr<Delivery> delivery, Asked asked) {
  const std::string bytes = encode(*delivery);
  auto decoded = triage::decode_delivery(bytes);
  require(decoded.has_value(), "a delivery that was encoded cannot be decoded");
  require(encode(**decoded) == bytes, "a decoded delivery encodes to other bytes");
  for (triage::Step& step : (*decoded)->steps) {
    auto* report = std::get_if<triage::ReportAlert>(&step);
    if (report == nullptr || !report->report.has_labels) continue;
    report->verdict = rules::match(policy_->rules, report->report.labels,
                                   report->report.annotations, (*decoded)->source);
  }
  (*decoded)->policy = policy_;
  (*decoded)->received = now().wall;
  backlog_.push_back({*std::move(decoded), std::move(asked)});
  flush_backlog();
}

void World::flush_backlog() {
  std::deque<Waiting> still;
  for (Waiting& waiting : backlog_) {
    const std::uint64_t token = ++last_token_;
    waiting.delivery->reply_to = token;
    const std::string source = waiting.delivery->source;
    const std::string text = outline(*waiting.delivery);
    std::vector<std::string_view> names;
    for (const triage::Step& step : waiting.delivery->steps) names.push_back(triage::name_of(step));
    if (!pipeline_->submit(waiting.delivery)) {
      count(Fault::full_lane);
      require(waiting.delivery != nullptr, "a full lane swallowed a delivery");
      still.push_back(std::move(waiting));
      continue;
    }
    for (const std::string_view name : names) coverage_.count("step", name);
    steps_ += static_cast<int>(names.size());
    note("submitted " + text);
    if (waiting.asked.kind == Asked::Kind::report)
      alerts_.sent(token, source, waiting.asked.said, now());
    if (waiting.asked.name == triage::name_of(triage::Step(triage::Resolve{})))
      alerts_.resolve_asked();
    asked_.emplace(token, std::move(waiting.asked));
  }
  backlog_ = std::move(still);
}

void World::own_step(triage::Step step) {
  auto delivery = std::make_unique<Delivery>();
  delivery->lane = triage::Lane::people;
  delivery->actor = "tocsin";
  Asked asked{.kind = Asked::Kind::own, .name = std::string(triage::name_of(step))};
  delivery->steps.push_back(std::move(step));
  put(std::move(delivery), std::move(asked));
}

void World::maintain() {
  if (!committing_.empty()) return;  // One connection, one thread: only in a gap.
  store_->maintain(now(), std::chrono::hours(24 * 30), std::chrono::hours(24 * 400));
  if (disk_.crashed()) throw Crash{"maintenance"};
}

}  // namespace tocsin::simulation
