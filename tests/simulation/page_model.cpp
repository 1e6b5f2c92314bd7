#include "simulation/page_model.h"

#include <algorithm>

#include "simulation/violation.h"

namespace tocsin::simulation {
namespace {

using triage::Event;
using triage::IncidentState;
using triage::Outcome;
using triage::Page;

std::string name_of(const Page& page) {
  return "page " + std::to_string(page.id.value) + " (" + page.key + ")";
}

bool same_page(const Page& a, const Page& b) {
  return a.incident == b.incident && a.key == b.key && a.event == b.event &&
         a.channel == b.channel && a.cycle == b.cycle && a.step == b.step && a.round == b.round &&
         a.created == b.created;
}

}  // namespace

Snapshot snapshot_of(const triage::State& state, Now now) {
  return {state.incidents.in_order(), state.pages, now.timeline};
}

void PageModel::check_excuse(Entry& entry, const Snapshot& snapshot) {
  const auto incident = snapshot.incidents.find(entry.page.incident);
  const bool gone =
      incident == snapshot.incidents.end() || incident->second.cycle != entry.page.cycle;
  if (announces_trouble(entry.page.event)) {
    entry.excused |= gone || incident->second.state != IncidentState::triggered;
  } else if (entry.page.event != Event::resolved) {
    // News of an acknowledgement or of a severity is of no use once another state was reached.
    entry.excused |= gone || incident->second.state == IncidentState::resolved ||
                     (entry.page.event == Event::acknowledged &&
                      incident->second.state != IncidentState::acknowledged);
  }
}

/// The page is no longer owed: that needs a reason.
void PageModel::left(Entry& entry, const Snapshot& snapshot) {
  entry.gone = true;
  const bool given_up = snapshot.at - entry.page.created >= std::chrono::hours(24);
  entry.given_up = given_up && !destinations_.has(entry.page.key);
  require(destinations_.has(entry.page.key) || entry.excused || given_up,
          "P2: " + name_of(entry.page) + " is no longer owed, never arrived, and was still needed");
}

void PageModel::entered(const Snapshot& after) {
  for (const auto& [id, page] : after.pages) {
    const auto [found, is_new] = ledger_.try_emplace(id, Entry{.page = page});
    Entry& entry = found->second;
    if (is_new) {
      const auto [key, fresh] = page_of_key_.try_emplace(page.key, id);
      require(fresh || key->second == id,
              "I4: " + name_of(page) + " has the key of page " + std::to_string(key->second.value));
    }
    require(same_page(entry.page, page), "I4: " + name_of(page) + " changed under its id or key");
    require(!entry.gone, "I4: " + name_of(page) + " was settled and is owed again");
    check_excuse(entry, after);
  }
}

void PageModel::vanished(const Snapshot& before, const Snapshot& after) {
  for (const auto& [id, page] : before.pages) {
    if (after.pages.contains(id)) continue;
    const auto found = ledger_.find(id);
    if (found == ledger_.end() || found->second.gone) continue;
    check_excuse(found->second, after);
    left(found->second, after);
  }
}

void PageModel::taken(const std::vector<triage::Page>& pages) const {
  std::map<std::string, PageId> batch;
  for (const triage::Page& page : pages) {
    const auto old = page_of_key_.find(page.key);
    const PageId owner = old == page_of_key_.end()
                             ? batch.try_emplace(page.key, page.id).first->second
                             : old->second;
    require(owner == page.id, "I4: " + name_of(page) + " is about to get the key of page " +
                                  std::to_string(owner.value));
  }
}

void PageModel::excuse_all_of(IncidentId incident) {
  for (auto& [id, entry] : ledger_) {
    if (entry.page.incident == incident && entry.page.event != Event::resolved)
      entry.excused = true;
  }
}

void PageModel::committed(const Snapshot& before, const Snapshot& after,
                          const triage::Changes& changes) {
  // A state may have come and gone within the batch.
  for (const triage::Change& change : changes) {
    if (const auto* one = std::get_if<triage::IncidentAcknowledged>(&change))
      excuse_all_of(one->incident);
    if (const auto* one = std::get_if<triage::IncidentRecovering>(&change))
      excuse_all_of(one->incident);
    if (const auto* one = std::get_if<triage::IncidentResolved>(&change))
      excuse_all_of(one->incident);
  }
  entered(after);
  vanished(before, after);
}

void PageModel::loaded(const Snapshot& before, const Snapshot& after) {
  for (const auto& [id, incident] : before.incidents) {
    const auto now = after.incidents.find(id);
    if (now == after.incidents.end() || now->second.version != incident.version) excuse_all_of(id);
  }
  entered(after);
  vanished(before, after);
}

void PageModel::handed_out(const Page& page, const Snapshot& committed, const triage::State& now) {
  const auto found = ledger_.find(page.id);
  require(found != ledger_.end() && committed.pages.contains(page.id),
          "P2: " + name_of(page) + " was handed out before its ledger entry was durable");
  Entry& entry = found->second;
  require(same_page(entry.page, page), "I4: " + name_of(page) + " was handed out with another key");
  require(!entry.in_flight, name_of(page) + " was handed out twice at once");
  require(!entry.delivered,
          name_of(page) + " was handed out again after its delivery was confirmed");
  require(!entry.may_have_arrived || page.possible_duplicate,
          "P3: " + name_of(page) + " may have arrived before and is not marked so");
  entry.in_flight = true;
  const auto incident = committed.incidents.find(page.incident);
  const triage::Incident* live = now.find(page.incident);
  if (announces_trouble(page.event)) {
    const bool wanted = incident != committed.incidents.end() &&
                        incident->second.state == IncidentState::triggered &&
                        incident->second.cycle == page.cycle;
    const bool wanted_now = live != nullptr && live->state == IncidentState::triggered;
    require(wanted || wanted_now,
            "I5: " + name_of(page) + " pages although nobody has to answer any more");
    return;
  }
  for (const auto& [id, other] : ledger_) {
    if (other.page.incident != page.incident || other.page.channel != page.channel) continue;
    if (announces_trouble(other.page.event) && other.may_have_arrived) return;
  }
  throw Violation{"I3: " + name_of(page) + " follows up on trouble that channel was never told of"};
}

void PageModel::attempted(const Page& page, const Attempt& attempt) {
  Entry& entry = ledger_.at(page.id);
  entry.may_have_arrived |= attempt.arrived || attempt.outcome.outcome != Outcome::refused;
}

void PageModel::confirmed(PageId id, Outcome outcome) {
  Entry& entry = ledger_.at(id);
  entry.delivered |= outcome == Outcome::delivered;
}

void PageModel::crashed() {
  for (auto& [id, entry] : ledger_) {
    entry.in_flight = false;
    // From outside nobody can tell whether an owed page had left before the crash.
    if (!entry.gone) entry.may_have_arrived = true;
  }
}

bool PageModel::gave_up(IncidentId incident, const std::string& channel) const {
  return std::ranges::any_of(ledger_, [&](const auto& item) {
    const Entry& entry = item.second;
    return entry.given_up && entry.page.incident == incident && entry.page.channel == channel &&
           entry.page.event == Event::resolved;
  });
}

}  // namespace tocsin::simulation
