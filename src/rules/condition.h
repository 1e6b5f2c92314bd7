#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/pattern_shape.h"
#include "rules/text_table.h"
#include "tocsin/rules/matcher.h"

namespace tocsin::rules {

/// The value of a label that an alert lacks, and of one that it has but no rule names. What rules
/// name is numbered from kFirstValue.
constexpr std::uint32_t kAbsent = 0;
constexpr std::uint32_t kUnknownValue = 1;
constexpr std::uint32_t kFirstValue = 2;

/// The name of the one thing in Field::source, whatever a matcher calls it.
constexpr std::string_view kSourceLabel = "source";

/// What a leaf asks of the value of a label.
enum class Test : std::uint8_t {
  value,              // is it value number `operand`
  set,                // is it in set number `operand`
  pattern,            // does pattern number `operand` hold; false where the label is absent
  pattern_or_absent,  // the same, true where the label is absent
  threshold,          // does threshold number `operand` hold; false for what is no number
};

struct Leaf {
  Test test = Test::value;
  bool negated = false;
  std::uint32_t label = 0;
  std::uint32_t operand = 0;
  friend bool operator==(const Leaf&, const Leaf&) = default;
};

/// A predicate in negation normal form: constants only at the top, no `all` within `all` and no
/// `any` within `any`, each with two terms or more.
struct Condition {
  enum class Kind : std::uint8_t { never, always, leaf, all, any };
  Kind kind = Kind::never;
  Leaf leaf{};
  std::vector<Condition> terms{};
};

/// What must be asked of a label's text itself: a pattern that is no equality, or a set too large
/// to be looked at rule by rule.
struct Pattern {
  std::uint32_t label = 0;
  std::vector<PatternPiece> pieces{};    ///< With dots; at least one must hold, or
  std::vector<std::uint32_t> values{};   ///< the value is one of these, or
  std::shared_ptr<const Regex> regex{};  ///< this matches.
  std::uint32_t uses = 0;
};

/// A comparison. Of doubles `v > n` is the same as `v >= ` the next one after n, and `<` likewise,
/// so two kinds are enough.
struct Threshold {
  std::uint32_t label = 0;
  bool at_least = false;  ///< Else: at most.
  double number = 0;
  /// By label; what is at most first, so that what holds for one number stands together.
  friend auto operator<=>(const Threshold&, const Threshold&) = default;
};

/// Everything that rules ask, each thing once.
class Vocabulary {
 public:
  /// Larger sets are patterns.
  static constexpr std::size_t kSetMax = 64;

  Condition condition_of(const Predicate&);

  /// Numbers values again so that those of a label stand together, in every set and pattern, too.
  /// Returns the new number of each old one. Once, when every predicate has been read.
  std::vector<std::uint32_t> order_values();
  /// The same for thresholds, which are sorted then.
  std::vector<std::uint32_t> order_thresholds();

  TextTable names;   ///< Of labels, scoped by field.
  TextTable values;  ///< Scoped by label; numbered from 0, so without kFirstValue.
  struct LabelUse {
    std::uint32_t values = 0;       ///< Different ones.
    std::uint32_t patterns = 0;     ///< Different ones.
    std::uint32_t uses = 0;         ///< Of both.
    std::uint32_t first_value = 0;  ///< After order_values().
  };
  std::vector<LabelUse> labels;
  std::vector<std::uint32_t> value_uses;         ///< By number less kFirstValue.
  std::vector<std::vector<std::uint32_t>> sets;  ///< Value numbers, sorted.
  std::vector<Pattern> patterns;
  std::vector<Threshold> thresholds;

 private:
  Condition condition_of(const Predicate&, bool negated);
  Condition condition_of(const Matcher&, bool negated);
  Condition condition_of_terms(const std::vector<Predicate>&, Condition::Kind, bool negated);
  Condition condition_of_comparison(const Matcher&, std::uint32_t label);
  Condition condition_of_pattern(const Matcher&, std::uint32_t label);
  Condition condition_of_pieces(const Matcher&, std::uint32_t label);
  Condition condition_of_set(std::uint32_t label, std::vector<std::uint32_t> members);
  Leaf leaf_of_new_set(std::uint32_t label, std::vector<std::uint32_t> members);
  Condition finish(Condition::Kind, std::vector<Condition> terms);
  void merge_sets(Condition::Kind, std::vector<Condition>& terms);
  std::uint32_t label_number(Field, std::string_view name);
  std::uint32_t value_number(std::uint32_t label, std::string_view value);
  std::uint32_t add_pattern(Pattern);
  void count_use(const Leaf&);

  TextTable set_texts_;  // Their members as bytes → leaf_of_set_.
  std::vector<Leaf> leaf_of_set_;
  TextTable threshold_texts_;  // Kind and number as bytes.
  TextTable pattern_texts_;    // → condition_of_text_
  std::vector<Condition> condition_of_text_;
};

}  // namespace tocsin::rules
