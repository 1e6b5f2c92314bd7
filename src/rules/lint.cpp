#include "tocsin/rules/lint.h"

#include <algorithm>
#include <array>
#include <utility>

#include "rules/index.h"
#include "rules/index_tables.h"
#include "rules/proof.h"
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

/// Looks for a subject that fulfils the narrow predicate, lets the index say which others hold for
/// it, and proves what it can of these: no other could be implied.
class HiddenSearch {
 public:
  explicit HiddenSearch(std::span<const Predicate* const> predicates)
      : predicates_(predicates),
        index_(Index::Predicates{std::vector(predicates.begin(), predicates.end())}) {
    for (const Predicate* predicate : predicates) needed_.push_back(needed_labels(*predicate));
  }

  std::optional<std::uint32_t> first_before(std::uint32_t number) {
    const Predicate& narrow = *predicates_[number];
    if (looks_ > kLooksMax || proofs_ > kProofsMax) return std::nullopt;
    if (!proof_.can_hold(std::array{Proof::Claim{&narrow, false}})) return std::nullopt;
    match_model();
    const LabelBits spoken_of = all_labels(narrow);
    std::size_t tried = 0;
    for (const std::uint32_t other : matches_) {
      ++looks_;
      if (other >= number || tried == kProofsOfOneMax) break;
      if ((needed_[other] & ~spoken_of) != 0) continue;
      ++tried;
      ++proofs_;
      if (implies(proof_, narrow, *predicates_[other])) return other;
    }
    return std::nullopt;
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

  std::span<const Predicate* const> predicates_;
  Index index_;
  Matching matching_;
  Proof proof_;
  Proof::Model model_;
  std::string labels_, annotations_;
  std::vector<LabelBits> needed_;
  std::vector<std::uint32_t> matches_;
  std::size_t looks_ = 0;
  std::size_t proofs_ = 0;
};

}  // namespace

bool can_hold(const Predicate& predicate) {
  return Proof().can_hold(std::array{Proof::Claim{&predicate, false}});
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

std::vector<std::optional<std::uint32_t>> hidden_by(std::span<const Predicate* const> predicates) {
  HiddenSearch search(predicates);
  std::vector<std::optional<std::uint32_t>> out;
  for (std::uint32_t i = 0; i < predicates.size(); ++i) out.push_back(search.first_before(i));
  return out;
}

}  // namespace tocsin::rules
