// How long the rules take for one alert, and to compile. See README, "How fast is it?".
#include <benchmark/benchmark.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/rule_mix.h"
#include "tocsin/rules/rule_set.h"

namespace tocsin::bench {
namespace {

constexpr std::size_t kAlerts = 1000;

/// A rule set with its alerts, made once per size. Each rule sets one of ten labels.
struct World {
  explicit World(std::size_t size) : mix(size, 42) {
    rules.hash = 1;
    for (std::size_t number = 0; number < size; ++number) {
      const std::string label = "set_" + std::to_string(number % 10);
      rules.triage.push_back({.name = "rule-" + std::to_string(number),
                              .when = predicate_of(mix.next_rule()),
                              .labels = {{label, *rules::parse_template("yes")}}});
    }
    rules::compile(rules);
    for (std::size_t i = 0; i < kAlerts; ++i) alerts.push_back(mix.alert());
  }
  RuleMix mix;
  rules::RuleSet rules;
  std::vector<Labels> alerts;
};

World& world_of(const benchmark::State& state) {
  static std::map<std::int64_t, std::unique_ptr<World>> worlds;
  std::unique_ptr<World>& world = worlds[state.range(0)];
  if (!world) world = std::make_unique<World>(static_cast<std::size_t>(state.range(0)));
  return *world;
}

/// Matches one alert; says how many rules hold.
std::size_t match(const World& world, LabelsView labels) {
  const rules::Verdict verdict = rules::match(world.rules, labels, {}, "");
  return verdict.effects == nullptr ? 0 : verdict.effects->rules.size();
}

void report(benchmark::State& state, std::size_t matches) {
  const auto per_alert = [&](std::uint64_t count) {
    return static_cast<double>(count) / static_cast<double>(state.iterations());
  };
  state.counters["matches"] = per_alert(matches);
  state.counters["searches"] = per_alert(rules::take_regex_lookups().unknown_values);
}

void known_values(benchmark::State& state) {
  const World& world = world_of(state);
  for (const Labels& alert : world.alerts) match(world, alert);
  rules::take_regex_lookups();
  std::size_t matches = 0;
  std::size_t i = 0;
  for (auto _ : state) matches += match(world, world.alerts[i++ % kAlerts]);
  report(state, matches);
}

/// The alert's value of a label with patterns ends in eight digits, which are changed in place.
void one_new_value(benchmark::State& state) {
  World& world = world_of(state);
  std::vector<std::string> blocks;
  std::vector<std::size_t> digits;
  for (const Labels& alert : world.alerts) {
    const std::string value = std::string(alert.get(world.mix.label_with_patterns())) + "-00000000";
    std::vector<Label> pairs;
    for (const Label label : alert.view()) {
      pairs.push_back(
          {label.name, label.name == world.mix.label_with_patterns() ? value : label.value});
    }
    blocks.push_back(Labels(std::move(pairs)).block());
    digits.push_back(blocks.back().find("-00000000") + 1);
  }
  std::size_t matches = 0;
  // Goes on where the former run ended, as its values are known.
  static std::size_t i = 0;
  const auto next = [&] {
    const std::size_t at = i % kAlerts;
    std::size_t rest = i++ % 100'000'000;
    for (std::size_t digit = 8; digit > 0; rest /= 10) {
      blocks[at][digits[at] + --digit] = static_cast<char>('0' + rest % 10);
    }
    matches += match(world, LabelsView(blocks[at]));
  };
  for (std::size_t warm = 0; warm < kAlerts; ++warm) next();
  rules::take_regex_lookups();
  matches = 0;
  for (auto _ : state) next();
  report(state, matches);
}

void linear(benchmark::State& state) {
  const World& world = world_of(state);
  std::size_t matches = 0;
  std::size_t i = 0;
  for (auto _ : state) {
    const rules::Subject subject{.labels = world.alerts[i++ % kAlerts]};
    for (const rules::TriageRule& rule : world.rules.triage) {
      matches += rules::holds(rule.when, subject) ? 1 : 0;
    }
  }
  report(state, matches);
}

void compile(benchmark::State& state) {
  World& world = world_of(state);
  for (auto _ : state) rules::compile(world.rules);
}

BENCHMARK(known_values)->Arg(100)->Arg(1'000)->Arg(10'000)->Arg(100'000);
BENCHMARK(one_new_value)->Arg(100)->Arg(1'000)->Arg(10'000)->Arg(100'000);
BENCHMARK(linear)->Arg(100)->Arg(1'000)->Arg(10'000);
BENCHMARK(compile)->Arg(1'000)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tocsin::bench

BENCHMARK_MAIN();
