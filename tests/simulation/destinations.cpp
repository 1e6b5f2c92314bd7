#include "simulation/destinations.h"

#include <algorithm>
#include <utility>

namespace tocsin::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using triage::Outcome;
using triage::Reason;

}  // namespace

Destinations::Destinations(const Scenario& scenario, Random random, Coverage& coverage)
    : scenario_(scenario), random_(random), coverage_(coverage) {}

void Destinations::arrive(const triage::Page& page) {
  arrived_.insert(page.key);
  std::uint32_t& cycle = last_cycle_[{page.incident, page.channel, page.event}];
  cycle = std::max(cycle, page.cycle);
}

void Destinations::maybe_outage(Instant now) {
  if (!scenario_.allows(Fault::outage) || !random_.chance(30)) return;
  coverage_.count("fault", name_of(Fault::outage));
  const bool for_days = random_.chance(10);
  down_until_[random_.pick(channels())] =
      now +
      (for_days ? Duration(std::chrono::hours(30)) : Duration(seconds(random_.between(5, 3000))));
}

void Destinations::heal() {
  healed_ = true;
  down_until_.clear();
}

Attempt Destinations::attempt(const triage::Page& page, Instant now) {
  Attempt attempt;
  attempt.outcome.page = page.id;
  attempt.takes = Duration(random_.between(5, 400));
  const auto down = down_until_.find(page.channel);
  const bool is_down = down != down_until_.end() && now < down->second;
  const Fault kinds[] = {Fault::refused,   Fault::server_error, Fault::rate_limited,
                         Fault::timed_out, Fault::lost_reply,   Fault::slow};
  std::optional<Fault> fault;
  for (const Fault kind : kinds) {
    if (!healed_ && !fault && scenario_.allows(kind) && random_.chance(15)) fault = kind;
  }
  if (is_down) fault.reset();
  if (fault) coverage_.count("fault", name_of(*fault));
  const auto answer = [&](Outcome outcome, Reason reason, const char* detail) {
    attempt.outcome.outcome = outcome;
    attempt.outcome.reason = reason;
    attempt.outcome.detail = detail;
  };
  attempt.arrived = !is_down && (!fault || fault == Fault::slow || fault == Fault::lost_reply);
  if (is_down) {
    answer(Outcome::refused, Reason::connect, "connection refused");
  } else if (fault == Fault::refused) {
    answer(Outcome::refused, Reason::http_4xx, "404 Not Found");
  } else if (fault == Fault::server_error) {
    answer(Outcome::refused, Reason::http_5xx, "503 Service Unavailable");
  } else if (fault == Fault::rate_limited) {
    answer(Outcome::refused, Reason::http_429, "429 Too Many Requests");
    attempt.outcome.retry_after = seconds(random_.between(0, 900));
  } else if (fault == Fault::timed_out || fault == Fault::lost_reply) {
    answer(Outcome::unknown, Reason::timeout, "no answer in 10 s");
    attempt.takes = seconds(10);
  } else {
    answer(Outcome::delivered, Reason::none, "");
    if (fault == Fault::slow) attempt.takes = Duration(random_.between(2'000, 9'900));
  }
  if (attempt.arrived) arrive(page);
  return attempt;
}

bool Destinations::told(IncidentId incident, const std::string& channel, triage::Event event,
                        std::uint32_t from_cycle) const {
  const auto found = last_cycle_.find({incident, channel, event});
  return found != last_cycle_.end() && found->second >= from_cycle;
}

std::vector<Destinations::Trouble> Destinations::told_of_trouble() const {
  std::map<std::pair<IncidentId, std::string>, std::uint32_t> last;
  for (const auto& [what, cycle] : last_cycle_) {
    const auto& [incident, channel, event] = what;
    if (!announces_trouble(event)) continue;
    std::uint32_t& known = last[{incident, channel}];
    known = std::max(known, cycle);
  }
  std::vector<Trouble> all;
  for (const auto& [who, cycle] : last) all.push_back({who.first, who.second, cycle});
  return all;
}

}  // namespace tocsin::simulation
