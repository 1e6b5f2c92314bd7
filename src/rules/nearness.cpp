#include "rules/nearness.h"

#include <string>
#include <string_view>

#include "tocsin/base/overloaded.h"

namespace tocsin::rules {
namespace {

/// All terms must be as wanted, or one of them: `not` turns one into the other.
bool needs_all(bool is_all_of, bool wanted) { return is_all_of == wanted; }

bool is_nearer(Distance a, Distance b) {
  if (a.failing != b.failing) return a.failing < b.failing;
  return a.holding > b.holding;
}

Distance measure(const Predicate&, const Subject&, bool wanted);

const Predicate* nearest(const std::vector<Predicate>& terms, const Subject& subject, bool wanted,
                         Distance& best) {
  const Predicate* found = nullptr;
  for (const Predicate& term : terms) {
    const Distance one = measure(term, subject, wanted);
    if (found != nullptr && !is_nearer(one, best)) continue;
    found = &term;
    best = one;
  }
  return found;
}

Distance measure(const std::vector<Predicate>& terms, const Subject& subject, bool all,
                 bool wanted) {
  Distance out;
  if (!all) {
    // Without a term nothing can make it otherwise.
    if (nearest(terms, subject, wanted, out) == nullptr) out.failing = 1;
    return out;
  }
  for (const Predicate& term : terms) {
    const Distance one = measure(term, subject, wanted);
    out.failing += one.failing;
    out.holding += one.holding;
  }
  return out;
}

Distance measure(const Predicate& predicate, const Subject& subject, bool wanted) {
  return std::visit(
      Overloaded{
          [&](const AllOf& all) {
            return measure(all.terms, subject, needs_all(true, wanted), wanted);
          },
          [&](const AnyOf& any) {
            return measure(any.terms, subject, needs_all(false, wanted), wanted);
          },
          [&](const Not& negated) { return measure(negated.term.front(), subject, !wanted); },
          [&](const Matcher& matcher) {
            return holds(matcher, subject) == wanted ? Distance{0, 1} : Distance{1, 0};
          },
      },
      predicate.kind);
}

std::string_view value_of(const Matcher& matcher, const Subject& subject) {
  switch (matcher.field) {
    case Field::label:
      return subject.value_of(matcher.name);
    case Field::annotation:
      return subject.annotations.get(matcher.name);
    case Field::source:
      return subject.source;
  }
  return {};
}

class Collecting {
 public:
  Collecting(const Subject& subject, std::vector<Failing>& out) : subject_(subject), out_(out) {}

  void visit(const Predicate& predicate, bool wanted) {
    if (out_.size() >= kFailingMax) return;
    std::visit(Overloaded{
                   [&](const AllOf& all) { terms(all.terms, needs_all(true, wanted), wanted); },
                   [&](const AnyOf& any) { terms(any.terms, needs_all(false, wanted), wanted); },
                   [&](const Not& negated) { visit(negated.term.front(), !wanted); },
                   [&](const Matcher& matcher) {
                     if (holds(matcher, subject_) == wanted) return;
                     out_.push_back(
                         {to_string(matcher), std::string(value_of(matcher, subject_)), !wanted});
                   },
               },
               predicate.kind);
  }

 private:
  void terms(const std::vector<Predicate>& terms, bool all, bool wanted) {
    if (all) {
      for (const Predicate& term : terms) visit(term, wanted);
      return;
    }
    Distance ignored;
    if (const Predicate* one = nearest(terms, subject_, wanted, ignored)) visit(*one, wanted);
  }

  const Subject& subject_;
  std::vector<Failing>& out_;
};

}  // namespace

Distance distance(const Predicate& predicate, const Subject& subject) {
  return measure(predicate, subject, true);
}

std::vector<Failing> failing(const Predicate& predicate, const Subject& subject) {
  std::vector<Failing> out;
  Collecting(subject, out).visit(predicate, true);
  return out;
}

}  // namespace tocsin::rules
