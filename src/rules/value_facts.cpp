#include "rules/value_facts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <ranges>

#include "rules/matcher_value.h"
#include "rules/pattern_shape.h"
#include "rules/regex.h"
#include "tocsin/base/check.h"

namespace tocsin::rules {
namespace {

using Where = PatternPiece::Where;

/// Patterns of thousands of alternatives are not worth more.
constexpr std::size_t kPiecesComparedMax = 10'000;
constexpr std::size_t kPiecesTriedMax = 8;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Negated operators as what they are.
bool must_match(Literal literal) {
  return (literal.matcher->op == Op::matches && !literal.negated) ||
         (literal.matcher->op == Op::not_matches && literal.negated);
}

bool must_not_match(Literal literal) {
  return (literal.matcher->op == Op::matches && literal.negated) ||
         (literal.matcher->op == Op::not_matches && !literal.negated);
}

bool is_comparison(Op op) { return op >= Op::greater; }

bool fulfils(std::string_view value, std::span<const Literal> literals) {
  return std::ranges::all_of(literals, [&](Literal literal) {
    return holds_for(*literal.matcher, value) != literal.negated;
  });
}

/// Whether all that one piece with dots holds for is held for by the other, too. Both hold only for
/// what `.*` matches.
bool is_within(const PatternPiece& narrow, const PatternPiece& wide) {
  const bool longer = !wide.longer || narrow.longer || narrow.text.size() > wide.text.size();
  switch (wide.where) {
    case Where::prefix:
      if (wide.text.empty()) return !wide.longer || narrow.longer || !narrow.text.empty();
      return narrow.where == Where::prefix && longer && narrow.text.starts_with(wide.text);
    case Where::suffix:
      return narrow.where == Where::suffix && longer && narrow.text.ends_with(wide.text);
    case Where::inside:
      return narrow.text.contains(wide.text);
    case Where::whole:
      return false;
  }
  CHECK(!"a place outside its enumeration");
}

bool is_within(const Regex& narrow, const Regex& wide) {
  if (narrow.pattern() == wide.pattern()) return true;
  if (!narrow.is_simple()) return false;
  const std::size_t compared = wide.is_simple() ? wide.pieces().size() : 1;
  if (narrow.pieces().size() * compared > kPiecesComparedMax) return false;
  return std::ranges::all_of(narrow.pieces(), [&](const PatternPiece& piece) {
    if (piece.where == Where::whole) return wide.matches_whole(piece.text);
    return wide.is_simple() && std::ranges::any_of(wide.pieces(), [&](const PatternPiece& other) {
             return is_within(piece, other);
           });
  });
}

/// Of two pieces with dots: whether no value is held for by both.
bool are_disjoint(const PatternPiece& a, const PatternPiece& b) {
  if (a.where != b.where) return false;
  if (a.where == Where::prefix) return !a.text.starts_with(b.text) && !b.text.starts_with(a.text);
  if (a.where == Where::suffix) return !a.text.ends_with(b.text) && !b.text.ends_with(a.text);
  return false;
}

/// Whether each piece of the one holds for nothing that the other matches, as far as that is easy.
bool are_disjoint(const Regex& a, const Regex& b) {
  if (!a.is_simple() || !b.is_simple()) return false;
  if (a.pieces().size() * b.pieces().size() > kPiecesComparedMax) return false;
  const auto no_whole_text_in = [](const Regex& texts, const Regex& other) {
    return std::ranges::none_of(texts.pieces(), [&](const PatternPiece& piece) {
      return piece.where == Where::whole && other.matches_whole(piece.text);
    });
  };
  if (!no_whole_text_in(a, b) || !no_whole_text_in(b, a)) return false;
  return std::ranges::all_of(a.pieces(), [&](const PatternPiece& one) {
    return std::ranges::all_of(b.pieces(), [&](const PatternPiece& other) {
      const bool is_told = one.where == Where::whole || other.where == Where::whole;
      return is_told || are_disjoint(one, other);
    });
  });
}

/// What comparisons leave of the numbers.
struct Range {
  double low = -kInfinity;
  double high = kInfinity;
  bool without_low = false;
  bool without_high = false;

  void above(double bound, bool without) {
    if (bound < low) return;
    without_low = bound > low ? without : without_low || without;
    low = bound;
  }
  void below(double bound, bool without) {
    if (bound > high) return;
    without_high = bound < high ? without : without_high || without;
    high = bound;
  }
  void take(Literal literal) {
    const double bound = literal.matcher->number;
    switch (literal.matcher->op) {
      case Op::greater:
        return literal.negated ? below(bound, false) : above(bound, true);
      case Op::greater_equal:
        return literal.negated ? below(bound, true) : above(bound, false);
      case Op::less:
        return literal.negated ? above(bound, false) : below(bound, true);
      default:
        return literal.negated ? above(bound, true) : below(bound, false);
    }
  }
  bool is_empty() const { return low > high || (low == high && (without_low || without_high)); }
};

std::optional<Range> range_of(std::span<const Literal> literals) {
  const auto is_number = [](Literal literal) {
    return is_comparison(literal.matcher->op) && !literal.negated;
  };
  // A comparison that must fail fails for anything that is no number.
  if (std::ranges::none_of(literals, is_number)) return std::nullopt;
  Range range;
  for (const Literal literal : literals) {
    if (is_comparison(literal.matcher->op)) range.take(literal);
  }
  return range;
}

void add_number(double number, std::vector<std::string>& out) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.emplace_back(digits.data(), end);
}

void add_numbers(const Range& range, std::vector<std::string>& out) {
  if (std::isfinite(range.low)) {
    add_number(range.low, out);
    add_number(range.low + 1, out);
  }
  if (std::isfinite(range.high)) {
    add_number(range.high, out);
    add_number(range.high - 1, out);
    if (std::isfinite(range.low)) add_number(range.low / 2 + range.high / 2, out);
  }
}

void add_matching(const std::vector<PatternPiece>& pieces, std::vector<std::string>& out) {
  for (const PatternPiece& piece : pieces | std::views::take(kPiecesTriedMax)) {
    const std::string more = piece.longer || piece.text.empty() ? "x" : "";
    out.push_back(piece.where == Where::suffix ? more + piece.text : piece.text + more);
  }
}

/// Some value that is there, of which nothing else is known.
constexpr std::string_view kAny = "any";

}  // namespace

std::optional<std::vector<std::string>> only_values(Literal literal) {
  const Matcher& matcher = *literal.matcher;
  switch (matcher.op) {
    case Op::equal:
    case Op::not_equal:
      if ((matcher.op == Op::equal) == literal.negated) return std::nullopt;
      return std::vector{matcher.value};
    case Op::in:
      if (literal.negated) return std::nullopt;
      return matcher.set;
    case Op::present:
      if (!literal.negated) return std::nullopt;
      return std::vector{std::string()};
    case Op::matches:
    case Op::not_matches: {
      if (!must_match(literal)) return std::nullopt;
      if (!matcher.regex->is_simple()) return std::nullopt;
      std::vector<std::string> out;
      for (const PatternPiece& piece : matcher.regex->pieces()) {
        if (piece.where != Where::whole) return std::nullopt;
        out.push_back(piece.text);
      }
      return out;
    }
    default:
      return std::nullopt;
  }
}

bool numbers_agree(std::span<const Literal> literals) {
  const std::optional<Range> range = range_of(literals);
  return !range || !range->is_empty();
}

bool patterns_disagree(std::span<const Literal> literals) {
  for (const Literal& narrow : literals) {
    if (!must_match(narrow)) continue;
    for (const Literal& other : literals) {
      const Regex& pattern = *narrow.matcher->regex;
      if (must_not_match(other) && is_within(pattern, *other.matcher->regex)) return true;
      // Each pair once.
      const bool is_later = std::less<>()(&narrow, &other);
      if (is_later && must_match(other) && are_disjoint(pattern, *other.matcher->regex)) {
        return true;
      }
    }
  }
  return false;
}

bool refuse_lines(std::span<const Literal> literals) {
  const bool is_there = std::ranges::any_of(literals, [](Literal literal) {  //
    return holds_for(*literal.matcher, "") == literal.negated;
  });
  const auto matches_lines = [is_there](const PatternPiece& piece) {
    return piece.where == Where::prefix && piece.text.empty() && (is_there || !piece.longer);
  };
  return std::ranges::any_of(literals, [&](Literal literal) {
    return must_not_match(literal) && literal.matcher->regex->is_simple() &&
           std::ranges::any_of(literal.matcher->regex->pieces(), matches_lines);
  });
}

std::optional<std::string> value_for(std::span<const Literal> literals) {
  std::vector<std::string> tried;
  bool must_match_regex = false;
  for (const Literal literal : literals) {
    if (auto values = only_values(literal)) {
      tried = *std::move(values);
      must_match_regex = false;
      break;
    }
    if (!must_match(literal)) continue;
    if (literal.matcher->regex->is_simple()) {
      add_matching(literal.matcher->regex->pieces(), tried);
    } else {
      must_match_regex = true;
    }
  }
  if (must_match_regex) return std::string(kAny);
  tried.emplace_back();
  if (const auto range = range_of(literals)) add_numbers(*range, tried);
  tried.emplace_back(kAny);
  const auto found = std::ranges::find_if(
      tried, [&](const std::string& value) { return fulfils(value, literals); });
  if (found == tried.end()) return std::nullopt;
  return std::move(*found);
}

}  // namespace tocsin::rules
