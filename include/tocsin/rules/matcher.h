#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tocsin/alert/labels.h"

namespace tocsin::rules {

/// A pattern of RE2; immutable, shared by copies.
class Regex;

enum class Op : std::uint8_t {
  equal,        // name="v"
  not_equal,    // name!="v"
  matches,      // name=~"re": RE2, fully anchored
  not_matches,  // name!~"re"
  present,      // name                (rules, q= and CLI only)
  in,           // name in ("a","b")   (rules, q= and CLI only)
  greater,      // name > 5            (rules, q= and CLI only; false for what is no number)
  greater_equal,
  less,
  less_equal,
};

/// What a matcher looks at. Only unquoted names reach beyond labels.
enum class Field : std::uint8_t { label, annotation, source };  // x · annotations.x · meta.source

/// One test of one value. A missing label is the empty string.
struct Matcher {
  Field field = Field::label;
  Op op = Op::equal;
  std::string name;
  std::string value;             ///< Operand as text; the pattern of a regex.
  std::vector<std::string> set;  ///< Operands of `in`, sorted, each once.
  double number = 0;             ///< Operand of a comparison.
  std::shared_ptr<const Regex> regex;
};

/// Which spellings are allowed: silences take only Alertmanager's four operators. Names mean the
/// same in both.
enum class Grammar : std::uint8_t { alertmanager, extended };

struct MatcherError {
  std::size_t offset = 0;  ///< Byte in the text.
  std::string problem;
  std::string cure;
};

/// Reads one matcher of at most 64 KiB. Quotes may be left out around a value without blanks,
/// commas, braces and quotes. In both kinds of value `\"`, `\\` and `\n` are escapes and any other
/// backslash stands for itself. A pattern has at most 16 KiB and may cost 2 MiB. Source:
/// https://prometheus.io/docs/alerting/latest/configuration/#matcher and PRODUCT "Matchers".
std::expected<Matcher, MatcherError> parse_matcher(std::string_view text, Grammar);

/// Patterns that were read before, each once: compiled they take kilobytes, and files repeat them.
/// Holds what it has read until it goes. Not to be shared by threads.
///
/// A costly pattern takes 50 ms to compile, so all together may cost 2 MiB: that of one question.
/// Those of rules may cost 128 bytes more for each byte they are long, so that 100,000 common ones
/// are no matter and a file takes no longer than its length explains.
class Patterns {
 public:
  enum class Of : std::uint8_t { question, rules };
  explicit Patterns(Of of = Of::question) : of_(of) {}

  /// False if those that were read cost all there is; one that is known costs nothing.
  bool takes(const std::string& pattern) const { return left_ > 0 || known_.contains(pattern); }
  /// The pattern, or what RE2 has against it. REQUIRES: takes(pattern).
  std::expected<std::shared_ptr<const Regex>, std::string> read(const std::string& pattern);

 private:
  Of of_;
  std::int64_t left_ = 2 << 20;  // Bytes; the last one may exceed it.
  std::map<std::string_view, std::shared_ptr<const Regex>> known_;  // Keys are theirs.
};
std::expected<Matcher, MatcherError> parse_matcher(std::string_view text, Grammar, Patterns&);

/// Reads `{a="b", c=~"d"}` or the same without braces; an empty selector is an empty list.
/// At most 64 matchers.
std::expected<std::vector<Matcher>, MatcherError> parse_selector(std::string_view text, Grammar);
std::expected<std::vector<Matcher>, MatcherError> parse_selector(std::string_view text, Grammar,
                                                                 Patterns&);

/// The canonical spelling, which parses to the same matcher.
std::string to_string(const Matcher&);

/// `when` of a rule: matchers under all, any and not. Recursion is bounded by the reader, to
/// depth 32.
struct Predicate;
struct AllOf {
  std::vector<Predicate> terms;  ///< True when empty.
};
struct AnyOf {
  std::vector<Predicate> terms;  ///< False when empty.
};
struct Not {
  std::vector<Predicate> term;  ///< Exactly one.
};
struct Predicate {
  std::variant<AllOf, AnyOf, Not, Matcher> kind;
};

/// For people: `alertname="HostDown" and (env="prod" or not rack)`, "always" for an empty AllOf. At
/// most about `bytes` long: a longer one is cut and ends with an ellipsis.
std::string to_string(const Predicate&, std::size_t bytes);

/// What is tested. `value_of` is asked for labels and sees what later stages see.
struct Service;
struct Effects;
struct Subject {
  LabelsView labels{};
  LabelsView annotations{};
  std::string_view source{};
  const Service* service = nullptr;  ///< Its team, tier and labels fill labels that are missing.
  const Effects* effects = nullptr;  ///< What rules set stands over the sent labels.
  std::string_view value_of(std::string_view label) const;
};

/// Pure. The linear evaluator: the oracle of every faster one.
bool holds(const Matcher&, const Subject&);
bool holds(const Predicate&, const Subject&);

}  // namespace tocsin::rules
