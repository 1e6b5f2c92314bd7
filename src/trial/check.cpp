#include <algorithm>
#include <utility>

#include "tocsin/trial/trial.h"

namespace tocsin::trial {
namespace {

using Words = std::vector<std::string_view>;

/// The names that cases may use.
struct Known {
  Words sources, channels;
  Words rules, severities,
      correlation;  ///< What may have decided something, severity, the incident.
};

Known known_of(const triage::Policy& policy) {
  Known out;
  for (const auto& source : policy.sources) out.sources.emplace_back(source.name);
  out.sources.emplace_back("alertmanager-api");
  for (const auto& channel : policy.channels) out.channels.emplace_back(channel);
  const rules::RuleSet& rules = policy.rules;
  for (const auto& rule : rules.triage) out.rules.emplace_back(rule.name);
  for (const auto& rule : rules.correlation) out.correlation.emplace_back(rule.name);
  out.severities = out.rules;
  for (const auto& rule : rules.severity.criteria) out.severities.emplace_back(rule.name);
  for (const auto& mapping : rules.severity.map) out.severities.emplace_back(mapping.word);
  out.severities.emplace_back("default");
  for (Words* words : {&out.rules, &out.severities, &out.correlation}) words->emplace_back("none");
  return out;
}

class Checker {
 public:
  explicit Checker(const triage::Policy& policy) : known_(known_of(policy)) {}

  void check(const config::TestStep& step) {
    if (const auto* fire = std::get_if<config::FireAlert>(&step.what)) {
      if (!fire->source.empty()) require("source", fire->source, fire->source_at, known_.sources);
    } else if (const auto* told = std::get_if<config::SetOutcome>(&step.what)) {
      // What could not be read is told already.
      if (told->channel.empty()) return;
      require("channel", told->channel, told->channel_at, known_.channels);
    }
  }

  void check(const config::Expectation& expectation) {
    for (const auto& fact : expectation.facts) {
      if (fact.name == "channel") require("channel", fact.value, fact.at, known_.channels);
      if (fact.name.starts_with("by.")) check_decider(expectation.of, fact);
    }
  }

  Diagnostics take() {
    sort(out_);
    return std::move(out_);
  }

 private:
  void check_decider(config::Expectation::Of of, const config::ExpectedFact& fact) {
    const std::string_view what = std::string_view(fact.name).substr(3);
    if (what == "severity") {
      return require("rule, criterion or word", fact.value, fact.at, known_.severities);
    }
    if (what == "correlation") {
      return require("correlation rule", fact.value, fact.at, known_.correlation);
    }
    Words decisions = {"severity", "correlation"};
    if (of == config::Expectation::Of::alert) {
      decisions.insert(decisions.end(),
                       {"service", "team", "runbook", "escalation", "hold", "drop"});
      const bool is_set = what.starts_with("labels.") || what.starts_with("annotations.");
      if (is_set || std::ranges::find(decisions, what) != decisions.end()) {
        return require("rule", fact.value, fact.at, known_.rules);
      }
    }
    fail(fact.at, "no rule decides about \"" + std::string(what) + "\"",
         suggestion(what, decisions,
                    of == config::Expectation::Of::alert
                        ? "name severity, service, team, runbook, escalation, hold, drop, "
                          "correlation, labels.NAME or annotations.NAME"
                        : "name severity or correlation"));
  }

  void require(std::string_view what, const std::string& name, const Position& at,
               const Words& known) {
    if (std::ranges::find(known, name) != known.end()) return;
    fail(at, "nothing defines the " + std::string(what) + " \"" + name + "\"",
         suggestion(name, known, "use a name that the rules or tocsin.yaml define"));
  }

  static std::string suggestion(std::string_view name, const Words& known, std::string otherwise) {
    const std::string_view near = nearest(name, known);
    return near.empty() ? otherwise : "did you mean \"" + std::string(near) + "\"?";
  }

  void fail(const Position& at, std::string problem, std::string cure) {
    out_.push_back({Diagnostic::Level::error, at, std::move(problem), std::move(cure)});
  }

  Known known_;
  Diagnostics out_;
};

}  // namespace

Diagnostics check(const std::vector<config::TestCase>& cases, const triage::Policy& policy) {
  Checker checker(policy);
  for (const auto& given : cases) {
    for (const auto& step : given.steps) checker.check(step);
    for (const auto& expectation : given.expectations) checker.check(expectation);
  }
  return checker.take();
}

}  // namespace tocsin::trial
