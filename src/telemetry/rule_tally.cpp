#include "telemetry/rule_tally.h"

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "tocsin/base/overloaded.h"

namespace tocsin::telemetry {
namespace {

std::size_t at(RuleKind kind) { return static_cast<std::size_t>(kind); }

void hit(const RuleCounts& counts, RuleKind kind, std::size_t number, Instant wall) {
  const auto& all = counts.of_kind[at(kind)];
  if (number >= all.size()) return;
  // The only writer is this thread: adding needs no more than that readers see whole numbers.
  RuleCount& one = *all[number];
  one.count.store(one.count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  one.last.store(wall.time_since_epoch().count(), std::memory_order_relaxed);
}

prometheus::ClientMetric metric(std::vector<prometheus::ClientMetric::Label> labels) {
  prometheus::ClientMetric out;
  out.label = std::move(labels);
  return out;
}

prometheus::MetricFamily family(const char* name, const char* help, prometheus::MetricType type) {
  prometheus::MetricFamily out;
  out.name = name;
  out.help = help;
  out.type = type;
  return out;
}

void add_counter(prometheus::MetricFamily& to, std::vector<prometheus::ClientMetric::Label> labels,
                 std::uint64_t value) {
  prometheus::ClientMetric& one = to.metric.emplace_back(metric(std::move(labels)));
  one.counter.value = static_cast<double>(value);
}

}  // namespace

std::string_view to_string(RuleKind kind) {
  switch (kind) {
    case RuleKind::triage:
      return "triage";
    case RuleKind::severity:
      return "severity";
    case RuleKind::correlation:
      return "correlation";
  }
  return "";
}

std::size_t rule_count(const triage::Policy& policy, RuleKind kind) {
  switch (kind) {
    case RuleKind::triage:
      return policy.rules.triage.size();
    case RuleKind::severity:
      return policy.rules.severity.criteria.size();
    case RuleKind::correlation:
      return policy.rules.correlation.size();
  }
  return 0;
}

std::string_view rule_name(const triage::Policy& policy, RuleKind kind, std::size_t number) {
  switch (kind) {
    case RuleKind::triage:
      return policy.rules.triage[number].name;
    case RuleKind::severity:
      return policy.rules.severity.criteria[number].name;
    case RuleKind::correlation:
      return policy.rules.correlation[number].name;
  }
  return "";
}

RuleCount* RuleTally::fresh_count() {
  if (free_.empty()) return &all_.emplace_back();
  RuleCount* reused = free_.back();
  free_.pop_back();
  reused->count = 0;
  reused->last = 0;
  return reused;
}

/// Rules of a name that was there keep their counts and their series; the counts of names that are
/// gone are retired.
void RuleTally::place(RuleKind kind, const Shown* before, Shown& next, RuleCounts& counts) {
  std::unordered_map<std::string_view, std::size_t> known;
  const std::size_t former = before == nullptr ? 0 : rule_count(*before->policy, kind);
  for (std::size_t i = 0; i < former; ++i) known.emplace(rule_name(*before->policy, kind, i), i);
  auto& own = counts.of_kind[at(kind)];
  auto& series = next.has_series[at(kind)];
  const std::size_t size = rule_count(*next.policy, kind);
  own.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    const auto found = known.find(rule_name(*next.policy, kind, i));
    const bool is_known = found != known.end();
    own.push_back(is_known ? before->counts->of_kind[at(kind)][found->second] : fresh_count());
    series.push_back(is_known && before->has_series[at(kind)][found->second]);
    if (is_known) known.erase(found);
  }
  for (const auto& [name, number] : known) {
    RuleCount* gone = before->counts->of_kind[at(kind)][number];
    retired_.push_back(gone);
    if (before->has_series[at(kind)][number]) {
      --series_;
    } else {
      next.gone += gone->count;
    }
  }
}

/// A rule that has counted among the others stays there: their sum must not fall.
void RuleTally::give_series(std::vector<bool>& has_series, const std::vector<RuleCount*>& counts) {
  for (std::size_t i = 0; i < counts.size() && series_ < kSeriesMax; ++i) {
    if (has_series[i] || counts[i]->count > 0) continue;
    has_series[i] = true;
    ++series_;
  }
}

void RuleTally::expect(std::shared_ptr<const triage::Policy> policy) {
  const std::scoped_lock lock(expecting_);
  const auto before = shown_.load();
  auto next = std::make_shared<Shown>();
  auto counts = std::make_shared<RuleCounts>();
  counts->rules_hash = policy->rules.hash;
  next->policy = std::move(policy);
  if (before) next->gone = before->gone;
  free_.insert(free_.end(), retired_.begin(), retired_.end());
  retired_.clear();
  for (const RuleKind kind : kRuleKinds) place(kind, before.get(), *next, *counts);
  for (const RuleKind kind : kRuleKinds)
    give_series(next->has_series[at(kind)], counts->of_kind[at(kind)]);
  next->counts = counts;
  const auto published = published_.load();
  const Counts former = published ? published->now : nullptr;
  published_ = std::make_shared<const Published>(Published{counts, former});
  shown_ = std::move(next);
}

void RuleTally::count(const rules::Verdict& verdict, const Published& published, Instant wall) {
  evaluations_.fetch_add(1, std::memory_order_relaxed);
  const RuleCounts* counts = published.now.get();
  if (counts->rules_hash != verdict.rules_hash) counts = published.before.get();
  if (counts == nullptr || counts->rules_hash != verdict.rules_hash) return;
  if (verdict.effects) {
    for (const std::uint32_t rule : verdict.effects->rules) {
      hit(*counts, RuleKind::triage, rule, wall);
    }
  }
  if (verdict.severity_by == rules::SeverityBy::criterion) {
    hit(*counts, RuleKind::severity, verdict.severity_index, wall);
  }
  const bool is_dropped = verdict.effects && verdict.effects->drop;
  if (verdict.correlation >= 0 && !is_dropped) {
    hit(*counts, RuleKind::correlation, static_cast<std::size_t>(verdict.correlation), wall);
  }
}

void RuleTally::count(const triage::Changes& changes, Instant wall) {
  const auto published = published_.load();
  if (!published) return;
  // An occurrence that begins with other labels is told of twice, by one decision.
  AlertId relabelled;
  for (const triage::Change& change : changes) {
    if (const auto* opened = std::get_if<triage::AlertOpened>(&change)) {
      if (opened->status.occurrence > 0) count(opened->verdict, *published, wall);
    } else if (const auto* other = std::get_if<triage::AlertRelabelled>(&change)) {
      count(other->verdict, *published, wall);
      relabelled = other->id;
    } else if (const auto* fired = std::get_if<triage::AlertFired>(&change)) {
      if (!fired->continued && fired->id != relabelled) count(fired->verdict, *published, wall);
      relabelled = {};
    } else if (const auto* anew = std::get_if<triage::AlertReapplied>(&change)) {
      count(anew->verdict, *published, wall);
    } else if (std::holds_alternative<triage::AlertEnded>(change)) {
      relabelled = {};
    }
  }
}

std::shared_ptr<const RuleHits> RuleTally::hits() const {
  const auto shown = shown_.load();
  return shown ? std::make_shared<const RuleHits>(shown->policy, shown->counts) : nullptr;
}

void RuleTally::append_families(std::vector<prometheus::MetricFamily>& out) const {
  auto evaluations = family("tocsin_rule_evaluations_total", "Alerts that rules decided about.",
                            prometheus::MetricType::Counter);
  add_counter(evaluations, {}, evaluations_.load(std::memory_order_relaxed));
  out.push_back(std::move(evaluations));
  const auto shown = shown_.load();
  if (!shown) return;
  out.push_back(hits_of(*shown));
  auto rules = family("tocsin_rules", "Rules in force, by kind.", prometheus::MetricType::Gauge);
  for (const RuleKind kind : kRuleKinds) {
    auto& one = rules.metric.emplace_back(metric({{"kind", std::string(to_string(kind))}}));
    one.gauge.value = static_cast<double>(rule_count(*shown->policy, kind));
  }
  out.push_back(std::move(rules));
}

prometheus::MetricFamily RuleTally::hits_of(const Shown& shown) {
  auto hits =
      family("tocsin_rule_hits_total",
             "Alerts that a triage rule held for, or whose severity or group a criterion or "
             "a correlation rule decided. Beyond 1,000 rules the others are one.",
             prometheus::MetricType::Counter);
  const RuleHits all(shown.policy, shown.counts);
  std::uint64_t others = shown.gone;
  bool has_others = others > 0;
  for (const RuleKind kind : kRuleKinds) {
    const std::vector<bool>& has_series = shown.has_series[at(kind)];
    for (std::size_t i = 0; i < has_series.size(); ++i) {
      const std::uint64_t count = all.of(kind, i).count;
      if (has_series[i]) {
        add_counter(hits,
                    {{"kind", std::string(to_string(kind))},
                     {"rule", std::string(rule_name(*shown.policy, kind, i))}},
                    count);
      } else {
        others += count;
        has_others = true;
      }
    }
  }
  if (has_others) add_counter(hits, {{"kind", "other"}, {"rule", "other"}}, others);
  return hits;
}

}  // namespace tocsin::telemetry
