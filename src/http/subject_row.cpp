#include "http/subject_row.h"

#include <algorithm>

namespace tocsin::http {

SubjectRow subject_of_row(const triage::Policy& policy, const store::AlertRow& row) {
  const rules::Verdict verdict = rules::match_decided(policy.rules, row.status.effects, row.labels,
                                                      row.annotations, row.source);
  return {verdict,
          rules::subject_of(policy.rules, verdict, row.labels, row.annotations, row.source)};
}

bool all_hold(const std::vector<rules::Matcher>& matchers, const triage::Policy& policy,
              const store::AlertRow& row) {
  const SubjectRow seen = subject_of_row(policy, row);
  return std::ranges::all_of(
      matchers, [&](const rules::Matcher& matcher) { return rules::holds(matcher, seen.subject); });
}

}  // namespace tocsin::http
