#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/alert/labels.h"
#include "tocsin/rules/lint.h"
#include "tocsin/rules/matcher.h"

namespace tocsin::rules {

/// A matcher that is to hold, or not to.
struct Literal {
  const Matcher* matcher = nullptr;
  bool negated = false;
};

/// Tries to refute that some subject fulfils all of several predicates: takes one branch of each
/// `any` after the other and looks for labels whose matchers exclude each other. Bounded; where it
/// gives up, the predicates may hold. Keeps its memory for the next proof.
class Proof {
 public:
  explicit Proof(Values values = Values::any) : values_(values) {}

  struct Claim {
    const Predicate* predicate = nullptr;
    bool negated = false;
  };
  /// False only if nothing fulfils them all. The predicates must outlive the model.
  bool can_hold(std::span<const Claim>);

  /// After can_hold() was true: a subject that fulfils them, patterns for RE2 perhaps excepted, if
  /// it is easy to find one.
  struct Model {
    std::vector<Label> labels, annotations;  ///< Views into `texts` and the predicates.
    std::string_view source;
    std::vector<std::string> texts;
  };
  void find_model(Model&) const;

 private:
  bool add(Claim);
  bool add(Literal);
  bool add_terms(const std::vector<Predicate>&, bool all, Claim);
  bool choose(std::size_t next, int depth);
  bool agrees(const Matcher& about);
  bool spend(std::size_t steps);

  Values values_;
  std::vector<Literal> literals_;
  std::vector<Claim> choices_;  // Claims of which one branch suffices.
  std::vector<Literal> about_;  // Of these literals, those on one label.
  std::size_t steps_ = 0;
};

}  // namespace tocsin::rules
