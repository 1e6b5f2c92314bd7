#include "trial/expectation.h"

#include <algorithm>

#include "trial/facts.h"

namespace tocsin::trial {
namespace {

using config::Expectation;
using config::ExpectedFact;
using Of = Expectation::Of;

constexpr std::size_t kShownMax = 10;

std::string in_words(const std::string& value) { return value.empty() ? "nothing" : value; }

std::string has(const std::string& name, const std::string& value) {
  return " has " + name + " " + in_words(value);
}

std::string shown_labels(LabelsView labels) {
  constexpr std::size_t kBytesMax = 200;
  std::string out = "{";
  for (const Label label : labels) {
    if (out.size() > 1) out += ", ";
    if (out.size() + label.name.size() + label.value.size() > kBytesMax) return out + "…}";
    out.append(label.name).append("=\"").append(label.value).append("\"");
  }
  return out + "}";
}

void verify_alert(const World& world, const Expectation& expected, std::vector<Failure>& out) {
  const std::string when = time_of(expected.when);
  for (const std::size_t index : named_by(expected.labels, world.reported())) {
    const Reported& alert = world.reported()[index];
    for (const ExpectedFact& fact : expected.facts) {
      const std::string got = fact_of(world, alert, fact.name);
      if (got == fact.value) continue;
      std::string happened = "it has " + in_words(got);
      const std::string reason = reason_of(world, alert, fact.name);
      if (!reason.empty()) happened += " (" + reason + ")";
      out.push_back({fact.at, when + shown_labels(alert.labels) + has(fact.name, fact.value),
                     std::move(happened)});
    }
  }
}

std::string how_many(const World& world) {
  const std::size_t opened = world.openings().size();
  if (opened == 0) return "no incident has opened";
  return std::to_string(opened) + (opened == 1 ? " incident has" : " incidents have") + " opened";
}

void verify_incident(const World& world, const Expectation& expected, std::vector<Failure>& out) {
  const IncidentId id{expected.number};
  const triage::Incident* incident = world.state().find(id);
  if (incident == nullptr) incident = world.closed(id);
  const std::string subject = time_of(expected.when) + "INC-" + std::to_string(expected.number);
  if (incident == nullptr) {
    out.push_back({expected.at, subject + " is there", how_many(world)});
    return;
  }
  for (const ExpectedFact& fact : expected.facts) {
    const std::string got = fact_of(*incident, fact.name);
    if (got == fact.value) continue;
    std::string happened = "it has " + in_words(got);
    const std::string reason = reason_of(*incident, fact.name);
    if (!reason.empty()) happened += " (" + reason + ")";
    out.push_back({fact.at, subject + has(fact.name, fact.value), std::move(happened)});
  }
}

bool fits(const Attempt& attempt, const Expectation& expected) {
  return std::ranges::all_of(expected.facts, [&](const ExpectedFact& fact) {
    return fact_of(attempt, fact.name) == fact.value;
  });
}

std::string wanted_page(const Expectation& expected) {
  std::string out;
  for (const ExpectedFact& fact : expected.facts) {
    out += out.empty() ? "" : ", ";
    out += fact.name + " " + fact.value;
  }
  return out.empty() ? out : " (" + out + ")";
}

/// "log triggered INC-1 (step 1, round 1)", several with "; ", the last ones of many.
std::string shown_all(const std::vector<const Attempt*>& attempts, bool with_time) {
  std::string out;
  std::size_t from = attempts.size() > kShownMax ? attempts.size() - kShownMax : 0;
  if (from > 0) out = "… ";
  for (; from < attempts.size(); ++from) {
    if (with_time) out += time_of(attempts[from]->when);
    out += shown(*attempts[from]);
    if (from + 1 < attempts.size()) out += "; ";
  }
  return out;
}

void verify_page(const World& world, const Expectation& expected, std::vector<Failure>& out) {
  const bool names_attempt = std::ranges::any_of(
      expected.facts, [](const ExpectedFact& fact) { return fact.name == "attempt"; });
  std::vector<const Attempt*> then;
  for (const Attempt& attempt : world.attempts()) {
    if (attempt.when != expected.when) continue;
    if (fits(attempt, expected) && (names_attempt || attempt.number == 1)) return;
    then.push_back(&attempt);
  }
  std::string happened = "only " + shown_all(then, false);
  if (then.empty()) {
    std::vector<const Attempt*> all;
    for (const Attempt& attempt : world.attempts()) all.push_back(&attempt);
    happened = "nobody is paged then";
    happened += all.empty() ? ", nor was before" : "; before: " + shown_all(all, true);
  }
  out.push_back({expected.at, time_of(expected.when) + "a page is sent" + wanted_page(expected),
                 std::move(happened)});
}

std::string window_of(const Expectation& expected) {
  if (!expected.since) return "until " + format_duration(expected.when) + " ";
  return "after " + format_duration(*expected.since) + " until " + format_duration(expected.when) +
         " ";
}

void verify_pages(const World& world, const Expectation& expected, std::vector<Failure>& out) {
  std::vector<const Attempt*> counted;
  for (const Attempt& attempt : world.attempts()) {
    if (attempt.number != 1 || (expected.since && attempt.when <= *expected.since)) continue;
    if (fits(attempt, expected)) counted.push_back(&attempt);
  }
  if (counted.size() == expected.number) return;
  std::string happened = std::to_string(counted.size());
  if (!counted.empty()) happened += ": " + shown_all(counted, true);
  out.push_back({expected.at,
                 window_of(expected) + "pages" + wanted_page(expected) + " number " +
                     std::to_string(expected.number),
                 std::move(happened)});
}

void verify_incidents(const World& world, const Expectation& expected, std::vector<Failure>& out) {
  const auto counted = std::ranges::count_if(
      world.openings(), [&](Duration when) { return !expected.since || when > *expected.since; });
  if (static_cast<std::uint64_t>(counted) == expected.number) return;
  out.push_back(
      {expected.at,
       window_of(expected) + "incidents that opened number " + std::to_string(expected.number),
       std::to_string(counted)});
}

}  // namespace

std::string time_of(Duration when) { return "at " + format_duration(when) + " "; }

void verify(const World& world, const Expectation& expected, std::vector<Failure>& out) {
  switch (expected.of) {
    case Of::alert:
      return verify_alert(world, expected, out);
    case Of::incident:
      return verify_incident(world, expected, out);
    case Of::page:
      return verify_page(world, expected, out);
    case Of::pages:
      return verify_pages(world, expected, out);
    case Of::incidents:
      return verify_incidents(world, expected, out);
  }
}

}  // namespace tocsin::trial
