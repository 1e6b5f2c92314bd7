#include "rules/index_lists.h"

#include "rules/random_rules.h"

namespace tocsin::rules {

Index Lists::index(Index::Limits limits) const {
  Index::Predicates out;
  for (std::size_t i = 0; i < kStages; ++i) {
    for (const Predicate& predicate : stages[i]) out[i].push_back(&predicate);
  }
  return Index(out, limits);
}

std::vector<std::uint32_t> Lists::linear(Stage stage, const Subject& subject) const {
  std::vector<std::uint32_t> out;
  const std::vector<Predicate>& predicates = stages[static_cast<std::size_t>(stage)];
  for (std::uint32_t i = 0; i < predicates.size(); ++i) {
    if (holds(predicates[i], subject)) out.push_back(i);
  }
  return out;
}

Lists lists_of(const std::vector<std::string>& matchers) {
  Lists out;
  for (const std::string& text : matchers) out.stages[0].push_back({matcher_of(text)});
  return out;
}

std::vector<std::uint32_t> match(Matching& matching, const Index& index, const Labels& labels) {
  std::vector<std::uint32_t> out;
  matching.begin(index, labels, {}, "");
  matching.match(Stage::triage, out);
  return out;
}

}  // namespace tocsin::rules
