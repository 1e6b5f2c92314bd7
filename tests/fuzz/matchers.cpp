// Matchers and selectors. The first three lines are an alert: labels and annotations as JSON, its
// source; each further line is a selector. What is read is printed so that it reads the same, and
// an index of all of them says what the linear evaluator says.
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "fuzz/input.h"
#include "fuzz/texts.h"
#include "rules/index.h"
#include "tocsin/rules/matcher.h"

namespace tocsin::fuzz {
namespace {

using rules::Grammar;
using rules::Matcher;
using rules::Predicate;

constexpr std::size_t kSelectorsMax = 200;

bool same(const Matcher& a, const Matcher& b) {
  const bool same_number = a.number == b.number || (std::isnan(a.number) && std::isnan(b.number));
  return a.field == b.field && a.op == b.op && a.name == b.name && a.value == b.value &&
         a.set == b.set && same_number && !a.regex == !b.regex;
}

void check_printed(const Matcher& matcher, Grammar grammar, rules::Patterns& patterns) {
  const std::string text = rules::to_string(matcher);
  const auto again = rules::parse_matcher(text, grammar, patterns);
  CHECK(again.has_value());
  CHECK(same(*again, matcher));
  CHECK(rules::to_string(*again) == text);
}

void check_error(const rules::MatcherError& error, std::string_view text) {
  CHECK(error.offset <= text.size());
  CHECK(!error.problem.empty());
  CHECK(!error.cure.empty());
}

/// What Alertmanager's grammar allows means the same in ours.
void check_narrow(std::string_view text, rules::Patterns& patterns) {
  const auto narrow = rules::parse_selector(text, Grammar::alertmanager, patterns);
  if (!narrow) {
    check_error(narrow.error(), text);
    return;
  }
  const auto wide = rules::parse_selector(text, Grammar::extended, patterns);
  CHECK(wide.has_value());
  CHECK(wide->size() == narrow->size());
  for (std::size_t i = 0; i < wide->size(); ++i) {
    CHECK(same((*wide)[i], (*narrow)[i]));
    check_printed((*narrow)[i], Grammar::alertmanager, patterns);
  }
}

std::vector<Predicate> as_terms(const std::vector<Matcher>& matchers) {
  std::vector<Predicate> terms;
  for (const Matcher& matcher : matchers) terms.push_back({matcher});
  return terms;
}

/// All of a selector, any of it, and the contrary of both.
void add(const std::vector<Matcher>& matchers, std::vector<Predicate>& out) {
  Predicate all{rules::AllOf{as_terms(matchers)}};
  Predicate any{rules::AnyOf{as_terms(matchers)}};
  (void)rules::to_string(all, 100);
  out.push_back({rules::Not{{all}}});
  out.push_back({rules::Not{{any}}});
  out.push_back({rules::AllOf{{any, out.front()}}});
  out.push_back(std::move(all));
  out.push_back(std::move(any));
}

void check_index(const std::vector<Predicate>& predicates, const rules::Subject& subject) {
  rules::Index::Predicates all;
  for (const Predicate& predicate : predicates) all[0].push_back(&predicate);
  const rules::Index index(all);
  static rules::Matching matching(1 << 20);
  matching.begin(index, subject.labels, subject.annotations, subject.source);
  std::vector<std::uint32_t> found;
  matching.match(rules::Stage::triage, found);
  std::vector<std::uint32_t> expected;
  for (std::uint32_t i = 0; i < predicates.size(); ++i) {
    if (rules::holds(predicates[i], subject)) expected.push_back(i);
  }
  CHECK(found == expected);
}

}  // namespace
}  // namespace tocsin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  fuzz::Input input(bytes, size);
  Labels labels;
  Labels annotations;
  (void)labels_from_json(input.line(), labels);
  (void)labels_from_json(input.line(), annotations);
  const std::string_view source = input.line();
  rules::Patterns patterns;
  std::vector<rules::Predicate> predicates;
  for (std::size_t i = 0; i < fuzz::kSelectorsMax && !input.empty(); ++i) {
    const std::string_view text = input.line();
    fuzz::check_narrow(text, patterns);
    const auto read = rules::parse_selector(text, rules::Grammar::extended, patterns);
    if (!read) {
      fuzz::check_error(read.error(), text);
      continue;
    }
    CHECK(read->size() <= 64);
    for (const rules::Matcher& matcher : *read) {
      fuzz::check_printed(matcher, rules::Grammar::extended, patterns);
    }
    fuzz::add(*read, predicates);
  }
  fuzz::check_index(predicates, {.labels = labels, .annotations = annotations, .source = source});
  return 0;
}
