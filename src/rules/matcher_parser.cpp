#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "rules/matcher_grammar.h"
#include "rules/number.h"
#include "rules/regex.h"
#include "tocsin/base/check.h"
#include "tocsin/base/text.h"
#include "tocsin/rules/matcher.h"

namespace tocsin::rules {
namespace {

// Limits of what one text may cost; a pattern costs memory again while it matches.
constexpr std::size_t kTextMax = 64 * 1024;
constexpr std::size_t kMatchersMax = 64;
// Room for hundreds of names in one pattern. Length is not what makes one dear: reading costs some
// bytes for each (shape_bytes_max), a program may take 2 MiB however short its pattern is, and what
// values make of it is bounded (Regex, PatternIndex). A value of 16 KiB takes `(.*.){900}` 0.4 s
// and the dearest pattern of 16 KiB we know 2.4 s: RE2's time is linear in value and program.
constexpr std::size_t kPatternMax = 16 * 1024;
/// Common patterns cost 30 to 80 bytes for each of theirs.
constexpr std::size_t kCostOfARulesByte = 128;

template <class T>
using Result = std::expected<T, MatcherError>;

struct Operator {
  std::string_view text;
  Op op;
};
/// Longer ones first, so that ">=" is not read as ">".
constexpr std::array<Operator, 8> kOperators = {{{"=~", Op::matches},
                                                 {"!~", Op::not_matches},
                                                 {"!=", Op::not_equal},
                                                 {">=", Op::greater_equal},
                                                 {"<=", Op::less_equal},
                                                 {"=", Op::equal},
                                                 {">", Op::greater},
                                                 {"<", Op::less}}};

constexpr std::string_view kMatcherCure = "write name=\"value\"";
constexpr std::string_view kQuoteCure = "put the value in double quotes";

constexpr bool is_comparison(Op op) {
  return op == Op::greater || op == Op::greater_equal || op == Op::less || op == Op::less_equal;
}

/// `character "x"`, or words for what cannot be shown as it is.
std::string show(std::string_view rest) {
  if (rest.empty()) return "the end";
  std::string out;
  append_json_string(rest.substr(0, first_code_point(rest).size), out);
  return out;
}

class Parser {
 public:
  Parser(std::string_view text, Grammar grammar, Patterns& patterns)
      : text_(text), grammar_(grammar), patterns_(patterns) {}

  Result<Matcher> one() {
    if (auto bad = check_text()) return std::unexpected(*std::move(bad));
    skip_blanks();
    auto matcher = matcher_here();
    if (!matcher) return matcher;
    skip_blanks();
    if (!at_end()) return std::unexpected(trailing());
    return matcher;
  }

  Result<std::vector<Matcher>> list() {
    if (auto bad = check_text()) return std::unexpected(*std::move(bad));
    std::vector<Matcher> out;
    skip_blanks();
    const std::size_t opened = at_;
    const bool braces = skip("{");
    skip_blanks();
    while (!at_end() && peek() != '}') {
      if (out.size() == kMatchersMax) {
        return std::unexpected(error(at_, "more than " + std::to_string(kMatchersMax) + " matchers",
                                     "name several values with name=~\"a|b\""));
      }
      auto matcher = matcher_here();
      if (!matcher) return std::unexpected(std::move(matcher.error()));
      out.push_back(*std::move(matcher));
      skip_blanks();
      if (!skip(",")) break;
      skip_blanks();
    }
    if (braces && !skip("}")) {
      if (at_end()) return std::unexpected(error(opened, "\"{\" is never closed", "add \"}\""));
      return std::unexpected(trailing());
    }
    skip_blanks();
    if (!at_end()) return std::unexpected(trailing());
    return out;
  }

 private:
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  std::string_view rest() const { return text_.substr(at_); }
  void skip_blanks() {
    while (!at_end() && is_blank(text_[at_])) ++at_;
  }
  bool skip(std::string_view word) {
    if (!rest().starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  static MatcherError error(std::size_t offset, std::string problem, std::string_view cure) {
    return {offset, std::move(problem), std::string(cure)};
  }

  std::optional<MatcherError> check_text() const {
    if (text_.size() > kTextMax) {
      return error(kTextMax, "longer than " + std::to_string(kTextMax) + " bytes",
                   "split it, or match a shorter pattern");
    }
    for (std::size_t i = 0; i < text_.size();) {
      const CodePoint point = first_code_point(text_.substr(i));
      if (!point.valid) return error(i, "a byte that is no UTF-8", "save the file as UTF-8");
      i += point.size;
    }
    return std::nullopt;
  }

  MatcherError trailing() const {
    if (peek() == ',') {
      return error(at_, "\",\" after a matcher",
                   "write one matcher each, or all of them in one list {a=\"b\", c=\"d\"}");
    }
    return error(at_, "unexpected " + show(rest()) + " after a matcher",
                 "put a value with blanks or quotes in double quotes, and \",\" between matchers");
  }

  Result<Matcher> matcher_here() {
    Matcher matcher;
    const std::size_t start = at_;
    if (auto bad = read_name(matcher)) return std::unexpected(*std::move(bad));
    const std::size_t after_name = at_;
    skip_blanks();
    if (at_ > after_name && is_in_keyword()) return read_in(std::move(matcher));
    for (const Operator& candidate : kOperators) {
      if (!skip(candidate.text)) continue;
      matcher.op = candidate.op;
      return read_operand(std::move(matcher), at_ - candidate.text.size());
    }
    if (!at_end() && peek() != ',' && peek() != '}') {
      return std::unexpected(error(at_, "expected an operator, found " + show(rest()),
                                   "one of = != =~ !~ > >= < <= in; a name with such a "
                                   "character stands in double quotes"));
    }
    if (grammar_ == Grammar::alertmanager) {
      return std::unexpected(
          error(start, "an operator is missing", "write name!=\"\" for a label that is present"));
    }
    matcher.op = Op::present;
    return matcher;
  }

  std::optional<MatcherError> read_name(Matcher& matcher) {
    const std::size_t start = at_;
    if (peek() == '"') {
      auto quoted = read_quoted();
      if (!quoted) return std::move(quoted.error());
      if (quoted->empty()) return error(start, "an empty name", "name the label");
      matcher.name = *std::move(quoted);
      return std::nullopt;
    }
    while (!at_end() && is_bare_name_char(text_[at_])) ++at_;
    const std::string_view name = text_.substr(start, at_ - start);
    if (name.empty()) return missing_name();
    if (name == kSourceName) {
      matcher.field = Field::source;
      matcher.name = "source";
    } else if (name.starts_with(kAnnotationPrefix)) {
      matcher.field = Field::annotation;
      matcher.name = name.substr(kAnnotationPrefix.size());
      if (matcher.name.empty()) {
        return error(start, "the annotation's name is missing", "write annotations.summary");
      }
    } else if (name.starts_with(kMetaPrefix)) {
      return error(start, "unknown name \"" + std::string(name) + "\"",
                   "meta.source is the only one; a label of that name stands in double quotes");
    } else {
      matcher.name = name;
    }
    return std::nullopt;
  }

  MatcherError missing_name() const {
    if (at_end()) return error(at_, "a matcher is missing", kMatcherCure);
    if (peek() == '!') {
      return error(at_, "\"!\" before a name", "write name=\"\" for a label that is absent");
    }
    if (peek() == '{') {
      return error(at_, "\"{\" where one matcher is expected", "write its matchers one by one");
    }
    if (is_operator_char(peek())) {
      return error(at_, "a name is missing before the operator", kMatcherCure);
    }
    return error(at_, "expected a name, found " + show(rest()),
                 "a name with such a character stands in double quotes");
  }

  bool is_in_keyword() const {
    if (!rest().starts_with("in")) return false;
    return at_ + 2 == text_.size() || is_blank(text_[at_ + 2]) || text_[at_ + 2] == '(';
  }

  Result<Matcher> read_in(Matcher matcher) {
    if (grammar_ == Grammar::alertmanager) {
      return std::unexpected(error(at_, "\"in\" is not available here", "write name=~\"a|b\""));
    }
    at_ += 2;
    skip_blanks();
    const std::size_t opened = at_;
    if (!skip("(")) {
      return std::unexpected(
          error(at_, "\"(\" is missing after \"in\"", "write name in (\"a\", \"b\")"));
    }
    matcher.op = Op::in;
    do {
      skip_blanks();
      const bool quoted = peek() == '"';
      auto value = quoted ? read_quoted() : read_bare("()");
      if (!value) return std::unexpected(std::move(value.error()));
      if (value->empty() && !quoted) {
        return std::unexpected(error(at_, "a value is missing", "write name in (\"a\", \"b\")"));
      }
      matcher.set.push_back(*std::move(value));
      skip_blanks();
    } while (skip(","));
    if (!skip(")")) {
      return std::unexpected(at_end() ? error(opened, "\"(\" is never closed", "add \")\"")
                                      : error(at_, "expected \",\" or \")\", found " + show(rest()),
                                              "write name in (\"a\", \"b\")"));
    }
    std::ranges::sort(matcher.set);
    const auto repeats = std::ranges::unique(matcher.set);
    matcher.set.erase(repeats.begin(), repeats.end());
    return matcher;
  }

  Result<Matcher> read_operand(Matcher matcher, std::size_t operator_at) {
    if (grammar_ == Grammar::alertmanager && is_comparison(matcher.op)) {
      return std::unexpected(
          error(operator_at, "comparisons are not available here", "one of = != =~ !~"));
    }
    skip_blanks();
    const std::size_t start = at_;
    if (is_operator_char(peek())) {
      return std::unexpected(
          error(at_, "unexpected " + show(rest()) + " after the operator",
                "one of = != =~ !~ > >= < <=; a value that begins so stands in double quotes"));
    }
    auto value = peek() == '"' ? read_quoted() : read_bare("");
    if (!value) return std::unexpected(std::move(value.error()));
    matcher.value = *std::move(value);
    if (is_comparison(matcher.op)) return with_number(std::move(matcher), start);
    if (matcher.op == Op::matches || matcher.op == Op::not_matches) {
      return with_regex(std::move(matcher), start);
    }
    return matcher;
  }

  static Result<Matcher> with_number(Matcher matcher, std::size_t start) {
    const std::optional<double> number = to_number(matcher.value);
    if (!number || !std::isfinite(*number)) {
      std::string shown;
      append_json_string(matcher.value, shown);
      return std::unexpected(
          error(start, shown + " is no number", "write a decimal number, or compare with ="));
    }
    matcher.number = *number;
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *number).ptr;
    matcher.value.assign(digits.data(), end);
    return matcher;
  }

  Result<Matcher> with_regex(Matcher matcher, std::size_t start) {
    if (matcher.value.size() > kPatternMax) {
      return std::unexpected(error(
          start, "a pattern longer than " + std::to_string(kPatternMax) + " bytes", "split it"));
    }
    if (!patterns_.takes(matcher.value)) {
      return std::unexpected(
          error(start, "the patterns before this one cost all that patterns may cost together",
                "use fewer repetitions such as {1,100}, and fewer classes such as \\pL in them"));
    }
    auto regex = patterns_.read(matcher.value);
    if (!regex) {
      return std::unexpected(error(start, "not a regular expression: " + regex.error(),
                                   "RE2 syntax; a literal . * + ? ( ) [ ] stands behind a \\"));
    }
    matcher.regex = *std::move(regex);
    return matcher;
  }

  /// After an opening quote. As in Alertmanager only \" \\ and \n are escapes and any other
  /// backslash stands for itself, so that "\d+" is a pattern.
  Result<std::string> read_quoted() {
    const std::size_t opened = at_++;
    std::string out;
    while (!at_end()) {
      const char c = text_[at_++];
      if (c == '"') return out;
      if (c == '\\' && append_escape(out)) continue;
      out += c;
    }
    return std::unexpected(error(opened, "a quote is never closed", "add \""));
  }

  /// A value without quotes, up to a blank, a character that needs quotes or one of `ends`.
  Result<std::string> read_bare(std::string_view ends) {
    if (peek() == '\'' || peek() == '`') {
      return std::unexpected(
          error(at_, "unexpected " + show(rest()) + " before a value", "use double quotes"));
    }
    std::string out;
    while (!at_end() && is_bare_value_char(text_[at_]) && ends.find(text_[at_]) == ends.npos) {
      const char c = text_[at_++];
      if (c == '\\' && append_escape(out)) continue;
      out += c;
    }
    if (peek() == '"' || peek() == '{') {
      return std::unexpected(error(at_, show(rest()) + " in a value without quotes", kQuoteCure));
    }
    return out;
  }

  /// After a backslash; false if it stands for itself.
  bool append_escape(std::string& out) {
    const char c = peek();
    if (c != '"' && c != '\\' && c != 'n') return false;
    out += c == 'n' ? '\n' : c;
    ++at_;
    return true;
  }

  std::string_view text_;
  Grammar grammar_;
  Patterns& patterns_;
  std::size_t at_ = 0;
};

}  // namespace

std::expected<std::shared_ptr<const Regex>, std::string> Patterns::read(
    const std::string& pattern) {
  if (const auto known = known_.find(pattern); known != known_.end()) return known->second;
  CHECK(left_ > 0);
  std::size_t cost = 0;
  auto regex = Regex::read(pattern, cost);
  left_ -= static_cast<std::int64_t>(cost);
  if (!regex) return regex;
  known_.emplace((*regex)->pattern(), *regex);
  if (of_ == Of::rules) left_ += static_cast<std::int64_t>(pattern.size() * kCostOfARulesByte);
  return regex;
}

std::expected<Matcher, MatcherError> parse_matcher(std::string_view text, Grammar grammar) {
  Patterns patterns;
  return parse_matcher(text, grammar, patterns);
}

std::expected<Matcher, MatcherError> parse_matcher(std::string_view text, Grammar grammar,
                                                   Patterns& patterns) {
  return Parser(text, grammar, patterns).one();
}

std::expected<std::vector<Matcher>, MatcherError> parse_selector(std::string_view text,
                                                                 Grammar grammar) {
  Patterns patterns;
  return parse_selector(text, grammar, patterns);
}

std::expected<std::vector<Matcher>, MatcherError> parse_selector(std::string_view text,
                                                                 Grammar grammar,
                                                                 Patterns& patterns) {
  return Parser(text, grammar, patterns).list();
}

}  // namespace tocsin::rules
