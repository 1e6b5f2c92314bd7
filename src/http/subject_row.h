#pragma once

#include <vector>

#include "tocsin/rules/rule_set.h"
#include "tocsin/store/store.h"
#include "tocsin/triage/policy.h"

namespace tocsin::http {

/// A stored alert as the rules in force see it.
struct SubjectRow {
  rules::Verdict verdict;
  rules::Subject subject;  ///< Points into the row and the policy.
};
SubjectRow subject_of_row(const triage::Policy&, const store::AlertRow&);
bool all_hold(const std::vector<rules::Matcher>&, const triage::Policy&, const store::AlertRow&);

}  // namespace tocsin::http
