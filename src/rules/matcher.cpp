#include "tocsin/rules/matcher.h"

#include <algorithm>
#include <optional>

#include "rules/matcher_grammar.h"
#include "rules/matcher_value.h"
#include "rules/number.h"
#include "rules/regex.h"
#include "tocsin/base/check.h"
#include "tocsin/base/overloaded.h"
#include "tocsin/rules/rule_set.h"

namespace tocsin::rules {
namespace {

void append_quoted(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

bool is_identifier(std::string_view name) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && std::ranges::all_of(name, is_word);
}

void append_name(const Matcher& matcher, std::string& out) {
  switch (matcher.field) {
    case Field::label:
      if (is_identifier(matcher.name)) {
        out += matcher.name;
      } else {
        append_quoted(matcher.name, out);
      }
      return;
    case Field::annotation:
      out += kAnnotationPrefix;
      out += matcher.name;
      return;
    case Field::source:
      out += kSourceName;
      return;
  }
}

void append_set(const std::vector<std::string>& set, std::string& out) {
  out += " in (";
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (i > 0) out += ", ";
    append_quoted(set[i], out);
  }
  out += ')';
}

bool matches_whole(const Matcher& matcher, std::string_view value) {
  CHECK(matcher.regex != nullptr);
  return matcher.regex->matches_whole(value);
}

}  // namespace

std::string to_string(const Matcher& matcher) {
  std::string out;
  append_name(matcher, out);
  const auto with_value = [&](std::string_view op) {
    out += op;
    append_quoted(matcher.value, out);
  };
  const auto with_number = [&](std::string_view op) {
    out += op;
    out += matcher.value;
  };
  switch (matcher.op) {
    case Op::equal:
      with_value("=");
      break;
    case Op::not_equal:
      with_value("!=");
      break;
    case Op::matches:
      with_value("=~");
      break;
    case Op::not_matches:
      with_value("!~");
      break;
    case Op::present:
      break;
    case Op::in:
      append_set(matcher.set, out);
      break;
    case Op::greater:
      with_number(" > ");
      break;
    case Op::greater_equal:
      with_number(" >= ");
      break;
    case Op::less:
      with_number(" < ");
      break;
    case Op::less_equal:
      with_number(" <= ");
      break;
  }
  return out;
}

std::string_view Subject::value_of(std::string_view label) const {
  if (effects != nullptr) {
    if (const std::string_view set = effects->labels.get(label); !set.empty()) return set;
  }
  const std::string_view own = labels.get(label);
  if (!own.empty()) return own;
  if (service == nullptr) return {};
  if (label == "team" && !service->team.empty()) return service->team;
  if (label == "tier" && !service->tier.empty()) return service->tier;
  return service->labels.get(label);
}

std::string_view value_in(const Matcher& matcher, const Subject& subject) {
  switch (matcher.field) {
    case Field::label:
      return subject.value_of(matcher.name);
    case Field::annotation:
      return subject.annotations.get(matcher.name);
    case Field::source:
      return subject.source;
  }
  CHECK(!"a field outside its enumeration");
}

bool holds(const Matcher& matcher, const Subject& subject) {
  return holds_for(matcher, value_in(matcher, subject));
}

bool holds_for(const Matcher& matcher, std::string_view value) {
  const auto compares = [&](auto test) {
    const std::optional<double> number = to_number(value);
    return number && test(*number, matcher.number);
  };
  switch (matcher.op) {
    case Op::equal:
      return value == matcher.value;
    case Op::not_equal:
      return value != matcher.value;
    case Op::matches:
      return matches_whole(matcher, value);
    case Op::not_matches:
      return !matches_whole(matcher, value);
    case Op::present:
      return !value.empty();
    case Op::in:
      return std::binary_search(matcher.set.begin(), matcher.set.end(), value, std::less<>());
    case Op::greater:
      return compares(std::greater<>());
    case Op::greater_equal:
      return compares(std::greater_equal<>());
    case Op::less:
      return compares(std::less<>());
    case Op::less_equal:
      return compares(std::less_equal<>());
  }
  CHECK(!"an operator outside its enumeration");
}

bool holds(const Predicate& predicate, const Subject& subject) {
  const auto holds_here = [&](const Predicate& term) { return holds(term, subject); };
  return std::visit(Overloaded{
                        [&](const AllOf& p) { return std::ranges::all_of(p.terms, holds_here); },
                        [&](const AnyOf& p) { return std::ranges::any_of(p.terms, holds_here); },
                        [&](const Not& p) {
                          CHECK(p.term.size() == 1);
                          return !holds(p.term.front(), subject);
                        },
                        [&](const Matcher& p) { return holds(p, subject); },
                    },
                    predicate.kind);
}

}  // namespace tocsin::rules
