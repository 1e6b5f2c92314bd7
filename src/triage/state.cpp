#include "tocsin/triage/state.h"

#include <algorithm>

#include "tocsin/base/check.h"
#include "tocsin/triage/triage.h"

namespace tocsin::triage {

namespace {
/// Feeds values into one running hash; every text carries its length, so borders are unambiguous.
class Digest {
 public:
  void number(std::uint64_t value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    if (bytes_.size() > 1 << 16) fold();
  }
  void text(std::string_view value) {
    number(value.size());
    bytes_.append(value);
  }
  void instant(Instant at) { number(static_cast<std::uint64_t>(at.time_since_epoch().count())); }
  void instant(const std::optional<Instant>& at) {
    number(at ? 1 : 0);
    if (at) instant(*at);
  }
  void key(const Key& key) {
    number(key.high);
    number(key.low);
  }
  std::uint64_t value() {
    fold();
    return hash_;
  }

 private:
  void fold() {
    hash_ = content_hash(bytes_, hash_);
    bytes_.clear();
  }
  std::string bytes_;
  std::uint64_t hash_ = 0;
};

void add(Digest& digest, const Alert& alert, LabelsView labels) {
  const AlertStatus& status = alert.status;
  digest.number(alert.id.value);
  digest.key(alert.key);
  digest.text(labels.block());
  digest.number(static_cast<std::uint64_t>(status.state));
  digest.number(static_cast<std::uint64_t>(status.ended_by));
  digest.number(static_cast<std::uint64_t>(status.severity));
  digest.number(status.occurrence);
  digest.number(status.incident.value);
  digest.instant(status.starts_at);
  digest.instant(status.received_at);
  digest.instant(status.ended_at);
  digest.instant(status.sender_end);
  digest.number(status.rules_hash);
  digest.text(status.effects ? rules::kept_form(*status.effects).block() : "");
  digest.number(status.dropped ? 1 : 0);
  digest.instant(status.held_until);
}

void add(Digest& digest, const EscalationStatus& escalation) {
  digest.text(escalation.name);
  digest.number(escalation.step);
  digest.number(escalation.round);
  digest.number(escalation.first_round);
  digest.instant(escalation.next_at);
  digest.number((escalation.exhausted ? 1U : 0U) + (escalation.reached ? 2U : 0U));
}

void add(Digest& digest, const Incident& incident) {
  digest.number(incident.id.value);
  digest.number(static_cast<std::uint64_t>(incident.state));
  digest.number(static_cast<std::uint64_t>(incident.before_recovering));
  digest.number(incident.recovering_by_person ? 1 : 0);
  digest.number(static_cast<std::uint64_t>(incident.severity));
  for (const std::string* text :
       {&incident.severity_criterion, &incident.severity_at, &incident.title, &incident.service,
        &incident.team, &incident.runbook, &incident.key_rule, &incident.key_labels.block(),
        &incident.acknowledged_by, &incident.rule_escalation}) {
    digest.text(*text);
  }
  digest.key(incident.key);
  for (const Instant at :
       {incident.started_at, incident.detected_at, incident.triaged_at, incident.last_joined}) {
    digest.instant(at);
  }
  for (const std::optional<Instant>* at :
       {&incident.acknowledged_at, &incident.recovering_at, &incident.resolved_at,
        &incident.closed_at, &incident.due}) {
    digest.instant(*at);
  }
  digest.number(incident.cycle);
  digest.number(incident.firing);
  digest.number(incident.resolved);
  digest.number(static_cast<std::uint64_t>(incident.window.count()));
  digest.number(static_cast<std::uint64_t>(incident.max_age.count()));
  add(digest, incident.escalation);
  digest.number(incident.told.size());
  for (const Told& told : incident.told) digest.text(told.channel);
  digest.number(incident.version);
}

void add(Digest& digest, const Page& page) {
  digest.number(page.id.value);
  digest.number(page.incident.value);
  digest.text(page.key);
  digest.number(static_cast<std::uint64_t>(page.event));
  digest.text(page.channel);
  digest.text(page.reason);
  digest.number(page.cycle);
  digest.number(page.step);
  digest.number(page.round);
  digest.number(static_cast<std::uint64_t>(page.state));
  digest.instant(page.created);
  digest.instant(page.next_attempt);
  digest.number(page.attempts);
  digest.number(page.possible_duplicate ? 1 : 0);
  digest.text(page.last_problem);
}
}  // namespace

std::optional<std::uint32_t> State::slot_of(const Key& key) const {
  const std::uint32_t slot =
      by_key_.find(key.low, [&](std::uint32_t at) { return alerts_[at].key == key; });
  if (slot == SlotIndex::kEmpty) return std::nullopt;
  return slot;
}

void State::prefetch_alert(const Key& key) const {
  constexpr std::size_t kLine = 64;
  const std::uint32_t slot = by_key_.find(key.low, [](std::uint32_t) { return true; });
  if (slot == SlotIndex::kEmpty) return;
  const char* const alert = reinterpret_cast<const char*>(&alerts_[slot]);
  for (std::size_t at = 0; at < sizeof(Alert); at += kLine) __builtin_prefetch(alert + at);
}

const Alert* State::find(const Key& key) const {
  const auto slot = slot_of(key);
  return slot ? &alerts_[*slot] : nullptr;
}

const Alert* State::find(AlertId id) const {
  // What follows from a new alert asks for it again and again.
  if (id && newest_ < alerts_.size() && alerts_[newest_].id == id) return &alerts_[newest_];
  const std::uint32_t slot =
      by_id_.find(hash_of_id(id), [&](std::uint32_t at) { return alerts_[at].id == id; });
  return slot == SlotIndex::kEmpty ? nullptr : &alerts_[slot];
}

const Alert* State::oldest_resolved() const {
  return resolved_.empty() ? nullptr : find(resolved_.begin()->second);
}

const Page* State::find(PageId id) const {
  const auto found = pages.find(id);
  return found == pages.end() ? nullptr : &found->second;
}

std::optional<Deadline> State::first_deadline() const {
  std::optional<Deadline> first;
  if (!timers_.empty()) first = *timers_.begin();
  if (!leases_.empty() && (!first || Deadline(leases_.top()) < *first)) first = leases_.top();
  return first;
}

std::vector<PageId> State::pages_of(IncidentId incident) const {
  std::vector<PageId> found;
  for (auto at = pages_of_.lower_bound({incident, PageId{}});
       at != pages_of_.end() && at->first == incident; ++at) {
    found.push_back(at->second);
  }
  return found;
}

std::optional<std::uint16_t> State::source_index(std::string_view name) const {
  for (std::size_t index = 0; index < sources.size(); ++index) {
    if (sources[index] == name) return static_cast<std::uint16_t>(index);
  }
  return std::nullopt;
}

const std::pair<Instant, Key>* State::oldest_past_answer() const {
  return past_answers_.empty() ? nullptr : &*past_answers_.begin();
}

std::uint64_t durable_digest(const State& state) {
  Digest digest;
  digest.number(state.sources.size());
  for (const std::string& name : state.sources) digest.text(name);
  std::vector<const Alert*> by_id;
  by_id.reserve(state.alert_count());
  for (std::uint32_t slot = 0; slot < state.slots(); ++slot) {
    if (state.at(slot).id) by_id.push_back(&state.at(slot));
  }
  std::ranges::sort(by_id, {}, [](const Alert* alert) { return alert->id; });
  for (const Alert* alert : by_id) add(digest, *alert, state.labels_of(*alert));
  for (const auto& [id, incident] : state.incidents.in_order()) add(digest, incident);
  for (const auto& [id, page] : state.pages) add(digest, page);
  for (const auto& [key, answer] : state.past_answers) {
    digest.number(key.low);
    digest.number(key.high);
    digest.number(answer.content);
    digest.number(answer.fate);
    digest.number(answer.incident.value);
    digest.number(static_cast<std::uint64_t>(answer.at.time_since_epoch().count()));
  }
  digest.number(state.counters.last_alert);
  digest.number(state.counters.last_incident);
  digest.number(state.counters.last_page);
  digest.number(state.counters.opened_occurrences);
  digest.number(state.rules_hash);
  digest.number(static_cast<std::uint64_t>(state.sweep.kind));
  digest.number(state.sweep.next);
  return digest.value();
}

bool announces_trouble(Event event) {
  switch (event) {
    case Event::triggered:
    case Event::escalated:
    case Event::reopened:
      return true;
    case Event::acknowledged:
    case Event::updated:
    case Event::recovering:
    case Event::resolved:
      return false;
  }
  return false;
}

bool is_possible_duplicate(const State& state, const Page& page) {
  return page.possible_duplicate || page.created < state.restarted;
}

}  // namespace tocsin::triage
