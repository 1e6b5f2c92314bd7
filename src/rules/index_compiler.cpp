#include <algorithm>
#include <functional>
#include <ranges>
#include <utility>

#include "rules/condition.h"
#include "rules/index_tables.h"
#include "rules/witness.h"
#include "tocsin/base/check.h"

namespace tocsin::rules {
namespace {

using Kind = Condition::Kind;

/// A predicate's posting before the postings of its stage are sorted by key.
struct Waiting {
  std::uint32_t key;
  Posting posting;
};

class IndexCompiler {
 public:
  IndexCompiler(IndexTables& tables, const Index::Limits& limits)
      : tables_(tables), limits_(limits) {}

  void compile(const Index::Predicates& predicates) {
    std::array<std::vector<Condition>, kStages> conditions;
    for (std::size_t stage = 0; stage < kStages; ++stage) {
      CHECK(predicates[stage].size() < kHolds - 1);
      conditions[stage].reserve(predicates[stage].size());
      for (const Predicate* predicate : predicates[stage]) {
        conditions[stage].push_back(vocabulary_.condition_of(*predicate));
      }
    }
    take_vocabulary();
    for (std::size_t stage = 0; stage < kStages; ++stage) {
      stage_ = &tables_.stages[stage];
      for (Condition& condition : conditions[stage]) compile(condition);
      sort_postings();
    }
    tables_.names = std::move(vocabulary_.names);
    tables_.values = std::move(vocabulary_.values);
  }

 private:
  void take_vocabulary() {
    tables_.identity = std::make_shared<const char>();
    new_number_ = vocabulary_.order_values();
    tables_.labels = static_cast<std::uint32_t>(vocabulary_.labels.size());
    CHECK(tables_.labels < 1u << 24);
    tables_.known_values = vocabulary_.values.size();
    tables_.patterns = static_cast<std::uint32_t>(vocabulary_.patterns.size());
    tables_.source_label =
        vocabulary_.names.find(static_cast<std::uint32_t>(Field::source), kSourceLabel);
    for (const std::uint32_t field : vocabulary_.names.scopes()) {
      if (field == static_cast<std::uint32_t>(Field::annotation)) tables_.asks_annotations = true;
    }
    for (const std::vector<std::uint32_t>& set : vocabulary_.sets) {
      set_at_.push_back(static_cast<std::uint32_t>(tables_.sets.size()));
      tables_.sets.push_back(static_cast<std::uint32_t>(set.size()));
      tables_.sets.insert(tables_.sets.end(), set.begin(), set.end());
    }
    take_thresholds();
    tables_.pattern_index = PatternIndex(vocabulary_.patterns, tables_.labels, limits_);
  }

  void take_thresholds() {
    new_threshold_ = vocabulary_.order_thresholds();
    if (new_threshold_.empty()) return;
    tables_.thresholds_of_label.resize(tables_.labels);
    for (const Threshold& threshold : vocabulary_.thresholds) {
      ThresholdsOfLabel& label = tables_.thresholds_of_label[threshold.label];
      const auto number = static_cast<std::uint32_t>(tables_.thresholds.size());
      if (label.end == 0) label.first = label.at_least = number;
      label.end = number + 1;
      if (!threshold.at_least) label.at_least = label.end;
      tables_.thresholds.push_back(threshold.number);
    }
  }

  void compile(Condition& condition) {
    const std::uint32_t number = stage_->predicates++;
    if (condition.kind == Kind::never) return;
    if (condition.kind == Kind::always) return stage_->always.push_back(number);
    use_new_numbers(condition);
    bool has_witness = true;
    // Every branch of an `any` at the top waits for itself: one of them holds if it does.
    if (condition.kind == Kind::any) {
      for (Condition& branch : condition.terms) has_witness &= compile_branch(branch, number);
    } else {
      has_witness = compile_branch(condition, number);
    }
    if (!has_witness) stage_->without_witness.push_back(number);
  }

  void use_new_numbers(Condition& condition) {
    if (condition.kind == Kind::leaf && condition.leaf.test == Test::value) {
      condition.leaf.operand = new_number_[condition.leaf.operand];
    }
    if (condition.kind == Kind::leaf && condition.leaf.test == Test::threshold) {
      condition.leaf.operand = new_threshold_[condition.leaf.operand];
    }
    for (Condition& term : condition.terms) use_new_numbers(term);
  }

  /// False if it has no witness.
  bool compile_branch(Condition& branch, std::uint32_t number) {
    std::vector<Condition> terms;
    if (branch.kind == Kind::all) {
      terms = std::move(branch.terms);
    } else {
      terms.push_back(std::move(branch));
    }
    const std::optional<Witness> witness = take_witness(terms);
    Posting posting;
    take_guards(terms, posting);
    posting.program = emit_all(terms, kHolds + number, kFails);
    if (!witness) {
      stage_->everywhere.push_back(posting);
      return false;
    }
    for (const std::uint32_t key : witness->keys) waiting_.push_back({key, posting});
    return true;
  }

  /// The cheapest one. The term it stands for need not be asked again if it is exact.
  std::optional<Witness> take_witness(std::vector<Condition>& terms) const {
    std::optional<Witness> best;
    std::size_t best_term = 0;
    for (std::size_t i = 0; i < terms.size(); ++i) {
      std::optional<Witness> witness = expectation_.witness_of(terms[i]);
      if (!witness || (best && best->cost <= witness->cost)) continue;
      best = std::move(witness);
      best_term = i;
    }
    if (best && best->exact) terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(best_term));
    return best;
  }

  struct Candidate {
    double expected = 1;
    Guard guard;
    std::vector<std::size_t> exact_for;  // Terms.
  };

  /// The two labels most likely to say no.
  void take_guards(std::vector<Condition>& terms, Posting& posting) const {
    std::vector<Candidate> candidates = guards_of(terms);
    std::ranges::stable_sort(candidates, {}, &Candidate::expected);
    std::vector<std::size_t> said;
    for (std::size_t i = 0; i < std::min(candidates.size(), posting.label.size()); ++i) {
      posting.label[i] = static_cast<std::uint16_t>(candidates[i].guard.label + 1);
      posting.bits[i] = candidates[i].guard.bits;
      said.insert(said.end(), candidates[i].exact_for.begin(), candidates[i].exact_for.end());
    }
    std::ranges::sort(said, std::greater<>());
    for (const std::size_t term : said) {
      terms.erase(terms.begin() + static_cast<std::ptrdiff_t>(term));
    }
  }

  std::vector<Candidate> guards_of(const std::vector<Condition>& terms) const {
    std::vector<Candidate> out;
    for (std::size_t i = 0; i < terms.size(); ++i) {
      if (terms[i].kind != Kind::leaf) continue;
      const std::optional<Guard> guard = expectation_.guard_of(terms[i].leaf);
      if (!guard) continue;
      auto at = std::ranges::find_if(
          out, [&](const Candidate& candidate) { return candidate.guard.label == guard->label; });
      if (at == out.end()) at = out.insert(out.end(), Candidate{.guard = *guard});
      at->guard.bits &= guard->bits;
      at->expected *= expectation_.of_guard(terms[i].leaf);
      if (guard->exact) at->exact_for.push_back(i);
    }
    return out;
  }

  std::uint32_t emit_all(std::vector<Condition>& terms, std::uint32_t on_true,
                         std::uint32_t on_false) {
    std::ranges::stable_sort(terms, {}, [&](const Condition& term) { return of_term(term, 2); });
    for (Condition& term : terms | std::views::reverse) on_true = emit(term, on_true, on_false);
    return on_true;
  }

  std::uint32_t emit(Condition& condition, std::uint32_t on_true, std::uint32_t on_false) {
    if (condition.kind == Kind::all) return emit_all(condition.terms, on_true, on_false);
    if (condition.kind == Kind::leaf) return emit(condition.leaf, on_true, on_false);
    std::ranges::stable_sort(condition.terms, std::greater<>(),
                             [&](const Condition& term) { return of_term(term, -1); });
    for (Condition& term : condition.terms | std::views::reverse) {
      on_false = emit(term, on_true, on_false);
    }
    return on_false;
  }

  std::uint32_t emit(const Leaf& leaf, std::uint32_t on_true, std::uint32_t on_false) {
    CHECK(tables_.program.size() < kHolds);
    const std::uint32_t operand = leaf.test == Test::set ? set_at_[leaf.operand] : leaf.operand;
    tables_.program.push_back({operand, leaf.label & 0xffffff, leaf.negated,
                               static_cast<std::uint32_t>(leaf.test) & 0x7f, on_true, on_false});
    return static_cast<std::uint32_t>(tables_.program.size() - 1);
  }

  /// What decides most often is asked first, terms of several leaves last.
  double of_term(const Condition& term, double of_several) const {
    return term.kind == Kind::leaf ? expectation_.of(term.leaf) : of_several;
  }

  void sort_postings() {
    if (!waiting_.empty()) {
      stage_->first.assign(tables_.keys() + std::size_t{1}, 0);
      for (const Waiting& waiting : waiting_) ++stage_->first[waiting.key + std::size_t{1}];
      for (std::size_t i = 1; i < stage_->first.size(); ++i) {
        stage_->first[i] += stage_->first[i - 1];
      }
      std::vector<std::uint32_t> next = stage_->first;
      stage_->postings.resize(waiting_.size());
      for (const Waiting& waiting : waiting_) {
        stage_->postings[next[waiting.key]++] = waiting.posting;
      }
    }
    waiting_.clear();
  }

  IndexTables& tables_;
  const Index::Limits& limits_;
  Vocabulary vocabulary_;
  Expectation expectation_{vocabulary_, tables_, limits_.guard_labels};
  std::vector<std::uint32_t> new_number_;  // Of values.
  std::vector<std::uint32_t> new_threshold_;
  std::vector<std::uint32_t> set_at_;  // Where a set begins in the tables.
  std::vector<Waiting> waiting_;
  StageTables* stage_ = nullptr;
};

}  // namespace

IndexTables compile_index(const Index::Predicates& predicates, const Index::Limits& limits) {
  IndexTables tables;
  IndexCompiler(tables, limits).compile(predicates);
  return tables;
}

}  // namespace tocsin::rules
