#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/value.h"
#include "tocsin/rules/matcher.h"

namespace tocsin::config {

/// Reads `when`: a list of matchers (all must hold), `{all: […]}`, `{any: […]}`, `{not: …}` nested,
/// or one selector as text, `'{a="b", c=~"d"}'`. An empty `when` is an error: it would hold for
/// every alert, and only a missing key may say that.
class PredicateReader {
 public:
  static constexpr int kDepthMax = 32;
  static constexpr std::size_t kMatchersMax = 1'000'000;

  /// `sources`: the names that `meta.source` may have; any other is a warning.
  explicit PredicateReader(std::vector<std::string> sources) : sources_(std::move(sources)) {}

  std::optional<rules::Predicate> read(const Value&);

 private:
  std::optional<rules::Predicate> read_term(const Value&, int depth);
  std::optional<rules::Predicate> read_mapping(const Value&, int depth);
  std::optional<std::vector<rules::Predicate>> read_list(const Value&, int depth);
  std::optional<rules::Predicate> read_selector(const Value&);
  std::optional<rules::Predicate> read_matcher(const Value&);
  bool count(const Value&, std::size_t matchers);
  void check_source(const Value&, const rules::Matcher&) const;

  std::vector<std::string> sources_;
  rules::Patterns patterns_{rules::Patterns::Of::rules};
  std::size_t matchers_ = 0;
};

}  // namespace tocsin::config
