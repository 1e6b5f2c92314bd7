#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/base/diagnostic.h"
#include "tocsin/config/test_cases.h"
#include "tocsin/triage/policy.h"

/// Cases run through the real pipeline and core in virtual time, with a store that keeps nothing.
/// Pure: the same cases and rules give the same results.
namespace tocsin::trial {

/// What did not come as expected.
struct Failure {
  Position at;           ///< Of what was expected.
  std::string expected;  ///< "at 6m INC-1 has state acknowledged"
  std::string happened;  ///< "it has triggered"
};

struct CaseResult {
  std::string name;
  Position at;
  std::vector<Failure> failures;  ///< In order of place.
};

/// How often a rule had a say.
struct RuleUse {
  std::string_view list;  ///< "rules", "severity.criteria" or "correlation".
  std::string name;
  Position at;
  std::uint64_t matched = 0;  ///< Alerts its matchers held for.
  std::uint64_t decided = 0;  ///< Alerts it decided something about.
};

struct Results {
  std::vector<CaseResult> cases;  ///< As many as were given, in that order.
  std::vector<RuleUse> rules;     ///< Every rule, in the order of evaluation.
  std::size_t failed() const;
  std::size_t covered() const;  ///< Rules that decided something.
};

/// Sources, channels and rules that cases name and the policy does not know.
Diagnostics check(const std::vector<config::TestCase>&, const triage::Policy&);

/// REQUIRES: check() found nothing.
Results run(const std::vector<config::TestCase>&, const std::shared_ptr<const triage::Policy>&);

}  // namespace tocsin::trial
