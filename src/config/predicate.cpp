#include "config/predicate.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "config/section.h"

namespace tocsin::config {
namespace {

using rules::Predicate;

constexpr std::string_view kCure =
    "write it as one text in single quotes, such as 'team=\"payments\"'";

/// `{alertname="X"}` without quotes is a mapping to YAML.
bool looks_like_matcher(const Node& mapping) {
  return std::ranges::any_of(mapping.entries, [](const Node::Entry& entry) {
    return entry.key->text.find_first_of("=<>!(") != std::string::npos ||
           (entry.value->kind == Node::Kind::empty && entry.key->text != "all" &&
            entry.key->text != "any" && entry.key->text != "not");
  });
}

void report(const Value& value, const rules::MatcherError& mistake) {
  value.error(mistake.problem, mistake.cure.empty() ? std::string(kCure) : mistake.cure,
              mistake.offset);
}

}  // namespace

std::optional<Predicate> PredicateReader::read(const Value& value) {
  if (value.is(Node::Kind::text)) return read_selector(value);
  return read_term(value, 1);
}

std::optional<Predicate> PredicateReader::read_term(const Value& value, int depth) {
  if (depth > kDepthMax) {
    value.error("conditions nested deeper than " + std::to_string(kDepthMax) + " levels",
                "flatten them");
    return std::nullopt;
  }
  switch (value.node().kind) {
    case Node::Kind::empty:
      value.wrong_kind("matchers", std::string("leave the key out to match every alert, or ") +
                                       std::string(kCure));
      return std::nullopt;
    case Node::Kind::text:
      return read_matcher(value);
    case Node::Kind::list: {
      auto terms = read_list(value, depth);
      if (!terms) return std::nullopt;
      return Predicate{rules::AllOf{std::move(*terms)}};
    }
    case Node::Kind::mapping:
      return read_mapping(value, depth);
  }
  return std::nullopt;
}

std::optional<std::vector<Predicate>> PredicateReader::read_list(const Value& value, int depth) {
  if (value.is(Node::Kind::list) && value.node().items.empty()) {
    value.error("an empty list of matchers", "leave the key out to match every alert");
    return std::nullopt;
  }
  if (value.is(Node::Kind::empty)) {
    value.wrong_kind("a list of matchers", std::string(kCure));
    return std::nullopt;
  }
  std::vector<Predicate> terms;
  bool good = true;
  const std::vector<Value> elements = value.list();
  terms.reserve(elements.size());
  for (const Value& element : elements) {
    auto term = read_term(element, depth + 1);
    if (term) {
      terms.push_back(std::move(*term));
    } else {
      good = false;
    }
  }
  if (!good || elements.empty()) return std::nullopt;
  return terms;
}

std::optional<Predicate> PredicateReader::read_mapping(const Value& value, int depth) {
  if (value.node().has_odd_key || looks_like_matcher(value.node())) {
    value.error("a mapping where a matcher belongs: a quote is missing", std::string(kCure));
    return std::nullopt;
  }
  Section section(value);
  const auto all = section.find("all");
  const auto any = section.find("any");
  const auto negated = section.find("not");
  if (int{all.has_value()} + int{any.has_value()} + int{negated.has_value()} != 1) {
    value.error("expected exactly one of the keys all, any and not",
                "nest them as elements of a list");
    return std::nullopt;
  }
  if (negated) {
    auto term = read_term(*negated, depth + 1);
    if (!term) return std::nullopt;
    std::vector<Predicate> one;
    one.push_back(std::move(*term));
    return Predicate{rules::Not{std::move(one)}};
  }
  auto terms = read_list(all ? *all : *any, depth);
  if (!terms) return std::nullopt;
  if (all) return Predicate{rules::AllOf{std::move(*terms)}};
  return Predicate{rules::AnyOf{std::move(*terms)}};
}

std::optional<Predicate> PredicateReader::read_selector(const Value& value) {
  const auto text = value.text();
  if (!text) return std::nullopt;
  auto matchers = rules::parse_selector(*text, rules::Grammar::extended, patterns_);
  if (!matchers) {
    report(value, matchers.error());
    return std::nullopt;
  }
  if (matchers->empty()) {
    value.error("a selector without matchers", "leave the key out to match every alert");
    return std::nullopt;
  }
  if (!count(value, matchers->size())) return std::nullopt;
  rules::AllOf all;
  all.terms.reserve(matchers->size());
  for (rules::Matcher& matcher : *matchers) all.terms.push_back(Predicate{std::move(matcher)});
  return Predicate{std::move(all)};
}

std::optional<Predicate> PredicateReader::read_matcher(const Value& value) {
  const auto text = value.text();
  if (!text) return std::nullopt;
  if (text->starts_with('{')) return read_selector(value);
  if (!count(value, 1)) return std::nullopt;
  auto matcher = rules::parse_matcher(*text, rules::Grammar::extended, patterns_);
  if (!matcher) {
    report(value, matcher.error());
    return std::nullopt;
  }
  return Predicate{std::move(*matcher)};
}

bool PredicateReader::count(const Value& value, std::size_t matchers) {
  matchers_ += matchers;
  if (matchers_ <= kMatchersMax) return true;
  value.error("more than 1,000,000 matchers in all rules files", "use fewer");
  return false;
}

}  // namespace tocsin::config
