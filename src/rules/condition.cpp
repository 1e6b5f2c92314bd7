#include "rules/condition.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <iterator>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "rules/regex.h"
#include "tocsin/base/check.h"
#include "tocsin/base/overloaded.h"

namespace tocsin::rules {
namespace {

using Kind = Condition::Kind;

/// Comparing every term with every other pays for few of them only.
constexpr std::size_t kCompareTermsMax = 64;

Condition constant(bool value) { return {.kind = value ? Kind::always : Kind::never}; }

Condition leaf(Test test, std::uint32_t label, std::uint32_t operand) {
  return {.kind = Kind::leaf, .leaf = {test, false, label, operand}};
}

Condition negate_if(bool negated, Condition condition) {
  if (!negated) return condition;
  switch (condition.kind) {
    case Kind::never:
      return constant(true);
    case Kind::always:
      return constant(false);
    case Kind::leaf:
      condition.leaf.negated = !condition.leaf.negated;
      return condition;
    case Kind::all:
    case Kind::any:
      break;
  }
  CHECK(!"only leaves and constants are negated");
}

/// Nothing if no number fulfils it.
std::optional<Threshold> threshold_of(const Matcher& matcher, std::uint32_t label) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double number = matcher.number + 0.0;  // -0.0 becomes 0.0, which compares alike.
  if (std::isnan(number)) return std::nullopt;
  switch (matcher.op) {
    case Op::greater:
      if (number == kInfinity) return std::nullopt;
      return Threshold{label, true, std::nextafter(number, kInfinity)};
    case Op::greater_equal:
      return Threshold{label, true, number};
    case Op::less:
      if (number == -kInfinity) return std::nullopt;
      return Threshold{label, false, std::nextafter(number, -kInfinity) + 0.0};
    default:
      return Threshold{label, false, number};
  }
}

Test test_of_pattern(bool holds_absent) {
  return holds_absent ? Test::pattern_or_absent : Test::pattern;
}

bool is_value_or_set(const Condition& term, bool negated) {
  return term.kind == Kind::leaf && term.leaf.negated == negated &&
         (term.leaf.test == Test::value || term.leaf.test == Test::set);
}

std::string_view bytes_of(const std::vector<std::uint32_t>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(std::uint32_t)};
}

void sort_once(std::vector<std::uint32_t>& numbers) {
  std::ranges::sort(numbers);
  const auto repeats = std::ranges::unique(numbers);
  numbers.erase(repeats.begin(), repeats.end());
}

bool holds_for_nothing(const PatternPiece& piece) { return piece.text.empty() && !piece.longer; }

void drop_repeated_leaves(std::vector<Condition>& terms) {
  if (terms.size() > kCompareTermsMax) return;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (terms[i].kind != Kind::leaf) continue;
    const auto repeats = [&](const Condition& other) {
      return other.kind == Kind::leaf && other.leaf == terms[i].leaf;
    };
    const auto after = terms.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    terms.erase(std::remove_if(after, terms.end(), repeats), terms.end());
  }
}

}  // namespace

std::uint32_t Vocabulary::label_number(Field field, std::string_view name) {
  const std::uint32_t number = names.add(static_cast<std::uint32_t>(field), name);
  if (number == labels.size()) labels.emplace_back();
  return number;
}

std::uint32_t Vocabulary::value_number(std::uint32_t label, std::string_view value) {
  if (value.empty()) return kAbsent;
  const std::uint32_t number = values.add(label, value);
  if (number == value_uses.size()) {
    value_uses.push_back(0);
    ++labels[label].values;
  }
  return number + kFirstValue;
}

std::uint32_t Vocabulary::add_pattern(Pattern pattern) {
  ++labels[pattern.label].patterns;
  patterns.push_back(std::move(pattern));
  return static_cast<std::uint32_t>(patterns.size() - 1);
}

Condition Vocabulary::condition_of_set(std::uint32_t label, std::vector<std::uint32_t> members) {
  sort_once(members);
  if (members.empty()) return constant(false);
  if (members.size() == 1) return leaf(Test::value, label, members.front());
  const std::uint32_t number = set_texts_.add(label, bytes_of(members));
  if (number == leaf_of_set_.size()) {
    leaf_of_set_.push_back(leaf_of_new_set(label, std::move(members)));
  }
  return {.kind = Kind::leaf, .leaf = leaf_of_set_[number]};
}

Leaf Vocabulary::leaf_of_new_set(std::uint32_t label, std::vector<std::uint32_t> members) {
  if (members.size() <= kSetMax) {
    sets.push_back(std::move(members));
    return {Test::set, false, label, static_cast<std::uint32_t>(sets.size() - 1)};
  }
  const bool holds_absent = members.front() == kAbsent;
  const std::uint32_t pattern = add_pattern({.label = label, .values = std::move(members)});
  return {test_of_pattern(holds_absent), false, label, pattern};
}

/// Whole pieces alone are an equality or a set.
Condition Vocabulary::condition_of_pieces(const Matcher& matcher, std::uint32_t label) {
  Pattern pattern{.label = label};
  bool holds_absent = false;
  if (!matcher.regex->is_simple()) {
    pattern.regex = matcher.regex;
    holds_absent = matcher.regex->matches_whole("");
  } else {
    for (const PatternPiece& piece : matcher.regex->pieces()) {
      holds_absent |= holds_for_nothing(piece);
      if (piece.where == PatternPiece::Where::whole) {
        pattern.values.push_back(value_number(label, piece.text));
      } else {
        pattern.pieces.push_back(piece);
      }
    }
    if (pattern.pieces.empty()) return condition_of_set(label, std::move(pattern.values));
  }
  return leaf(test_of_pattern(holds_absent), label, add_pattern(std::move(pattern)));
}

Condition Vocabulary::condition_of_comparison(const Matcher& matcher, std::uint32_t label) {
  const std::optional<Threshold> threshold = threshold_of(matcher, label);
  if (!threshold) return constant(false);
  std::string key(1 + sizeof(double), threshold->at_least ? '>' : '<');
  std::memcpy(key.data() + 1, &threshold->number, sizeof(double));
  const std::uint32_t number = threshold_texts_.add(label, key);
  if (number == thresholds.size()) thresholds.push_back(*threshold);
  return leaf(Test::threshold, label, number);
}

Condition Vocabulary::condition_of_pattern(const Matcher& matcher, std::uint32_t label) {
  CHECK(matcher.regex != nullptr);
  const std::uint32_t number = pattern_texts_.add(label, matcher.regex->pattern());
  if (number == condition_of_text_.size()) {
    condition_of_text_.push_back(condition_of_pieces(matcher, label));
  }
  return condition_of_text_[number];
}

Condition Vocabulary::condition_of(const Matcher& matcher, bool negated) {
  const std::string_view name = matcher.field == Field::source ? kSourceLabel : matcher.name;
  const std::uint32_t label = label_number(matcher.field, name);
  switch (matcher.op) {
    case Op::equal:
      return negate_if(negated, leaf(Test::value, label, value_number(label, matcher.value)));
    case Op::not_equal:
      return negate_if(!negated, leaf(Test::value, label, value_number(label, matcher.value)));
    case Op::matches:
      return negate_if(negated, condition_of_pattern(matcher, label));
    case Op::not_matches:
      return negate_if(!negated, condition_of_pattern(matcher, label));
    case Op::present:
      return negate_if(!negated, leaf(Test::value, label, kAbsent));
    case Op::in: {
      std::vector<std::uint32_t> members;
      members.reserve(matcher.set.size());
      for (const std::string& value : matcher.set) members.push_back(value_number(label, value));
      return negate_if(negated, condition_of_set(label, std::move(members)));
    }
    case Op::greater:
    case Op::greater_equal:
    case Op::less:
    case Op::less_equal:
      return negate_if(negated, condition_of_comparison(matcher, label));
  }
  CHECK(!"an operator outside its enumeration");
}

/// `any` of x="a" and x="b" is x in (a, b); `all` of x!="a" and x!="b" is its complement.
void Vocabulary::merge_sets(Kind kind, std::vector<Condition>& terms) {
  const bool negated = kind == Kind::all;
  const auto simple = std::ranges::stable_partition(
      terms, [&](const Condition& term) { return !is_value_or_set(term, negated); });
  if (simple.size() < 2) return;
  std::ranges::stable_sort(simple, {}, [](const Condition& term) { return term.leaf.label; });
  std::vector<Condition> merged;
  for (auto from = simple.begin(); from != simple.end();) {
    const std::uint32_t label = from->leaf.label;
    const auto to = std::find_if(from, simple.end(),
                                 [&](const Condition& term) { return term.leaf.label != label; });
    if (to - from == 1) {
      merged.push_back(std::move(*from));
    } else {
      std::vector<std::uint32_t> members;
      for (auto at = from; at != to; ++at) {
        if (at->leaf.test == Test::value) {
          members.push_back(at->leaf.operand);
        } else {
          const std::vector<std::uint32_t>& set = sets[at->leaf.operand];
          members.insert(members.end(), set.begin(), set.end());
        }
      }
      merged.push_back(negate_if(negated, condition_of_set(label, std::move(members))));
    }
    from = to;
  }
  terms.erase(simple.begin(), simple.end());
  std::ranges::move(merged, std::back_inserter(terms));
}

Condition Vocabulary::finish(Kind kind, std::vector<Condition> terms) {
  merge_sets(kind, terms);
  drop_repeated_leaves(terms);
  if (terms.empty()) return constant(kind == Kind::all);
  if (terms.size() == 1) return std::move(terms.front());
  return {.kind = kind, .terms = std::move(terms)};
}

Condition Vocabulary::condition_of_terms(const std::vector<Predicate>& predicates, Kind kind,
                                         bool negated) {
  if (negated) kind = kind == Kind::all ? Kind::any : Kind::all;
  const Kind decides = kind == Kind::all ? Kind::never : Kind::always;
  const Kind neutral = kind == Kind::all ? Kind::always : Kind::never;
  std::vector<Condition> terms;
  for (const Predicate& predicate : predicates) {
    Condition term = condition_of(predicate, negated);
    if (term.kind == decides) return term;
    if (term.kind == neutral) continue;
    if (term.kind == kind) {
      std::ranges::move(term.terms, std::back_inserter(terms));
    } else {
      terms.push_back(std::move(term));
    }
  }
  return finish(kind, std::move(terms));
}

Condition Vocabulary::condition_of(const Predicate& predicate, bool negated) {
  return std::visit(
      Overloaded{
          [&](const AllOf& all) { return condition_of_terms(all.terms, Kind::all, negated); },
          [&](const AnyOf& any) { return condition_of_terms(any.terms, Kind::any, negated); },
          [&](const Not& no) {
            CHECK(no.term.size() == 1);
            return condition_of(no.term.front(), !negated);
          },
          [&](const Matcher& matcher) { return condition_of(matcher, negated); },
      },
      predicate.kind);
}

void Vocabulary::count_use(const Leaf& asked) {
  LabelUse& label = labels[asked.label];
  const auto count_value = [&](std::uint32_t value) {
    ++label.uses;
    if (value >= kFirstValue) ++value_uses[value - kFirstValue];
  };
  switch (asked.test) {
    case Test::value:
      return count_value(asked.operand);
    case Test::set:
      for (const std::uint32_t value : sets[asked.operand]) count_value(value);
      return;
    case Test::pattern:
    case Test::pattern_or_absent:
      ++label.uses;
      ++patterns[asked.operand].uses;
      return;
    default:
      return;
  }
}

Condition Vocabulary::condition_of(const Predicate& predicate) {
  Condition out = condition_of(predicate, false);
  const auto count = [this](const auto& self, const Condition& condition) -> void {
    if (condition.kind == Kind::leaf) count_use(condition.leaf);
    for (const Condition& term : condition.terms) self(self, term);
  };
  count(count, out);
  return out;
}

std::vector<std::uint32_t> Vocabulary::order_values() {
  std::uint32_t next = 0;
  for (LabelUse& label : labels) {
    label.first_value = next + kFirstValue;
    next += label.values;
  }
  std::vector<std::uint32_t> to = values.scopes();
  std::vector<std::uint32_t> taken(labels.size());
  for (std::uint32_t& number : to) {
    const std::uint32_t label = number;
    number = labels[label].first_value - kFirstValue + taken[label]++;
  }
  values.renumber(to);
  std::vector<std::uint32_t> uses(value_uses.size());
  for (std::size_t i = 0; i < to.size(); ++i) uses[to[i]] = value_uses[i];
  value_uses = std::move(uses);
  std::vector<std::uint32_t> by_number = {kAbsent, kUnknownValue};
  for (const std::uint32_t number : to) by_number.push_back(number + kFirstValue);
  const auto change = [&](std::vector<std::uint32_t>& members) {
    for (std::uint32_t& member : members) member = by_number[member];
    std::ranges::sort(members);
  };
  for (std::vector<std::uint32_t>& set : sets) change(set);
  for (Pattern& pattern : patterns) change(pattern.values);
  return by_number;
}

std::vector<std::uint32_t> Vocabulary::order_thresholds() {
  std::vector<std::uint32_t> order(thresholds.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, std::less<>(), [&](std::uint32_t old) { return thresholds[old]; });
  std::vector<std::uint32_t> to(order.size());
  std::vector<Threshold> sorted;
  for (const std::uint32_t old : order) {
    to[old] = static_cast<std::uint32_t>(sorted.size());
    sorted.push_back(thresholds[old]);
  }
  thresholds = std::move(sorted);
  return to;
}

}  // namespace tocsin::rules
