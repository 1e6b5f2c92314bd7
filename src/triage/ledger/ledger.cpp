#include "triage/ledger/ledger.h"

#include <algorithm>

#include "triage/escalation/escalation.h"
#include "triage/limits.h"

namespace tocsin::triage::ledger {

namespace {
struct Draft {
  Event event = Event::triggered;
  std::string_view channel;
  std::uint32_t step = 0;
  std::uint32_t round = 0;
  std::string reason;
  bool with_version = false;
};

/// `nth` counts the pages this change queues, since each takes the next id.
void queue(const Core& core, const Incident& incident, Draft draft, Changes& out) {
  const auto queued = static_cast<std::uint64_t>(std::ranges::count_if(
      out, [](const Change& change) { return std::holds_alternative<PageQueued>(change); }));
  Page page;
  page.id = PageId{core.state.counters.last_page + queued + 1};
  page.incident = incident.id;
  page.key =
      page_key(incident, draft.event, draft.round, draft.step, draft.channel, draft.with_version);
  page.event = draft.event;
  page.channel = draft.channel;
  page.reason = std::move(draft.reason);
  page.cycle = incident.cycle;
  page.step = draft.step;
  page.round = draft.round;
  page.created = core.now.timeline;
  page.next_attempt = core.now.timeline;
  out.emplace_back(PageQueued{std::move(page)});
}

bool was_told(const Incident& incident, std::string_view channel) {
  return incident.told.contains(Told{std::string(channel)});
}

/// True if the channel may have seen this page although no outcome says so.
bool may_have_arrived(const Core& core, const Page& page) {
  return announces_trouble(page.event) && is_possible_duplicate(core.state, page);
}

/// Once for each channel, though several of its pages may be withdrawn at once.
void tell_if_arrived(const Core& core, const Incident& incident, const Page& page, Changes& out) {
  // Of a former cycle too: whoever was not told of that end is owed this one's.
  if (!may_have_arrived(core, page) || was_told(incident, page.channel)) return;
  const bool told_already = std::ranges::any_of(out, [&](const Change& change) {
    const auto* told = std::get_if<ChannelTold>(&change);
    return told != nullptr && told->incident == incident.id && told->channel == page.channel;
  });
  if (!told_already) out.emplace_back(ChannelTold{incident.id, page.channel});
}

Page ended(const Page& page, PageState state) {
  Page last = page;
  last.state = state;
  last.in_flight = false;
  return last;
}

void withdraw(const Core& core, const Incident& incident, bool trouble_only, Changes& out) {
  for (const PageId id : core.state.pages_of(incident.id)) {
    const Page& page = core.state.pages.at(id);
    if (page.in_flight) continue;  // Its outcome decides.
    if (page.event == Event::resolved) continue;
    if (trouble_only && !announces_trouble(page.event)) continue;
    tell_if_arrived(core, incident, page, out);
    out.emplace_back(PageWithdrawn{ended(page, PageState::withdrawn)});
  }
}

std::string step_reason(const EscalationStepped& change) {
  std::string reason = "escalation " + change.name + ", step " + std::to_string(change.step);
  if (change.round > 1) reason.append(", round ").append(std::to_string(change.round));
  if (!change.reason.empty()) reason = change.reason + "; " + reason;
  return reason;
}

/// 1 s, doubling to 60 s, with up to 20 % more that depends on page and attempt alone.
Duration backoff(const Page& page) {
  const std::uint32_t doublings = std::min(page.attempts, 6U);
  const Duration base = std::min(kBackoffFirst * (1U << doublings), kBackoffMax);
  const std::uint64_t dice = content_hash(page.key, page.attempts) % 1000;
  return base + Duration(base.count() * static_cast<Duration::rep>(dice) / 5000);
}

/// "5xx: 503 Service Unavailable"
std::string problem_of(const PageAttempted& step) {
  std::string out(to_string(step.reason));
  if (!step.detail.empty()) out.append(": ").append(step.detail);
  return out;
}

PageFailed failed(const Core& core, const Page& page, const PageAttempted& step) {
  const Duration asked = std::min(step.retry_after.value_or(Duration(0)), Duration(minutes(5)));
  return {.page = page.id,
          .incident = page.incident,
          .channel = page.channel,
          .attempt = page.attempts + 1,
          .outcome = step.outcome,
          .reason = step.reason,
          .detail = problem_of(step),
          .next_attempt = core.now.timeline + std::max(backoff(page), asked)};
}

/// Trouble is still worth announcing while somebody has to answer, or may have to again.
bool is_wanted(const Page& page, const Incident* incident) {
  if (!announces_trouble(page.event)) return true;
  if (incident == nullptr || incident->cycle != page.cycle) return false;
  return incident->state == IncidentState::triggered ||
         (incident->state == IncidentState::recovering &&
          incident->before_recovering == IncidentState::triggered);
}
}  // namespace

std::string page_key(const Incident& incident, Event event, std::uint32_t round, std::uint32_t step,
                     std::string_view channel, bool with_version) {
  std::string key = "INC-" + std::to_string(incident.id.value) + "/" +
                    std::to_string(incident.cycle) + "/" + std::string(to_string(event)) + "/" +
                    std::to_string(round) + "/" + std::to_string(step) + "/channel:";
  key.append(channel);
  if (with_version) key.append("/v").append(std::to_string(incident.version));
  return key;
}

void on_stepped(const Core& core, const Incident& incident, const EscalationStepped& change,
                Changes& out) {
  const Escalation* path = core.policy.find_escalation(change.name);
  if (path == nullptr || change.step == 0 || change.step > path->steps.size()) return;
  for (const std::string& channel : path->steps[change.step - 1].channels) {
    // A page still owed does not count: it may be refused, and news of nothing be all that arrives.
    if (change.only_new && was_told(incident, channel)) {
      queue(core, incident,
            {.event = Event::updated,
             .channel = channel,
             .step = change.step,
             .round = change.round,
             .reason = step_reason(change),
             .with_version = true},
            out);
      continue;
    }
    queue(core, incident,
          {.event = change.event,
           .channel = channel,
           .step = change.step,
           .round = change.round,
           .reason = step_reason(change),
           .with_version = change.only_new},
          out);
  }
}

void on_exhausted(const Core& core, const Incident& incident, const EscalationExhausted& change,
                  Changes& out) {
  if (!change.pages_fallback) return;
  const Escalation& path = escalation::path_of(core, incident);
  const auto& fallback = path.fallback.empty() ? core.policy.fallback : path.fallback;
  for (const std::string& channel : fallback) {
    queue(core, incident,
          {.event = Event::escalated,
           .channel = channel,
           .step = 0,
           .round = incident.escalation.round,
           .reason = "escalation " + path.name + " has ended unanswered: fallback",
           .with_version = false},
          out);
  }
}

void tell_all(const Core& core, const Incident& incident, Event event, Changes& out) {
  for (const Told& told : incident.told) {
    queue(core, incident,
          {.event = event,
           .channel = told.channel,
           .step = incident.escalation.step,
           .round = incident.escalation.round,
           .reason = "told of the trouble before",
           .with_version = event == Event::updated},
          out);
  }
}

void on_acknowledged(const Core& core, const Incident& incident, Changes& out) {
  // What recovers will be told of once, when it has ended (PRODUCT.md section 6).
  if (incident.state != IncidentState::recovering)
    tell_all(core, incident, Event::acknowledged, out);
  withdraw(core, incident, true, out);
}

void on_resolved(const Core& core, const Incident& incident, Changes& out) {
  tell_all(core, incident, Event::resolved, out);
  withdraw(core, incident, false, out);
}

void on_told(const Core& core, const Incident& incident, const ChannelTold& change, Changes& out) {
  std::optional<Event> news;
  if (incident.state == IncidentState::acknowledged) news = Event::acknowledged;
  if (incident.state == IncidentState::resolved) news = Event::resolved;
  if (!news) return;
  queue(core, incident,
        {.event = *news,
         .channel = change.channel,
         .step = incident.escalation.step,
         .round = incident.escalation.round,
         .reason = "learned of the trouble late",
         .with_version = false},
        out);
}

void on_failed(const Core& core, const PageFailed& change, Changes& out) {
  const Page* page = core.state.find(change.page);
  if (page == nullptr || !announces_trouble(page->event)) return;
  const Incident* incident = core.state.find(page->incident);
  if (incident == nullptr || incident->state != IncidentState::triggered) return;
  const EscalationStatus& at = incident->escalation;
  if (at.reached || at.step == 0 || page->step != at.step || page->round != at.round) return;
  for (const PageId id : core.state.pages_of(incident->id)) {
    const Page& other = core.state.pages.at(id);
    const bool of_step = announces_trouble(other.event) && other.cycle == incident->cycle &&
                         other.step == at.step && other.round == at.round;
    if (of_step && other.attempts < kAttemptsBeforeNextStep) return;
  }
  escalation::advance(core, *incident, out);
}

void decide(const Core& core, const PageAttempted& step, Decision& out) {
  const Page* page = core.state.find(step.page);
  if (page == nullptr) {
    out.answer.fate = Fate::already_so;
    return;
  }
  const Incident* incident = core.state.find(page->incident);
  const bool arrived = step.outcome != Outcome::refused;
  // Also if the incident was reopened meanwhile: the channel missed the former cycle's end.
  const bool news =
      announces_trouble(page->event) && incident != nullptr && !was_told(*incident, page->channel);
  if (news && (arrived || is_possible_duplicate(core.state, *page))) {
    // Only a confirmed or unknown outcome, now or before, makes the channel one that is owed the
    // end.
    out.changes.emplace_back(ChannelTold{incident->id, page->channel});
  }
  if (step.outcome == Outcome::delivered) {
    Page last = ended(*page, PageState::delivered);
    ++last.attempts;
    if (step.reason != Reason::none) {
      // It arrived, but not everywhere: a mail that some recipients were refused.
      last.last_problem = problem_of(step);
      if (incident != nullptr) {
        out.changes.emplace_back(NoteAdded{
            incident->id, "tocsin", "channel:" + page->channel + ": " + last.last_problem, {}});
      }
    }
    out.changes.emplace_back(PageDelivered{std::move(last)});
  } else if (!is_wanted(*page, incident)) {
    out.changes.emplace_back(PageWithdrawn{ended(*page, PageState::withdrawn)});
  } else if (core.now.timeline - page->created >= kPageLife) {
    out.changes.emplace_back(PageAbandoned{ended(*page, PageState::abandoned)});
  } else {
    out.changes.emplace_back(failed(core, *page, step));
  }
}

void on_restarted(const Core& core, Changes& out) {
  for (const auto& [id, page] : core.state.pages) {
    if (out.size() >= kStepChangesMax) return;
    const Incident* incident = core.state.find(page.incident);
    if (is_wanted(page, incident)) continue;
    if (incident != nullptr) tell_if_arrived(core, *incident, page, out);
    out.emplace_back(PageWithdrawn{ended(page, PageState::withdrawn)});
  }
}

}  // namespace tocsin::triage::ledger
