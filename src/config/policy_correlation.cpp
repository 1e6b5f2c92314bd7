#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/policy_reader.h"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kAlertsMax = 100'000;  // That open_after may wait for.
constexpr std::uint64_t kHopsMax = 10;

/// `{alerts: 3, distinct: instance, within: 5m}`
void read_open_after(const Value& value) {
  Section section(value);
  if (const auto alerts = section.require("alerts", "say how many, such as alerts: 3")) {
    alerts->integer(2, kAlertsMax);
  }
  if (const auto distinct = section.find("distinct")) distinct->text();
  if (const auto within = section.require("within", "say within which time, such as within: 5m")) {
    within->duration(1s);
  }
}

/// `{hops: 2, within: 15m}`
void read_topology(const Value& value) {
  Section section(value);
  if (const auto hops = section.find("hops")) hops->integer(1, kHopsMax);
  if (const auto within = section.find("within")) within->duration(1s);
}

/// False for `none`: the rules below do not decide.
bool read_otherwise(const Value& value, bool waits) {
  const auto word = value.choice({"next", "none"});
  if (!waits) {
    value.error("nothing is waited for", "it goes with open_after; add that or remove this");
  }
  return word != 1;
}

bool read_by(const Value& by, rules::CorrelationRule& rule) {
  rule.by = by.texts();
  std::set<std::string_view> seen;
  for (const Value& label : by.is(Node::Kind::list) ? by.list() : std::vector<Value>()) {
    if (!label.is(Node::Kind::text) || seen.insert(label.node().text).second) continue;
    label.warning("the label " + in_quotes(label.node().text) + " is listed twice",
                  "once is enough");
  }
  if (is_empty_list(by)) {
    by.error("no label to group by", "list at least one, such as [service]");
  }
  return !rule.by.empty();
}

/// False if there is something the rule cannot be built from, or if it does not act.
bool read_parts(Section& section, rules::CorrelationRule& rule, PolicyDraft& draft) {
  bool good = true;
  if (const auto when = section.find("when")) {
    auto predicate = read_scoped(*when, draft);
    good = predicate.has_value();
    if (predicate) rule.when = std::move(*predicate);
  } else {
    rule.when = scoped(draft, {});
  }
  const auto topology = section.find("topology");
  if (topology) read_topology(*topology);
  const auto by =
      topology ? section.find("by")
               : section.require("by", "list the labels that group alerts, such as [service]");
  if (by) good = read_by(*by, rule) && good;
  section.duration("window", rule.window, 1s);
  section.duration("max_age", rule.max_age, 1s);
  const auto window = section.find("window");
  if (window && rule.window > rule.max_age) {
    window->warning("longer than max_age, " + format_duration(rule.max_age) +
                        ": nothing joins an older incident",
                    "shorten it, or lengthen max_age");
  }
  const auto open_after = section.find("open_after");
  if (open_after) read_open_after(*open_after);
  const auto otherwise = section.find("otherwise");
  const bool asks_next = !otherwise || read_otherwise(*otherwise, open_after.has_value());
  if (open_after && asks_next) draft.passes_on.insert(rule.name);
  section.not_yet({"open_after", "otherwise", "topology"});
  // Without what it says of services around it, the rule would take every alert.
  return good && by.has_value() && !topology;
}

void read_rule(const Value& value, PolicyDraft& draft) {
  const Flaws flaws(value, draft.report);
  rules::CorrelationRule rule;
  rule.at = value.at();
  bool good = false;
  {
    Section section(value);
    rule.name = define_element(section, "correlation rule", draft.correlation, draft);
    good = read_parts(section, rule, draft) && !rule.name.empty();
  }
  if (good && flaws.none()) draft.policy.rules.correlation.push_back(std::move(rule));
}

}  // namespace

void read_correlation(const Value& value, PolicyDraft& draft) {
  for (const Value& element : value.list()) read_rule(element, draft);
}

}  // namespace tocsin::config
