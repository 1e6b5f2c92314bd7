#include "rules/pattern_shape.h"

#include <algorithm>
#include <utility>

#include "tocsin/base/text.h"

namespace tocsin::rules {
namespace {

constexpr int kDepthMax = 16;
/// Fragments of one pattern: alternatives are written out by somebody, products grow by themselves.
constexpr std::size_t kAlternativesMax = 16 * 1024;
constexpr std::size_t kProductMax = 512;

enum class Dots : std::uint8_t { none, any, some };  // nothing · `.*` · `.+`

/// lead text tail. Dots alone are a lead without text and tail.
struct Fragment {
  Dots lead = Dots::none;
  std::string text;
  Dots tail = Dots::none;
  bool is_empty() const { return lead == Dots::none && text.empty() && tail == Dots::none; }
  bool is_text() const { return lead == Dots::none && tail == Dots::none; }
  bool is_dots() const { return lead != Dots::none && text.empty(); }
};
using Fragments = std::vector<Fragment>;

/// Nothing if dots would stand between texts, or next to dots.
std::optional<Fragment> join(const Fragment& a, const Fragment& b) {
  if (a.is_empty()) return b;
  if (b.is_empty()) return a;
  if (a.tail != Dots::none) return std::nullopt;
  if (b.lead == Dots::none) return Fragment{a.lead, a.text + b.text, b.tail};
  if (!b.is_dots() || a.is_dots()) return std::nullopt;
  return Fragment{a.lead, a.text, b.lead};
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_repeat(char c) { return c == '*' || c == '+' || c == '?' || c == '{'; }

class PatternReader {
 public:
  explicit PatternReader(std::string_view text)
      : rest_(text), written_max_(shape_bytes_max(text)) {}

  std::optional<Fragments> all() {
    auto out = alternatives(0);
    if (!out || !rest_.empty()) return std::nullopt;
    return out;
  }
  std::size_t written() const { return written_; }

 private:
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool skip(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  bool at_branch_end() const { return rest_.empty() || peek() == '|' || peek() == ')'; }

  std::optional<Fragments> alternatives(int depth) {
    Fragments out;
    do {
      auto branch = sequence(depth);
      if (!branch || out.size() + branch->size() > kAlternativesMax) return std::nullopt;
      std::ranges::move(*branch, std::back_inserter(out));
    } while (skip("|"));
    return out;
  }

  /// Anchors may stand around a whole branch of the top: the match is anchored anyhow.
  std::optional<Fragments> sequence(int depth) {
    if (depth == 0) skip("^");
    Fragments out = {Fragment{}};
    while (!at_branch_end()) {
      if (depth == 0 && skip("$")) return at_branch_end() ? std::optional(out) : std::nullopt;
      auto next = element(depth);
      if (!next) return std::nullopt;
      if (!append(*std::move(next), out)) return std::nullopt;
    }
    return out;
  }

  /// Each of `out` with each of `next`. False if that is nothing simple, or too much.
  bool append(Fragments next, Fragments& out) {
    if (out.size() == 1 && out.front().is_empty()) {
      out = std::move(next);
      return true;
    }
    if (out.size() > 1 && next.size() > 1 && out.size() * next.size() > kProductMax) return false;
    Fragments longer;
    for (const Fragment& a : out) {
      for (const Fragment& b : next) {
        const std::size_t size = 1 + a.text.size() + b.text.size();
        if (size > written_max_ - written_) return false;
        written_ += size;
        auto joined = join(a, b);
        if (!joined) return false;
        longer.push_back(*std::move(joined));
      }
    }
    out = std::move(longer);
    return true;
  }

  std::optional<Fragments> element(int depth) {
    if (peek() == '.') return dots();
    auto out = one(depth);
    if (!out) return std::nullopt;
    if (skip("?")) {
      if (out->size() >= kProductMax) return std::nullopt;
      out->push_back(Fragment{});
    }
    // Any other repeat, and a second one, is RE2's.
    if (!rest_.empty() && is_repeat(peek())) return std::nullopt;
    return out;
  }

  std::optional<Fragments> dots() {
    Dots kind = Dots::none;
    if (skip(".*")) kind = Dots::any;
    if (kind == Dots::none && skip(".+")) kind = Dots::some;
    if (kind == Dots::none) return std::nullopt;
    skip("?");  // Lazy: for a whole match it makes no difference.
    if (!rest_.empty() && is_repeat(peek())) return std::nullopt;
    return Fragments{Fragment{.lead = kind}};
  }

  std::optional<Fragments> one(int depth) {
    const char c = peek();
    if (c == '(') return group(depth);
    if (c == '[') return characters();
    return text();
  }

  /// Characters that stand for themselves, as one text. A repeat after them is about the last one
  /// only, which is then a text of its own.
  std::optional<Fragments> text() {
    std::string out;
    while (true) {
      const std::string_view before = rest_;
      const std::string_view next = take_character();
      if (next.empty()) break;
      if (!out.empty() && !rest_.empty() && is_repeat(peek())) {
        rest_ = before;
        break;
      }
      out += next;
    }
    if (out.empty()) return std::nullopt;
    return Fragments{Fragment{.text = std::move(out)}};
  }

  /// Nothing, and nothing is taken, where none stands that is simple.
  std::string_view take_character() {
    if (rest_.empty()) return {};
    if (peek() == '\\') return take_escaped();
    if (std::string_view(".|()[]{}*+?^$").contains(peek())) return {};
    const CodePoint point = first_code_point(rest_);
    if (!point.valid) return {};
    const std::string_view out = rest_.substr(0, point.size);
    rest_.remove_prefix(point.size);
    return out;
  }

  std::string_view take_escaped() {
    const char c = rest_.size() > 1 ? rest_[1] : '\0';
    const bool is_punctuation = c > ' ' && c < 0x7f && !is_letter_or_digit(c) && c != '_';
    if (!is_punctuation) return {};
    const std::string_view out = rest_.substr(1, 1);
    rest_.remove_prefix(2);
    return out;
  }

  std::optional<Fragments> group(int depth) {
    if (depth == kDepthMax) return std::nullopt;
    if (!skip("(?:")) {
      skip("(");
      if (peek() == '?') return std::nullopt;  // Flags and names.
    }
    auto out = alternatives(depth + 1);
    if (!out || !skip(")")) return std::nullopt;
    return out;
  }

  /// A few letters and digits in brackets, without ranges.
  std::optional<Fragments> characters() {
    skip("[");
    Fragments out;
    for (; is_letter_or_digit(peek()); rest_.remove_prefix(1)) {
      out.push_back(Fragment{.text = std::string(1, peek())});
    }
    if (out.empty() || !skip("]")) return std::nullopt;
    return out;
  }

  std::string_view rest_;
  std::size_t written_max_;
  std::size_t written_ = 0;
};

std::optional<PatternPiece> piece_of(Fragment fragment) {
  using Where = PatternPiece::Where;
  if (fragment.is_text()) return PatternPiece{Where::whole, false, std::move(fragment.text)};
  if (fragment.text.contains('\n')) return std::nullopt;
  const bool lead = fragment.lead != Dots::none;
  const bool tail = fragment.tail != Dots::none;
  const bool longer = fragment.lead == Dots::some || fragment.tail == Dots::some;
  if (lead && tail) {
    if (longer) return std::nullopt;
    return PatternPiece{Where::inside, false, std::move(fragment.text)};
  }
  const Where where = lead && !fragment.text.empty() ? Where::suffix : Where::prefix;
  return PatternPiece{where, longer, std::move(fragment.text)};
}

}  // namespace

std::optional<std::vector<PatternPiece>> read_pattern(std::string_view pattern,
                                                      std::size_t* written) {
  PatternReader reader(pattern);
  auto fragments = reader.all();
  if (written != nullptr) *written = reader.written();
  if (!fragments) return std::nullopt;
  std::vector<PatternPiece> out;
  for (Fragment& fragment : *fragments) {
    auto piece = piece_of(std::move(fragment));
    if (!piece) return std::nullopt;
    out.push_back(*std::move(piece));
  }
  std::ranges::sort(out);
  const auto repeats = std::ranges::unique(out);
  out.erase(repeats.begin(), repeats.end());
  std::size_t bytes = 0;
  for (const PatternPiece& piece : out) bytes += sizeof piece + piece.text.size();
  if (bytes > shape_bytes_max(pattern)) return std::nullopt;
  return out;
}

}  // namespace tocsin::rules
