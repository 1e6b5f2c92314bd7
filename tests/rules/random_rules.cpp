#include "rules/random_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "rules/number.h"

namespace tocsin::rules {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"a", "b", "c", "dd", "env", "é"};

std::vector<std::string> make_values() {
  std::vector<std::string> out = {"a",
                                  "b",
                                  "ab",
                                  "ba",
                                  "prod",
                                  "prod-1",
                                  "prod-12",
                                  "stage",
                                  "web-prod",
                                  "é",
                                  "éa",
                                  "aé",
                                  "\xff",
                                  "a\xff",
                                  "\xc3",
                                  "a\nb",
                                  "\n",
                                  "prod-\n",
                                  "a\n",
                                  "5",
                                  "5.0",
                                  " 5",
                                  "5 ",
                                  "1e",
                                  "1e2",
                                  "NaN",
                                  "Inf",
                                  "+Inf",
                                  "-Inf",
                                  "-3",
                                  "+3",
                                  "+-3",
                                  "0x10",
                                  "1e400",
                                  "1e-400",
                                  "PROD",
                                  "a.b",
                                  "v17",
                                  "v42",
                                  "v99",
                                  "\xed\xa0\x80",
                                  "\xf4\x90\x80\x80",
                                  "\xe0\x80\x80",
                                  "0",
                                  "-0",
                                  "4.999",
                                  "99.5",
                                  "17",
                                  "1e300"};
  out.push_back(std::string("a\0b", 3));
  out.push_back("prod-" + std::string(300, 'x'));
  out.push_back(std::string(300, 'a'));
  return out;
}

const std::vector<std::string>& values() {
  static const std::vector<std::string> kValues = make_values();
  return kValues;
}

/// v0|v1|… : a set larger than what a rule keeps by itself.
std::string huge_alternation(int from, std::string_view more) {
  std::string out;
  for (int i = from; i < from + 90; ++i) out += "v" + std::to_string(i) + "|";
  return out + std::string(more);
}

std::vector<Matcher> make_pattern_matchers() {
  std::vector<std::string> patterns = {"",
                                       "a",
                                       "a|b",
                                       "^a$",
                                       "^(a|b|ab)$",
                                       "(?:a|b)b?",
                                       "a|",
                                       "prod.*",
                                       "prod.+",
                                       "prod-.*",
                                       "prod-.+",
                                       "prod-.*?",
                                       ".*prod",
                                       ".+prod",
                                       ".*prod.*",
                                       ".*o.*",
                                       ".*",
                                       ".+",
                                       "(?s).*",
                                       "(?s)prod.*",
                                       ".",
                                       "a.*b",
                                       "(?i)prod",
                                       "[a-z]+",
                                       "[ab]",
                                       "[ab]b?",
                                       "(a|b).*",
                                       "a.*|b",
                                       "a.*|.*b|",
                                       "prod-[0-9]+",
                                       "\\d+",
                                       "\\w*",
                                       "a\\.b",
                                       "é.*",
                                       ".*é",
                                       "a*",
                                       "(ab)*",
                                       "a{1,2}",
                                       "x*",
                                       "[^a]*",
                                       "\\Qa.b\\E",
                                       "(.*)",
                                       "(prod|stage)(-1)?",
                                       "(web-)?prod(-.*)?",
                                       ".*\xc3\xa9.*",
                                       "v[14]7",
                                       "^a|b$",
                                       "a$|^b",
                                       "$",
                                       "^",
                                       "()",
                                       "(|a)",
                                       "prod-1|prod-1|prod-12",
                                       "a\nb",
                                       "a\n.*",
                                       "\\n",
                                       "\\x61",
                                       "[[:alpha:]]+",
                                       "(?P<x>a)|b",
                                       "\\C*"};
  patterns.push_back(huge_alternation(0, "a"));
  patterns.push_back(huge_alternation(30, "prod.*"));
  patterns.push_back(huge_alternation(10, ""));
  std::vector<Matcher> out;
  for (const std::string& pattern : patterns) {
    std::string text = "x=~\"";
    for (const char c : pattern) {
      if (c == '\\' || c == '"') text += '\\';
      text += c;
    }
    out.push_back(matcher_of(text + "\""));
  }
  return out;
}

const std::vector<Matcher>& pattern_matchers() {
  static const std::vector<Matcher> kMatchers = make_pattern_matchers();
  return kMatchers;
}

}  // namespace

Matcher matcher_of(std::string_view text) {
  auto read = parse_matcher(text, Grammar::extended);
  if (read) return *std::move(read);
  ADD_FAILURE() << text << ": " << read.error().problem;
  return {};
}

RandomRules::RandomRules(std::uint64_t seed, std::vector<std::string> more)
    : random_(seed), names_(std::move(more)) {
  names_.insert(names_.end(), kNames.begin(), kNames.end());
}

std::string RandomRules::name() { return names_[below(names_.size())]; }

std::string RandomRules::value() {
  if (chance(0.1)) return std::to_string(static_cast<double>(below(120)) - 20);
  // The first ones more often, so that rules hold.
  const std::size_t end = chance(0.6) ? 8 : values().size();
  return values()[below(end)];
}

std::string RandomRules::source() { return chance(0.2) ? "" : value(); }

void RandomRules::set_operand(Matcher& matcher) {
  switch (matcher.op) {
    case Op::equal:
    case Op::not_equal:
      matcher.value = chance(0.1) ? "" : value();
      return;
    case Op::matches:
    case Op::not_matches: {
      const Matcher& pattern = pattern_matchers()[below(pattern_matchers().size())];
      matcher.value = pattern.value;
      matcher.regex = pattern.regex;
      return;
    }
    case Op::present:
      return;
    case Op::in: {
      std::string text = "x in (\"v1\"";
      // Up to 64 members and more are two kinds of sets; v1 stands there already.
      const std::size_t size =
          chance(0.15) ? std::array<std::size_t, 4>{63, 64, 65, 100}[below(4)] : below(6);
      for (std::size_t i = 0; i < size; ++i) {
        const std::string member =
            size >= 63 ? "v" + std::to_string(i) : std::string(values()[below(8)]);
        text += ", \"" + member + "\"";
      }
      matcher.set = matcher_of(text + (chance(0.1) ? ", \"\")" : ")")).set;
      if (chance(0.05)) matcher.set.clear();
      return;
    }
    default:
      // Mostly edges that values stand on, else one of many.
      matcher.number = chance(0.6) ? std::array{-3.0, 0.0, -0.0, 3.0, 5.0, 99.5, 1e300}[below(7)]
                                   : static_cast<double>(below(400)) / 4 - 20;
  }
}

Matcher RandomRules::matcher() {
  Matcher out;
  const double field = std::uniform_real_distribution<>(0, 1)(random_);
  if (field < 0.06) out.field = Field::source;
  if (field > 0.9) out.field = Field::annotation;
  out.name = out.field == Field::source ? "source" : name();
  constexpr std::array kOps = {
      Op::equal,   Op::equal,         Op::equal,     Op::not_equal, Op::matches, Op::matches,
      Op::matches, Op::not_matches,   Op::in,        Op::in,        Op::present, Op::greater,
      Op::less,    Op::greater_equal, Op::less_equal};
  out.op = kOps[below(kOps.size())];
  set_operand(out);
  return out;
}

/// More keys than a witness may have, unless it is merged.
Predicate RandomRules::wide_any() {
  AnyOf any;
  for (int i = 0; i < 70; ++i) {
    Matcher one{.op = Op::equal, .name = "n" + std::to_string(i), .value = "x"};
    any.terms.push_back({std::move(one)});
  }
  any.terms.push_back({matcher()});
  return {AllOf{{{std::move(any)}, {matcher()}}}};
}

Predicate RandomRules::predicate(int depth) {
  if (chance(0.003)) return wide_any();
  if (depth == 0 || chance(0.35)) return {matcher()};
  std::vector<Predicate> terms;
  const std::size_t size = chance(0.03) ? 0 : 1 + below(4);
  const int deeper = size > 1 ? std::min(depth - 1, 4) : depth - 1;
  for (std::size_t i = 0; i < size; ++i) terms.push_back(predicate(deeper));
  switch (below(5)) {
    case 0:
      return {AnyOf{std::move(terms)}};
    case 1:
      if (size != 1) terms = {predicate(deeper)};
      return {Not{std::move(terms)}};
    default:
      return {AllOf{std::move(terms)}};
  }
}

Labels RandomRules::labels() {
  std::vector<std::string> texts;
  while (texts.size() < names_.size()) texts.push_back(chance(0.35) ? "" : value());
  std::vector<Label> pairs = {{"unasked", "x"}};
  for (std::size_t i = 0; i < names_.size(); ++i) pairs.push_back({names_[i], texts[i]});
  if (chance(0.05)) pairs.push_back({"n7", "x"});
  return Labels(std::move(pairs));
}

Labels RandomRules::annotations() { return chance(0.5) ? Labels() : labels(); }

}  // namespace tocsin::rules
