#include "rules/value_facts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
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
  for (const Literal narrow : literals) {
    if (!must_match(narrow)) continue;
    for (const Literal wide : literals) {
      if (must_not_match(wide) && is_within(*narrow.matcher->regex, *wide.matcher->regex)) {
        return true;
      }
    }
  }
  return false;
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
