#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tocsin/rules/matcher.h"

namespace tocsin::rules {
namespace {

Predicate is(std::string_view text) { return {*parse_matcher(text, Grammar::extended)}; }
Predicate all(std::vector<Predicate> terms) { return {AllOf{std::move(terms)}}; }
Predicate any(std::vector<Predicate> terms) { return {AnyOf{std::move(terms)}}; }
Predicate no(Predicate term) {
  Not negated;
  negated.term.push_back(std::move(term));
  return {std::move(negated)};
}

TEST(PredicateText, ReadsAsPeopleSayIt) {
  const std::pair<Predicate, const char*> cases[] = {
      {all({}), "always"},
      {any({}), "never"},
      {is("rack"), "rack"},
      {all({is("a=b"), is("c!=d")}), R"(a="b" and c!="d")"},
      {all({is("a=b"), any({is("c=d"), no(is("rack"))})}), R"(a="b" and (c="d" or not rack))"},
      {no(all({is("a=b"), is("c")})), R"(not (a="b" and c))"},
      {all({all({is("a=b")}), all({})}), R"(a="b" and always)"},
  };
  for (const auto& [predicate, text] : cases) EXPECT_EQ(to_string(predicate, 1000), text);
}

TEST(PredicateText, ALongOneIsCutBetweenCharacters) {
  std::vector<Predicate> terms;
  for (int i = 0; i < 1000; ++i) terms.push_back(is("name=\"aé\""));
  EXPECT_EQ(to_string(all(terms), 8), "name=\"a…");
  EXPECT_LT(to_string(any(terms), 100).size(), 110u);
}

}  // namespace
}  // namespace tocsin::rules
