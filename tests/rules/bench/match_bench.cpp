// How long the rules take for one alert, and to compile. See README, "How fast is it?".
#include <benchmark/benchmark.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rules/bench/rule_mix.h"
#include "rules/index.h"
#include "tocsin/rules/matcher.h"

namespace tocsin::bench {
namespace {

using rules::Index;
using rules::Matching;
using rules::Stage;

constexpr std::size_t kAlerts = 1000;

/// A rule set with its alerts, made once per size.
struct World {
  explicit World(std::size_t size) : mix(size, 42), rules(mix.take_rules()) {
    for (const rules::Predicate& rule : rules) predicates[0].push_back(&rule);
    index = std::make_unique<Index>(predicates);
    for (std::size_t i = 0; i < kAlerts; ++i) alerts.push_back(mix.alert());
  }
  RuleMix mix;
  std::vector<rules::Predicate> rules;
  Index::Predicates predicates;
  std::unique_ptr<Index> index;
  std::vector<Labels> alerts;
};

World& world_of(const benchmark::State& state) {
  static std::map<std::int64_t, std::unique_ptr<World>> worlds;
  std::unique_ptr<World>& world = worlds[state.range(0)];
  if (!world) world = std::make_unique<World>(static_cast<std::size_t>(state.range(0)));
  return *world;
}

void report(benchmark::State& state, const Matching::Counters& before,
            const Matching::Counters& after, std::uint64_t matches) {
  const auto per_alert = [&](std::uint64_t count) {
    return benchmark::Counter(static_cast<double>(count) / static_cast<double>(state.iterations()));
  };
  state.counters["candidates"] = per_alert(after.candidates - before.candidates);
  state.counters["verified"] = per_alert(after.verified - before.verified);
  state.counters["misses"] = per_alert(after.memo_misses - before.memo_misses);
  state.counters["matches"] = per_alert(matches);
}

void known_values(benchmark::State& state) {
  const World& world = world_of(state);
  Matching matching;
  std::vector<std::uint32_t> out;
  for (const Labels& alert : world.alerts) {
    matching.begin(*world.index, alert, {}, "");
    matching.match(Stage::triage, out);
  }
  const Matching::Counters before = matching.counters();
  std::uint64_t matches = 0;
  std::size_t i = 0;
  for (auto _ : state) {
    matching.begin(*world.index, world.alerts[i++ % kAlerts], {}, "");
    matching.match(Stage::triage, out);
    matches += out.size();
  }
  report(state, before, matching.counters(), matches);
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
  Matching matching;
  std::vector<std::uint32_t> out;
  std::uint64_t matches = 0;
  std::size_t i = 0;
  const auto next = [&] {
    const std::size_t at = i % kAlerts;
    std::size_t rest = i++ % 100'000'000;
    for (std::size_t digit = 8; digit > 0; rest /= 10) {
      blocks[at][digits[at] + --digit] = static_cast<char>('0' + rest % 10);
    }
    matching.begin(*world.index, LabelsView(blocks[at]), {}, "");
    matching.match(Stage::triage, out);
    matches += out.size();
  };
  while (i < kAlerts) next();
  const Matching::Counters before = matching.counters();
  matches = 0;
  for (auto _ : state) next();
  report(state, before, matching.counters(), matches);
}

void linear(benchmark::State& state) {
  const World& world = world_of(state);
  std::uint64_t matches = 0;
  std::size_t i = 0;
  for (auto _ : state) {
    const rules::Subject subject{.labels = world.alerts[i++ % kAlerts]};
    for (const rules::Predicate& rule : world.rules) matches += rules::holds(rule, subject);
  }
  state.counters["matches"] =
      static_cast<double>(matches) / static_cast<double>(state.iterations());
}

void compile(benchmark::State& state) {
  const World& world = world_of(state);
  for (auto _ : state) {
    const Index index(world.predicates);
    benchmark::DoNotOptimize(&index);
  }
  state.counters["without_witness"] =
      static_cast<double>(world.index->without_witness(Stage::triage).size());
  state.counters["MiB"] = static_cast<double>(world.index->bytes()) / (1 << 20);
}

BENCHMARK(known_values)->Arg(100)->Arg(1'000)->Arg(10'000)->Arg(100'000);
BENCHMARK(one_new_value)->Arg(100)->Arg(1'000)->Arg(10'000)->Arg(100'000);
BENCHMARK(linear)->Arg(100)->Arg(1'000)->Arg(10'000);
BENCHMARK(compile)->Arg(1'000)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tocsin::bench

BENCHMARK_MAIN();
