#include "config/predicate.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

#include "config/section.h"

namespace tocsin::config {
namespace {

using rules::Predicate;

constexpr std::string_view kCure =
    "write it as one text in single quotes, such as 'team=\"payments\"'";

constexpr std::string_view kAMapping = "a mapping where a matcher belongs: a quote is missing";

bool is_connective(std::string_view key) { return key == "all" || key == "any" || key == "not"; }

bool has_unknown_key(const Node& mapping) {
  return std::ranges::any_of(
      mapping.entries, [](const Node::Entry& entry) { return !is_connective(entry.key->text); });
}

/// `{alertname="X"}` without quotes is a mapping to YAML, and so is `{alertname: "X"}`. A key that
/// may be a slip of the pen for all, any or not is left to the section.
bool looks_like_matcher(const Node& mapping) {
  if (mapping.entries.empty()) return false;
  const auto is_matcher = [](const Node::Entry& entry) {
    return entry.key->text.find_first_of("=<>!(") != std::string::npos ||
           (entry.value->kind == Node::Kind::empty && !is_connective(entry.key->text));
  };
  const auto is_label = [](const Node::Entry& entry) {
    return entry.value->kind == Node::Kind::text && !is_connective(entry.key->text) &&
           nearest(entry.key->text, {"all", "any", "not"}).empty();
  };
  return std::ranges::any_of(mapping.entries, is_matcher) ||
         std::ranges::all_of(mapping.entries, is_label);
}

/// For `{env: prod}` what was meant is known.
std::string cure_of_mapping(const Node& mapping) {
  constexpr std::size_t kShownMax = 80;
  const auto is_simple = [](std::string_view text) {
    return text.size() <= kShownMax &&
           text.find_first_of("'\"\\=<>!(){}, \n") == std::string_view::npos;
  };
  if (mapping.entries.size() == 1) {
    const Node::Entry& entry = mapping.entries.front();
    const bool is_text = entry.value->kind == Node::Kind::text;
    if (is_text && is_simple(entry.key->text) && is_simple(entry.value->text)) {
      return "write it as one text in single quotes: '" + entry.key->text + "=\"" +
             entry.value->text + "\"'";
    }
  }
  return std::string(kCure);
}

/// What other readers of YAML take for a number, a boolean or nothing is hardly a label's name.
bool is_no_text(const Node& node) {
  if (node.is_quoted) return false;
  constexpr std::string_view kWords[] = {"null", "Null", "NULL",  "~",     "true",
                                         "True", "TRUE", "false", "False", "FALSE"};
  if (std::ranges::find(kWords, node.text) != std::end(kWords)) return true;
  std::string_view digits = node.text;
  if (digits.starts_with('+') || digits.starts_with('-')) digits.remove_prefix(1);
  if (digits.empty() || ((digits[0] < '0' || digits[0] > '9') && digits[0] != '.')) return false;
  double number = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return failure == std::errc{} && end == digits.data() + digits.size();
}

/// The text of a matcher or selector.
std::optional<std::string> matcher_text(const Value& value) {
  if (value.is(Node::Kind::text) && is_no_text(value.node())) {
    value.error(value.node().text + " is no matcher",
                "compare a label, such as 'team=\"payments\"'; a label of this name stands in "
                "quotes: '" +
                    value.node().text + "'");
    return std::nullopt;
  }
  return value.text();
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
    value.error(std::string(kAMapping), cure_of_mapping(value.node()));
    return std::nullopt;
  }
  Section section(value);
  const auto all = section.find("all");
  const auto any = section.find("any");
  const auto negated = section.find("not");
  if (int{all.has_value()} + int{any.has_value()} + int{negated.has_value()} != 1) {
    if (has_unknown_key(value.node())) return std::nullopt;  // The section tells.
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
  const auto text = matcher_text(value);
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
  for (rules::Matcher& matcher : *matchers) {
    check_source(value, matcher);
    all.terms.push_back(Predicate{std::move(matcher)});
  }
  return Predicate{std::move(all)};
}

std::optional<Predicate> PredicateReader::read_matcher(const Value& value) {
  const auto text = matcher_text(value);
  if (!text) return std::nullopt;
  if (text->starts_with('{')) return read_selector(value);
  if (!count(value, 1)) return std::nullopt;
  auto matcher = rules::parse_matcher(*text, rules::Grammar::extended, patterns_);
  if (!matcher) {
    report(value, matcher.error());
    return std::nullopt;
  }
  check_source(value, *matcher);
  return Predicate{std::move(*matcher)};
}

void PredicateReader::check_source(const Value& value, const rules::Matcher& matcher) const {
  if (matcher.field != rules::Field::source) return;
  const auto check = [&](const std::string& name) {
    // Nothing has no source, and says so on purpose.
    if (name.empty() || std::ranges::find(sources_, name) != sources_.end()) return;
    const std::vector<std::string_view> names(sources_.begin(), sources_.end());
    value.warning("nothing defines the source " + in_quotes(name),
                  did_you_mean(name, names, "define it under sources in tocsin.yaml"));
  };
  if (matcher.op == rules::Op::equal || matcher.op == rules::Op::not_equal) check(matcher.value);
  if (matcher.op == rules::Op::in) std::ranges::for_each(matcher.set, check);
}

bool PredicateReader::count(const Value& value, std::size_t matchers) {
  matchers_ += matchers;
  if (matchers_ <= kMatchersMax) return true;
  value.error("more than 1,000,000 matchers in all rules files", "use fewer");
  return false;
}

}  // namespace tocsin::config
