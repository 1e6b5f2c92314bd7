#include <chrono>
#include <optional>
#include <utility>

#include "config/policy_reader.h"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

/// False if there is something the rule cannot be built from.
bool read_parts(Section& section, rules::CorrelationRule& rule, PolicyDraft& draft) {
  bool good = true;
  if (const auto when = section.find("when")) {
    auto predicate = draft.predicates.read(*when);
    good = predicate.has_value();
    if (predicate) rule.when = std::move(*predicate);
  }
  if (const auto by =
          section.require("by", "list the labels that group alerts, such as [service]")) {
    rule.by = by->texts();
    if (by->is(Node::Kind::empty) || (by->is(Node::Kind::list) && by->node().items.empty())) {
      by->error("no label to group by", "list at least one, such as [service]");
    }
  }
  rule.when = scoped(draft, std::move(rule.when));
  section.duration("window", rule.window, 1s);
  section.duration("max_age", rule.max_age, 1s);
  section.not_yet({"open_after", "otherwise", "topology"});
  return good && !rule.by.empty();
}

void read_rule(const Value& value, PolicyDraft& draft) {
  Section section(value);
  rules::CorrelationRule rule;
  rule.at = value.at();
  bool good = false;
  if (const auto name = section.require("name", "every correlation rule has a name")) {
    if (auto text = name->text()) {
      good = draft.correlation.define("correlation rule", *text, name->at(), draft.report);
      rule.name = std::move(*text);
    }
  }
  good = read_parts(section, rule, draft) && good;
  if (good) draft.policy.rules.correlation.push_back(std::move(rule));
}

}  // namespace

void read_correlation(const Value& value, PolicyDraft& draft) {
  for (const Value& element : value.list()) read_rule(element, draft);
}

}  // namespace tocsin::config
