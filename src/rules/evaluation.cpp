#include "rules/evaluation.h"

#include <algorithm>
#include <utility>

#include "rules/index_tables.h"
#include "rules/triage_rules.h"
#include "tocsin/base/check.h"

namespace tocsin::rules {
namespace {

template <class Rules>
std::vector<const Predicate*> conditions(const Rules& rules) {
  std::vector<const Predicate*> out;
  out.reserve(rules.size());
  for (const auto& rule : rules) out.push_back(&rule.when);
  return out;
}

template <class Rules>
std::vector<bool> which_ask(const Rules& rules) {
  std::vector<bool> out;
  out.reserve(rules.size());
  for (const auto& rule : rules) out.push_back(tests_annotations(rule.when));
  return out;
}

/// What rules decided lately. Most alerts of a storm meet the same rules, and those that decide the
/// same share one value.
class KnownEffects {
 public:
  /// Of another rule set nothing is known.
  void begin(const std::shared_ptr<const char>& identity) {
    if (identity == identity_) return;
    identity_ = identity;
    known_.assign(kKnownMax, nullptr);
    others_.assign(kKnownMax, nullptr);
  }
  /// Of rules that decide the same for every alert.
  EffectsRef find(const std::vector<std::uint32_t>& held) const {
    const EffectsRef& known = known_[hash_of(held) % kKnownMax];
    return known != nullptr && known->rules == held ? known : nullptr;
  }
  /// Takes the place of what hashes to the same.
  void add(const EffectsRef& effects) { known_[hash_of(effects->rules) % kKnownMax] = effects; }
  /// The value that says the same, if one is known.
  EffectsRef share(EffectsRef effects) {
    std::uint64_t hash = content_hash(effects->labels.block(), hash_of(effects->rules));
    hash = content_hash(effects->annotations.block(), hash);
    EffectsRef& known = others_[content_hash(effects->runbook, hash) % kKnownMax];
    if (known == nullptr || *known != *effects) known = std::move(effects);
    return known;
  }

 private:
  static constexpr std::size_t kKnownMax = 16 * 1024;
  static std::uint64_t hash_of(const std::vector<std::uint32_t>& held) {
    return content_hash({reinterpret_cast<const char*>(held.data()), held.size() * sizeof held[0]});
  }
  std::shared_ptr<const char> identity_;
  std::vector<EffectsRef> known_;
  std::vector<EffectsRef> others_;  // Never found by their rules: these do not say it all.
};

}  // namespace

struct Evaluation::Memory {
  Matching matching;
  Matching::Counters told;
  std::vector<std::uint32_t> held;
  KnownEffects effects;
};

Compiled::Compiled(const RuleSet& rules)
    : criterion_asks(which_ask(rules.severity.criteria)),
      correlation_asks(which_ask(rules.correlation)),
      index({conditions(rules.triage), conditions(rules.severity.criteria),
             conditions(rules.correlation)}) {
  is_fixed.reserve(rules.triage.size());
  for (const TriageRule& rule : rules.triage) {
    if (tests_annotations(rule.when)) {
      asks_annotations.push_back(static_cast<std::uint32_t>(is_fixed.size()));
    }
    is_fixed.push_back(rules::is_fixed(rule));
  }
}

Evaluation::Memory& Evaluation::memory_of_thread() {
  thread_local Memory memory;
  return memory;
}

Evaluation::Evaluation(const RuleSet& rules, LabelsView labels, LabelsView annotations,
                       std::string_view source)
    : rules_(rules),
      labels_(labels),
      annotations_(annotations),
      source_(source),
      memory_(memory_of_thread()) {
  CHECK(rules.compiled != nullptr);
  memory_.matching.begin(rules.compiled->index, labels, annotations, source);
  memory_.effects.begin(rules.compiled->index.tables().identity);
}

RegexLookups Evaluation::take_lookups_of_thread() {
  Memory& memory = memory_of_thread();
  const Matching::Counters before = std::exchange(memory.told, memory.matching.counters());
  return {memory.told.memo_misses - before.memo_misses,
          memory.told.out_of_memory - before.out_of_memory};
}

RegexLookups take_regex_lookups() { return Evaluation::take_lookups_of_thread(); }

EffectsRef Evaluation::triage() {
  const std::vector<std::uint32_t>& held = memory_.held;
  memory_.matching.match(Stage::triage, memory_.held);
  if (held.empty()) return nullptr;
  if (EffectsRef known = memory_.effects.find(held)) return known;
  EffectsRef effects = decide_effects(rules_, held, labels_, annotations_, source_);
  const bool all_fixed = std::ranges::all_of(
      held, [&](std::uint32_t rule) { return rules_.compiled->is_fixed[rule]; });
  if (!all_fixed) return memory_.effects.share(std::move(effects));
  memory_.effects.add(effects);
  return effects;
}

EffectsRef Evaluation::triage_unseen(const std::vector<std::uint32_t>& open,
                                     const EffectsRef& decided) {
  std::vector<std::uint32_t>& held = memory_.held;
  memory_.matching.match(Stage::triage, held);
  std::erase_if(held, [&](std::uint32_t rule) { return std::ranges::binary_search(open, rule); });
  return decide_unseen(rules_, held, open, decided, labels_, source_);
}

void Evaluation::see(const Subject& subject) {
  const auto see_label = [&](std::string_view name) {
    memory_.matching.set_label(name, subject.value_of(name));
  };
  if (subject.service != nullptr) {
    see_label("team");
    see_label("tier");
    for (const Label label : subject.service->labels.view()) see_label(label.name);
  }
  if (subject.effects == nullptr) return;
  for (const Label label : subject.effects->labels.view()) see_label(label.name);
}

const std::vector<std::uint32_t>& Evaluation::criteria() {
  memory_.matching.match(Stage::criteria, memory_.held);
  return memory_.held;
}

const std::vector<std::uint32_t>& Evaluation::correlation() {
  memory_.matching.match(Stage::correlation, memory_.held);
  return memory_.held;
}

}  // namespace tocsin::rules
