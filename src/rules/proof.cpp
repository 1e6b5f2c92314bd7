#include "rules/proof.h"

#include <algorithm>
#include <utility>

#include "rules/matcher_value.h"
#include "rules/value_facts.h"
#include "tocsin/base/check.h"
#include "tocsin/base/overloaded.h"

namespace tocsin::rules {
namespace {

/// What one proof may cost: a matcher looked at is a step, a pattern asked several.
constexpr std::size_t kStepsMax = 20'000;
constexpr std::size_t kStepsOfPattern = 4;
constexpr std::size_t kModelLiteralsMax = 1'000;
constexpr int kChoicesMax = 200;  // Each takes room on the stack.

bool is_same_label(const Matcher& a, const Matcher& b) {
  return a.field == b.field && (a.field == Field::source || a.name == b.name);
}

std::size_t steps_of(const Matcher& matcher) {
  return matcher.op == Op::matches || matcher.op == Op::not_matches ? kStepsOfPattern : 1;
}

}  // namespace

bool Proof::spend(std::size_t steps) {
  steps_ += steps;
  return steps_ <= kStepsMax;
}

bool Proof::can_hold(std::span<const Claim> claims) {
  literals_.clear();
  choices_.clear();
  steps_ = 0;
  for (const Claim& claim : claims) {
    if (!add(claim)) return false;
  }
  return choose(0, 0);
}

/// All terms must hold, or one of them, which is decided later.
bool Proof::add_terms(const std::vector<Predicate>& terms, bool all, Claim claim) {
  if (all == claim.negated) {
    if (terms.empty()) return false;
    choices_.push_back(claim);
    return true;
  }
  return std::ranges::all_of(terms, [&](const Predicate& term) {
    return add(Claim{&term, claim.negated});
  });
}

bool Proof::add(Claim claim) {
  return std::visit(Overloaded{
                        [&](const AllOf& all) { return add_terms(all.terms, true, claim); },
                        [&](const AnyOf& any) { return add_terms(any.terms, false, claim); },
                        [&](const Not& no) {
                          CHECK(no.term.size() == 1);
                          return add(Claim{&no.term.front(), !claim.negated});
                        },
                        [&](const Matcher& matcher) {
                          return add(Literal{&matcher, claim.negated});
                        },
                    },
                    claim.predicate->kind);
}

bool Proof::add(Literal literal) {
  literals_.push_back(literal);
  return agrees(*literal.matcher);
}

bool Proof::choose(std::size_t next, int depth) {
  if (next == choices_.size() || depth == kChoicesMax || !spend(1)) return true;
  const Claim claim = choices_[next];
  const auto* const all = std::get_if<AllOf>(&claim.predicate->kind);
  const std::vector<Predicate>& terms =
      all ? all->terms : std::get<AnyOf>(claim.predicate->kind).terms;
  for (const Predicate& term : terms) {
    const std::size_t literals = literals_.size();
    const std::size_t choices = choices_.size();
    if (add(Claim{&term, claim.negated}) && choose(next + 1, depth + 1)) return true;
    literals_.resize(literals);
    choices_.resize(choices);
  }
  return false;
}

bool Proof::agrees(const Matcher& about) {
  if (!spend(literals_.size() / 4)) return true;
  about_.clear();
  std::size_t steps = 0;
  for (const Literal literal : literals_) {
    if (!is_same_label(*literal.matcher, about)) continue;
    about_.push_back(literal);
    steps += steps_of(*literal.matcher);
  }
  if (!spend(steps)) return true;
  std::optional<std::vector<std::string>> values;
  for (const Literal literal : about_) {
    auto only = only_values(literal);
    if (only && !spend(only->size() / 8)) return true;
    if (only && (!values || only->size() < values->size())) values = std::move(only);
  }
  if (!values) {
    return numbers_agree(about_) && !patterns_disagree(about_) &&
           (values_ == Values::any || !refuse_lines(about_));
  }
  return std::ranges::any_of(*values, [&](const std::string& value) {
    if (!spend(steps)) return true;
    return std::ranges::all_of(about_, [&](Literal literal) {
      return holds_for(*literal.matcher, value) != literal.negated;
    });
  });
}

void Proof::find_model(Model& model) const {
  model.labels.clear();
  model.annotations.clear();
  model.source = {};
  model.texts.clear();
  if (literals_.size() > kModelLiteralsMax) return;
  model.texts.reserve(literals_.size());  // Their places are kept.
  std::vector<Literal> left = literals_;
  while (!left.empty()) {
    const Matcher& about = *left.front().matcher;
    const auto others = std::ranges::stable_partition(
        left, [&](Literal literal) { return is_same_label(*literal.matcher, about); });
    const auto count = static_cast<std::size_t>(others.begin() - left.begin());
    model.texts.push_back(value_for(std::span(left).first(count)).value_or(""));
    const std::string_view value = model.texts.back();
    if (about.field == Field::label) model.labels.push_back({about.name, value});
    if (about.field == Field::annotation) model.annotations.push_back({about.name, value});
    if (about.field == Field::source) model.source = value;
    left.erase(left.begin(), others.begin());
  }
}

}  // namespace tocsin::rules
