#include "tocsin/rules/why.h"

#include <algorithm>
#include <limits>

#include "rules/matcher_value.h"
#include "tocsin/base/check.h"
#include "tocsin/base/overloaded.h"

namespace tocsin::rules {
namespace {

/// Walks a predicate, or its complement, as it fails for one subject.
class Failure {
 public:
  explicit Failure(const Subject& subject) : subject_(subject) {}

  std::uint32_t count(const Predicate& predicate, bool negated) const {
    return std::visit(Overloaded{
                          [&](const AllOf& all) { return count(all.terms, !negated, negated); },
                          [&](const AnyOf& any) { return count(any.terms, negated, negated); },
                          [&](const Not& no) {
                            CHECK(no.term.size() == 1);
                            return count(no.term.front(), !negated);
                          },
                          [&](const Matcher& matcher) { return fails(matcher, negated) ? 1u : 0u; },
                      },
                      predicate.kind);
  }

  void list(const Predicate& predicate, bool negated, std::size_t most,
            std::vector<Failing>& out) const {
    if (out.size() >= most) return;
    std::visit(Overloaded{
                   [&](const AllOf& all) { list(all.terms, !negated, negated, most, out); },
                   [&](const AnyOf& any) { list(any.terms, negated, negated, most, out); },
                   [&](const Not& no) { list(no.term.front(), !negated, most, out); },
                   [&](const Matcher& matcher) {
                     if (!fails(matcher, negated)) return;
                     out.push_back(
                         {to_string(matcher), std::string(value_in(matcher, subject_)), negated});
                   },
               },
               predicate.kind);
  }

 private:
  bool fails(const Matcher& matcher, bool negated) const {
    return holds(matcher, subject_) == negated;
  }

  /// All of the terms must hold, or one.
  std::uint32_t count(const std::vector<Predicate>& terms, bool all, bool negated) const {
    if (!all && terms.empty()) return 1;
    std::uint32_t sum = 0;
    std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
    for (const Predicate& term : terms) {
      const std::uint32_t of_term = count(term, negated);
      sum += of_term;
      least = std::min(least, of_term);
      if (!all && least == 0) break;
    }
    return all ? sum : least;
  }

  void list(const std::vector<Predicate>& terms, bool all, bool negated, std::size_t most,
            std::vector<Failing>& out) const {
    if (all) {
      for (const Predicate& term : terms) list(term, negated, most, out);
      return;
    }
    if (terms.empty()) {
      out.push_back({.matcher = "never"});
      return;
    }
    list(*std::ranges::min_element(terms, {},
                                   [&](const Predicate& term) { return count(term, negated); }),
         negated, most, out);
  }

  const Subject& subject_;
};

}  // namespace

std::uint32_t failing_count(const Predicate& predicate, const Subject& subject) {
  return Failure(subject).count(predicate, false);
}

std::vector<Failing> failing(const Predicate& predicate, const Subject& subject, std::size_t most) {
  std::vector<Failing> out;
  Failure(subject).list(predicate, false, most, out);
  return out;
}

}  // namespace tocsin::rules
