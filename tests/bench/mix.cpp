#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "bench/rule_mix.h"

namespace tocsin::bench {
namespace {

constexpr std::size_t kAlertLabels = 12;
constexpr std::size_t kAlwaysThere = 6;  // The first labels, in every alert.

/// alertname, instance, job, … : the first labels have the most values.
constexpr std::array<std::string_view, 12> kNames = {
    "alertname", "instance", "pod",    "service", "job",      "namespace",
    "cluster",   "team",     "device", "region",  "severity", "env"};

constexpr std::array<std::string_view, 16> kStems = {
    "checkout", "payments", "ledger", "search",  "catalog", "gateway", "mailer",  "billing",
    "frontend", "orders",   "stock",  "reports", "session", "invoice", "exports", "media"};

rules::Matcher matcher_of(const std::string& text) {
  auto read = rules::parse_matcher(text, rules::Grammar::extended);
  if (read) return *std::move(read);
  std::fprintf(stderr, "%s: %s\n", text.c_str(), read.error().problem.c_str());
  std::abort();
}

}  // namespace

RuleMix::RuleMix(std::size_t rules, std::uint64_t seed) : random_(seed) {
  const auto root = std::sqrt(static_cast<double>(rules));
  const std::size_t labels = 16 + static_cast<std::size_t>(root / 4);
  for (std::size_t i = 0; i < labels; ++i) {
    names_.push_back(i < kNames.size() ? std::string(kNames[i]) : "label_" + std::to_string(i));
    const double share = i < 4 ? 4.0 / (1 << i) : 0.25;
    values_.push_back(i >= 10 && i < 12 ? 4 : 8 + static_cast<std::size_t>(root * share * 4));
  }
}

std::vector<std::string> RuleMix::next_rule() {
  return ++written_ % 500 == 0 ? rule_without_witness() : rule();
}

/// Quadratic: half of the picks fall on the first quarter.
std::size_t RuleMix::skewed(std::size_t end) {
  const double x = std::uniform_real_distribution<>(0, 1)(random_);
  return std::min(end - 1, static_cast<std::size_t>(x * x * static_cast<double>(end)));
}

std::string RuleMix::value(std::size_t label) {
  const std::size_t i = skewed(values_[label]);
  return std::string(kStems[i % kStems.size()]) + "-" + std::to_string(label) + "-" +
         std::to_string(i);
}

std::string RuleMix::pattern(std::size_t label) {
  const std::string one = value(label);
  switch (below(10)) {
    case 0:
    case 1:
    case 2:
      return one + "|" + value(label) + "|" + value(label);
    case 3:
    case 4:
    case 5:
      return one.substr(0, one.rfind('-') + 2 + below(2)) + ".*";
    case 6:
      return ".*" + one.substr(one.find('-'));
    case 7:
      return ".*" + one.substr(2) + ".*";
    case 8:
      return one.substr(0, one.rfind('-')) + "-[0-9]+" + one.substr(one.size() - 1);
    default:
      return "(" + one + "|" + value(label) + ")(-[a-z]+)?";
  }
}

std::string RuleMix::matcher_text(std::size_t label) {
  const std::string& name = names_[label];
  const std::size_t kind = below(100);
  if (kind < 45) return name + "=\"" + value(label) + "\"";
  if (kind < 60) {
    std::string text = name + " in (\"" + value(label) + "\"";
    for (std::size_t more = 1 + below(4); more > 0; --more) text += ", \"" + value(label) + "\"";
    return text + ")";
  }
  if (kind < 72) return name + "!=\"" + value(label) + "\"";
  if (kind < 78) return name;
  if (kind < 82) return name + "=\"\"";
  return name + (kind < 96 ? "=~\"" : "!~\"") + pattern(label) + "\"";
}

/// Two to four different labels, at least one of them to wait for.
std::vector<std::string> RuleMix::rule() {
  for (;;) {
    std::vector<std::string> matchers;
    std::vector<std::size_t> labels;
    bool waits = false;
    for (std::size_t terms = 2 + below(3); labels.size() < terms;) {
      const std::size_t label = skewed(names_.size());
      if (std::ranges::find(labels, label) != labels.end()) continue;
      labels.push_back(label);
      matchers.push_back(matcher_text(label));
      const rules::Matcher matcher = matcher_of(matchers.back());
      const bool asks_for_value = (matcher.op == rules::Op::equal && !matcher.value.empty()) ||
                                  matcher.op == rules::Op::in || matcher.op == rules::Op::matches;
      waits = waits || asks_for_value;
    }
    if (waits) return matchers;
  }
}

std::vector<std::string> RuleMix::rule_without_witness() {
  std::vector<std::string> matchers;
  for (int i = 0; i < 2; ++i) {
    const std::size_t label = below(names_.size());
    matchers.push_back(names_[label] + "!=\"" + value(label) + "\"");
  }
  matchers.push_back(names_[below(kAlwaysThere)] + "=\"\"");
  return matchers;
}

Labels RuleMix::alert() {
  std::vector<std::size_t> labels(names_.size());
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = i;
  std::shuffle(labels.begin() + kAlwaysThere, labels.end(), random_);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < kAlertLabels; ++i) texts.push_back(value(labels[i]));
  std::vector<Label> pairs;
  for (std::size_t i = 0; i < kAlertLabels; ++i) pairs.push_back({names_[labels[i]], texts[i]});
  return Labels(std::move(pairs));
}

rules::Predicate predicate_of(const std::vector<std::string>& matchers) {
  rules::AllOf all;
  for (const std::string& matcher : matchers) all.terms.push_back({matcher_of(matcher)});
  return {std::move(all)};
}

}  // namespace tocsin::bench
