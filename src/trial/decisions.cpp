#include "trial/decisions.h"

#include <algorithm>
#include <utility>

namespace tocsin::trial {
namespace {

using rules::Subject;
using rules::TriageRule;

class Finder {
 public:
  Finder(const rules::RuleSet& rules, const rules::Verdict& verdict, LabelsView labels,
         LabelsView annotations, std::string_view source)
      : sent_{.labels = labels, .annotations = annotations, .source = source},
        after_(rules::subject_of(rules, verdict, labels, annotations, source)) {}

  void take(const TriageRule& rule, std::uint32_t index) {
    index_ = index;
    for (const auto& [name, value] : rule.labels) add("labels." + name, value, sent_);
    for (const auto& [name, value] : rule.annotations) add("annotations." + name, value, after_);
    if (rule.service) add("service", *rule.service, after_);
    if (rule.team) add("team", *rule.team, after_);
    if (rule.runbook) add("runbook", *rule.runbook, after_);
    if (rule.severity) add("severity");
    if (!rule.escalation.empty()) add("escalation");
    if (rule.hold) add("hold");
    if (rule.drop) add("drop");
  }
  std::vector<Decision> take_found() { return std::move(found_); }

 private:
  void add(std::string what) {
    if (std::ranges::find(found_, what, &Decision::what) != found_.end()) return;
    found_.push_back({std::move(what), index_});
  }
  /// A template that yields nothing makes no decision.
  void add(std::string what, const rules::Template& text, const Subject& subject) {
    if (!rules::expand(text, subject).empty()) add(std::move(what));
  }

  Subject sent_, after_;
  std::uint32_t index_ = 0;
  std::vector<Decision> found_;
};

}  // namespace

std::vector<Decision> decisions_of(const rules::RuleSet& rules, const rules::Verdict& verdict,
                                   LabelsView labels, LabelsView annotations,
                                   std::string_view source) {
  if (verdict.effects == nullptr) return {};
  Finder finder(rules, verdict, labels, annotations, source);
  for (const std::uint32_t index : verdict.effects->rules) {
    finder.take(rules.triage[index], index);
  }
  return finder.take_found();
}

}  // namespace tocsin::trial
