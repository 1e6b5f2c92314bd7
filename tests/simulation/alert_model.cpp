#include "simulation/alert_model.h"

#include <algorithm>

#include "simulation/violation.h"
#include "tocsin/base/check.h"

namespace tocsin::simulation {
namespace {

using triage::AlertState;
using triage::EndedBy;
using triage::Fate;

/// In the place of a source: what a restart promises to every lease.
constexpr const char* kRestart = "the restart";

bool means_firing(Fate fate) {
  return fate == Fate::opened || fate == Fate::fired || fate == Fate::refreshed;
}
bool means_over(Fate fate) {
  return fate == Fate::resolved || fate == Fate::already_so || fate == Fate::unknown_resolve;
}

std::string name_of(AlertId id) { return "alert " + std::to_string(id.value); }

}  // namespace

void AlertModel::sent(std::uint64_t token, const std::string& source, const std::vector<Said>& said,
                      Now now) {
  waiting_[token] = {source, said, now};
  for (const Said& one : said) {
    const auto known = known_.find(one.key);
    if (known != known_.end() && (!one.fires || one.ends_at)) known->second.end_is_under_way = true;
  }
}

void AlertModel::check_fate(const Said& said, const triage::StepAnswer& answer, Now now) const {
  const std::string text =
      name_of(answer.alert) + " was answered " + std::string(to_string(answer.fate));
  require(answer.fate != Fate::done && answer.fate != Fate::needs_labels, "a report: " + text);
  if (answer.fate == Fate::refused || answer.fate == Fate::late) return;
  if (!said.ends_at) {
    require(said.fires ? means_firing(answer.fate) : means_over(answer.fate),
            text + (said.fires ? ", but the sender said it fires"
                               : ", but the sender said it is over"));
  } else if (said.fires && !scenario_.allows(Fault::wall_step) && *said.ends_at > now.wall) {
    require(means_firing(answer.fate), text + ", but its end lies ahead");
  }
}

void AlertModel::answer(const Sent& sent, const Said& said, const triage::StepAnswer& answer,
                        Now now) {
  check_fate(said, answer, now);
  if (answer.fate == Fate::refused) return;
  require(bool(answer.alert), "an accepted report was answered without an alert's id");
  Known& known = known_[said.key];
  require(!known.id || known.id == answer.alert || may_be_forgotten(known, now),
          "I1: " + name_of(known.id) + " came back as " + name_of(answer.alert));
  known.end_is_under_way = false;
  known.id = answer.alert;
  key_of_[answer.alert] = said.key;
  // Answers and changes of one release come without their order.
  known.may_have_fired = known.may_have_ended = ended_now_.contains(said.key);
  if (means_over(answer.fate)) {
    if (known.firing || known.ended == Instant{}) known.ended = now.timeline;
    known.firing = false;
    known.promised.clear();
  } else if (means_firing(answer.fate)) {
    known.firing = true;
    known.promised.erase(kRestart);  // What a sender said since counts.
    // While no clock jumps, an end by the wall clock is the same instant whenever it was decided.
    const Duration ahead =
        said.ends_at ? std::max(*said.ends_at - sent.at.wall, Duration(0)) : Duration(0);
    known.promised[sent.source] = said.ends_at ? sent.at.timeline + ahead : triage::kNever;
  }
}

void AlertModel::answered(std::uint64_t token, const triage::Delivery& delivery, Now now) {
  const auto found = waiting_.find(token);
  CHECK(found != waiting_.end());
  const Sent sent = std::move(found->second);
  waiting_.erase(found);
  require(delivery.answers.size() == sent.said.size(), "I7: a report of a delivery has no answer");
  const bool undecided = std::ranges::any_of(
      delivery.answers, [](const auto& one) { return one.fate == Fate::needs_labels; });
  if (undecided) {
    const bool asked =
        std::ranges::any_of(sent.said, [](const Said& said) { return said.unlabeled; });
    require(asked, "needs_labels for a delivery that has all labels");
    // It is sent again whole; until that is answered, what is known of its alerts may have happened.
    may_have_happened(sent);
    return;
  }
  for (std::size_t i = 0; i < sent.said.size(); ++i)
    answer(sent, sent.said[i], delivery.answers[i], now);
}

void AlertModel::check_lease(AlertId id, Instant at) const {
  const auto key = key_of_.find(id);
  if (key == key_of_.end()) return;
  for (const auto& [token, sent] : waiting_) {
    if (std::ranges::any_of(sent.said, [&](const Said& said) { return said.key == key->second; }))
      return;
  }
  const Known& known = known_.at(key->second);
  if (!known.firing) return;
  for (const auto& [source, end] : known.promised) {
    // An end by the wall clock moves with it.
    if (source != kRestart && scenario_.allows(Fault::wall_step)) continue;
    require(at >= end, name_of(id) + " was ended by lease " + std::to_string((end - at).count()) +
                           " ms before the lease of " + source + " that was answered");
  }
}

void AlertModel::changed(const triage::Changes& changes) {
  ended_now_.clear();
  for (const triage::Change& change : changes) {
    if (const auto* gone = std::get_if<triage::AlertForgotten>(&change)) {
      require(gone->status.state == AlertState::resolved,
              name_of(gone->id) + " was forgotten while it fires");
      forgotten_.insert(gone->id);
    }
    const auto* ended = std::get_if<triage::AlertEnded>(&change);
    if (ended == nullptr) continue;
    if (ended->by == EndedBy::lease) check_lease(ended->id, ended->at);
    const auto key = key_of_.find(ended->id);
    if (key == key_of_.end()) continue;
    ended_now_.insert(key->second);
    Known& known = known_[key->second];
    known.firing = false;
    known.ended = ended->at;
    known.promised.clear();
  }
}

void AlertModel::crashed() {
  for (const auto& [token, sent] : waiting_) may_have_happened(sent);
  waiting_.clear();
}

void AlertModel::may_have_happened(const Sent& sent) {
  for (const Said& said : sent.said) {
    Known& known = known_[said.key];
    known.may_have_fired |= said.fires || said.may_fire;
    known.may_have_ended |= !said.fires || said.ends_at.has_value();
  }
}

bool AlertModel::may_be_forgotten(const Known& known, Now now) const {
  // Told by a change, or by a batch whose changes died with the process.
  if (forgotten_.contains(known.id)) return true;
  const bool over = !known.firing || known.may_have_ended;
  // At the limit of active alerts what has ended makes room at any time.
  const bool scarce = scenario_.active_alerts_max < 10;
  if (!scarce) return over && now.timeline - known.ended >= std::chrono::hours(24);
  const bool lease_is_over = std::ranges::any_of(
      known.promised, [&](const auto& lease) { return lease.second <= now.timeline; });
  return over || known.end_is_under_way || lease_is_over;
}

void AlertModel::check(const triage::State& state, Now now) {
  for (auto& [key, known] : known_) {
    const triage::Alert* alert = state.find(key);
    if (alert == nullptr) {
      require(!known.id || may_be_forgotten(known, now),
              "I1: " + name_of(known.id) + " was answered and is not known after a restart");
      if (known.id) key_of_.erase(known.id);
      known = Known{};
      continue;
    }
    const triage::AlertStatus& status = alert->status;
    require(!known.id || known.id == alert->id || may_be_forgotten(known, now),
            "I1: " + name_of(known.id) + " is now " + name_of(alert->id) + "; it was answered as " +
                (known.firing ? "firing" : "over since " + format_rfc3339(known.ended)));
    const bool fires = status.state == AlertState::firing;
    const bool same = known.id == alert->id;
    if (same && known.firing && !fires) {
      const bool lease_over = status.ended_by == EndedBy::lease;
      const bool person = status.ended_by == EndedBy::person && person_resolves_;
      require(
          lease_over || person || known.may_have_ended,
          "I1: " + name_of(alert->id) + " was answered as firing and is resolved after a restart");
      if (lease_over && !known.may_have_ended && !known.may_have_fired)
        check_lease(alert->id, status.ended_at);
    }
    if (same && !known.firing && fires) {
      require(known.may_have_fired,
              "I1: " + name_of(alert->id) + " was answered as resolved and fires after a restart");
    }
    if (!fires && known.firing) known.ended = status.ended_at;
    if (!fires) {
      known.promised.clear();
    } else if (status.lease.ends != triage::kNever) {
      // Each lease lasts its former length again, as it was when the lease began: what a longer
      // refresh added since is volatile. The alert ends with its last lease.
      Duration longest = status.lease.length;
      for (const triage::Lease& lease : status.more_leases)
        longest = std::max(longest, lease.length);
      known.promised.clear();
      known.promised[kRestart] = now.timeline + longest;
    }
    known.id = alert->id;
    known.firing = fires;
    known.may_have_fired = known.may_have_ended = false;
    key_of_[alert->id] = key;
  }
}

}  // namespace tocsin::simulation
