#include <algorithm>
#include <set>
#include <tuple>

#include "tocsin/base/overloaded.h"
#include "tocsin/trial/trial.h"
#include "trial/expectation.h"

namespace tocsin::trial {
namespace {

using config::ActOnIncident;
using config::TestCase;
using config::TestStep;

std::string_view name_of(ActOnIncident::Verb verb) {
  constexpr std::string_view kNames[] = {"ack", "unack", "resolve", "reopen", "note"};
  return kNames[static_cast<std::size_t>(verb)];
}

/// Why the core refused it, as a sentence.
std::string refusal_of(triage::Refusal refusal) {
  switch (refusal) {
    case triage::Refusal::unknown_incident:
      return "there is no such incident by then";
    case triage::Refusal::wrong_state:
      return "the incident is in a state that does not allow it";
    case triage::Refusal::too_many_alerts:
      return "there are as many alerts as limits.active_alerts allows";
    default:
      return "refused: " + std::string(triage::to_string(refusal));
  }
}

void take(World& world, const TestStep& step, std::vector<Failure>& out) {
  const auto fail = [&](std::string what, std::string happened) {
    out.push_back({step.at, time_of(step.when) + std::move(what), std::move(happened)});
  };
  std::visit(Overloaded{[&](const config::FireAlert& fire) {
                          const auto answer = world.fire(fire);
                          if (answer.fate != triage::Fate::refused) return;
                          fail("the alert is taken", refusal_of(answer.refusal));
                        },
                        [&](const config::EndAlerts& ended) {
                          if (world.end(ended)) return;
                          fail(ended.lapse ? "an alert lapses" : "an alert clears",
                               ended.lapse ? "none with these labels fires and needs to be repeated"
                                           : "none with these labels fires");
                        },
                        [&](const ActOnIncident& action) {
                          const auto answer = world.act(action);
                          if (answer.fate != triage::Fate::refused) return;
                          fail(std::string(name_of(action.verb)) + " of INC-" +
                                   std::to_string(action.incident) + " is possible",
                               refusal_of(answer.refusal));
                        },
                        [&](const config::SetOutcome& told) { world.answer(told); }},
             step.what);
}

CaseResult run_case(const TestCase& given, const std::shared_ptr<const triage::Policy>& policy,
                    Coverage& coverage) {
  CaseResult result{given.name, given.at, {}};
  World world(policy, coverage);
  std::set<Duration> moments;
  for (const TestStep& step : given.steps) moments.insert(step.when);
  for (const auto& expectation : given.expectations) moments.insert(expectation.when);
  auto step = given.steps.begin();
  for (const Duration moment : moments) {
    world.advance_to(moment);
    for (; step != given.steps.end() && step->when == moment; ++step) {
      take(world, *step, result.failures);
    }
    for (const auto& expectation : given.expectations) {
      if (expectation.when == moment) verify(world, expectation, result.failures);
    }
  }
  std::ranges::stable_sort(result.failures, {}, [](const Failure& failure) {
    return std::tuple(failure.at.line, failure.at.column);
  });
  return result;
}

}  // namespace

std::size_t Results::failed() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(cases, [](const CaseResult& c) { return !c.failures.empty(); }));
}

std::size_t Results::covered() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(rules, [](const RuleUse& use) { return use.decided > 0; }));
}

Results run(const std::vector<TestCase>& cases,
            const std::shared_ptr<const triage::Policy>& policy) {
  Results results;
  Coverage coverage(policy->rules);
  for (const TestCase& given : cases) results.cases.push_back(run_case(given, policy, coverage));
  results.rules = coverage.take();
  return results;
}

}  // namespace tocsin::trial
