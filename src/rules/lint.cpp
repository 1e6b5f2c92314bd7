#include "tocsin/rules/lint.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "rules/index.h"
#include "rules/index_tables.h"
#include "rules/proof.h"
#include "rules/regex.h"
#include "rules/witness.h"
#include "tocsin/alert/identity.h"
#include "tocsin/base/overloaded.h"

namespace tocsin::rules {
namespace {

/// What hidden_by may cost in all; beyond it nothing more is claimed.
constexpr std::size_t kLooksMax = 20'000'000;
constexpr std::size_t kProofsMax = 500'000;
constexpr std::size_t kProofsOfOneMax = 64;

/// A set of labels as bits, several labels to a bit.
using LabelBits = std::uint64_t;

LabelBits bit_of(const Matcher& matcher) {
  if (matcher.field == Field::source) return 1;
  const auto field = static_cast<std::uint64_t>(matcher.field);
  return LabelBits{1} << (content_hash(matcher.name, field) % 64);
}

LabelBits all_labels(const Predicate& predicate) {
  const auto of_terms = [](const std::vector<Predicate>& terms) {
    LabelBits bits = 0;
    for (const Predicate& term : terms) bits |= all_labels(term);
    return bits;
  };
  return std::visit(Overloaded{
                        [&](const AllOf& all) { return of_terms(all.terms); },
                        [&](const AnyOf& any) { return of_terms(any.terms); },
                        [&](const Not& no) { return of_terms(no.term); },
                        [&](const Matcher& matcher) { return bit_of(matcher); },
                    },
                    predicate.kind);
}

/// Labels that another predicate must speak of to imply this one: those of matchers that must hold.
LabelBits needed_labels(const Predicate& predicate) {
  if (const auto* const matcher = std::get_if<Matcher>(&predicate.kind)) return bit_of(*matcher);
  const auto* const all = std::get_if<AllOf>(&predicate.kind);
  LabelBits bits = 0;
  if (all) {
    for (const Predicate& term : all->terms) bits |= needed_labels(term);
  }
  return bits;
}

bool implies(Proof& proof, const Predicate& narrow, const Predicate& wide) {
  return !proof.can_hold(std::array{Proof::Claim{&narrow, false}, Proof::Claim{&wide, true}});
}

/// Those of its patterns that must match and that only RE2 can judge.
template <class Visit>
void for_each_regex(const Predicate& predicate, const Visit& visit) {
  const auto* const matcher = std::get_if<Matcher>(&predicate.kind);
  if (matcher && matcher->op == Op::matches && !matcher->regex->is_simple()) visit(*matcher);
  const auto* const all = std::get_if<AllOf>(&predicate.kind);
  if (!all) return;
  for (const Predicate& term : all->terms) for_each_regex(term, visit);
}

std::uint32_t scope_of(const Matcher& matcher) { return static_cast<std::uint32_t>(matcher.field); }

/// The size first, so that no two (name, pattern) have one key.
std::string key_of(const Matcher& matcher) {
  return std::to_string(matcher.name.size()) + ' ' + matcher.name + matcher.regex->pattern();
}

/// Looks for a subject that fulfils the narrow predicate, lets the index say which others hold for
/// it, and proves what it can of these: no other could be implied.
class HiddenSearch {
 public:
  HiddenSearch(std::span<const Predicate* const> predicates, Decisions& decisions)
      : predicates_(predicates),
        decisions_(decisions),
        index_(Index::Predicates{std::vector(predicates.begin(), predicates.end())}) {
    for (std::uint32_t i = 0; i < predicates.size(); ++i) {
      needed_.push_back(needed_labels(*predicates[i]));
      for_each_regex(*predicates[i], [&](const Matcher& matcher) {
        const std::uint32_t number = regexes_.add(scope_of(matcher), key_of(matcher));
        if (number == with_regex_.size()) with_regex_.emplace_back();
        if (with_regex_[number].size() < kProofsOfOneMax) with_regex_[number].push_back(i);
      });
    }
  }

  std::vector<std::uint32_t> before(std::uint32_t number) {
    const Predicate& narrow = *predicates_[number];
    const std::uint64_t wanted = decisions_.of(number);
    if (wanted == 0 || looks_ > kLooksMax || proofs_ > kProofsMax) return {};
    if (!proof_.can_hold(std::array{Proof::Claim{&narrow, false}})) return {};
    match_model();
    add_those_with_regexes_of(narrow);
    const LabelBits spoken_of = all_labels(narrow);
    std::uint64_t missing = wanted;
    std::size_t tried = 0;
    found_.clear();
    for (const std::uint32_t other : matches_) {
      ++looks_;
      if (other >= number || tried == kProofsOfOneMax) break;
      if ((needed_[other] & ~spoken_of) != 0) continue;
      const std::uint64_t taken = decisions_.taken(other, number) & wanted;
      if ((taken & missing) == 0) continue;
      ++tried;
      ++proofs_;
      if (!implies(proof_, narrow, *predicates_[other])) continue;
      missing &= ~taken;
      found_.push_back({other, taken});
      if (missing == 0) return those_needed(wanted);
    }
    return {};
  }

 private:
  void match_model() {
    proof_.find_model(model_);
    labels_.clear();
    annotations_.clear();
    encode_labels(model_.labels, labels_);
    encode_labels(model_.annotations, annotations_);
    matching_.begin(index_, LabelsView(labels_), LabelsView(annotations_), model_.source);
    matching_.match(Stage::triage, matches_);
  }

  /// Patterns that the model need not fulfil: who has the same one is asked, too.
  void add_those_with_regexes_of(const Predicate& narrow) {
    const std::size_t before = matches_.size();
    for_each_regex(narrow, [&](const Matcher& matcher) {
      const std::uint32_t number = regexes_.find(scope_of(matcher), key_of(matcher));
      if (number == TextTable::kNone) return;
      matches_.insert(matches_.end(), with_regex_[number].begin(), with_regex_[number].end());
    });
    if (matches_.size() == before) return;
    std::ranges::sort(matches_);
    const auto repeats = std::ranges::unique(matches_);
    matches_.erase(repeats.begin(), repeats.end());
  }

  /// One that came first may decide nothing that the later ones do not decide, too.
  std::vector<std::uint32_t> those_needed(std::uint64_t wanted) {
    std::vector<std::uint32_t> out;
    std::uint64_t kept = 0;
    for (std::size_t i = 0; i < found_.size(); ++i) {
      std::uint64_t others = kept;
      for (std::size_t j = i + 1; j < found_.size(); ++j) others |= found_[j].taken;
      if (others == wanted) continue;
      kept |= found_[i].taken;
      out.push_back(found_[i].predicate);
    }
    return out;
  }

  struct Found {
    std::uint32_t predicate;
    std::uint64_t taken;
  };

  std::span<const Predicate* const> predicates_;
  Decisions& decisions_;
  TextTable regexes_;
  std::vector<std::vector<std::uint32_t>> with_regex_;  // The first predicates that have it.
  Index index_;
  Matching matching_;
  Proof proof_;
  Proof::Model model_;
  std::string labels_, annotations_;
  std::vector<LabelBits> needed_;
  std::vector<std::uint32_t> matches_;
  std::vector<Found> found_;
  std::size_t looks_ = 0;
  std::size_t proofs_ = 0;
};

}  // namespace

bool can_hold(const Predicate& predicate, Values values) {
  return Proof(values).can_hold(std::array{Proof::Claim{&predicate, false}});
}

bool can_hold_together(const Predicate& a, const Predicate& b) {
  return Proof().can_hold(std::array{Proof::Claim{&a, false}, Proof::Claim{&b, false}});
}

bool always_holds(const Predicate& predicate) {
  return !Proof().can_hold(std::array{Proof::Claim{&predicate, true}});
}

bool implies(const Predicate& narrow, const Predicate& wide) {
  Proof proof;
  return implies(proof, narrow, wide);
}

bool has_witness(const Predicate& predicate) {
  Vocabulary vocabulary;
  const Condition condition = vocabulary.condition_of(predicate);
  return has_witness(vocabulary, condition);
}

std::vector<std::vector<std::uint32_t>> hidden_by(std::span<const Predicate* const> predicates,
                                                  Decisions& decisions) {
  HiddenSearch search(predicates, decisions);
  std::vector<std::vector<std::uint32_t>> out;
  out.reserve(predicates.size());
  for (std::uint32_t i = 0; i < predicates.size(); ++i) out.push_back(search.before(i));
  return out;
}

}  // namespace tocsin::rules
