#include "tocsin/rules/matcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "tocsin/rules/rule_set.h"

namespace tocsin::rules {
namespace {

Matcher matcher(std::string_view text) {
  auto read = parse_matcher(text, Grammar::extended);
  if (!read) {
    ADD_FAILURE() << text << ": " << read.error().problem;
    return {};
  }
  return *std::move(read);
}

bool holds_on(std::string_view text, const Labels& labels) {
  return holds(matcher(text), Subject{.labels = labels});
}

TEST(Matcher, HoldsAsAlertmanagerWouldSay) {
  struct Case {
    const char* text;
    const char* value;  // of label x
    bool holds;
  };
  const Case cases[] = {
      {"x=\"a\"", "a", true},
      {"x=\"a\"", "A", false},
      {"x=\"a\"", "ab", false},
      {"x!=\"a\"", "b", true},
      {"x!=\"a\"", "a", false},
      {"x=~\"a|b\"", "a", true},
      {"x=~\"a|b\"", "ab", false},
      {"x=~\"a|b\"", "xa", false},
      {"x=~\"a|ab\"", "ab", true},  // Anchored around the whole alternation.
      {"x=~\"prod.*\"", "production", true},
      {"x=~\".*prod\"", "production", false},
      {"x=~\"^prod$\"", "prod", true},
      {"x=~\"(?i)PROD\"", "prod", true},
      {"x=~\"a.b\"", "a\nb", false},
      {"x=~\"(?s)a.b\"", "a\nb", true},
      {"x=~\"a.b\"", "aéb", true},
      {"x!~\"a|b\"", "c", true},
      {"x!~\"a|b\"", "b", false},
      {"x", "a", true},
      {"x in (a, b)", "b", true},
      {"x in (a, b)", "c", false},
      {"x in (a, b)", "", false},
      {"x > 5", "6", true},
      {"x > 5", "5", false},
      {"x > 5", "5.0001", true},
      {"x >= 5", "5", true},
      {"x >= 5", "5e0", true},
      {"x < 5", "-5", true},
      {"x < 5", "5", false},
      {"x <= 5", "5", true},
      {"x <= 5", "+4.5", true},
      {"x > 5", "+Inf", true},
      {"x < 5", "-Inf", true},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(holds_on(c.text, Labels{{"x", c.value}}), c.holds) << c.text << " on " << c.value;
  }
}

TEST(Matcher, AMissingLabelIsTheEmptyString) {
  struct Case {
    const char* text;
    bool holds;
  };
  const Case cases[] = {
      {"x=\"\"", true},
      {"x!=\"\"", false},
      {"x=\"y\"", false},
      {"x!=\"y\"", true},
      {"x=~\".*\"", true},
      {"x=~\".+\"", false},
      {"x=~\"\"", true},
      {"x=~\"y|\"", true},
      {"x=~\"y?\"", true},
      {"x=~\"y\"", false},
      {"x!~\".*\"", false},
      {"x!~\".+\"", true},
      {"x!~\"y\"", true},
      {"x!~\"y|\"", false},
      {"x", false},
      {"x in (y)", false},
      {"x in (\"\", y)", true},
      {"x > 0", false},
      {"x >= 0", false},
      {"x < 1", false},
      {"x <= 0", false},
      {"annotations.x=\"\"", true},
      {"annotations.x", false},
      {"meta.source=\"\"", true},
      {"meta.source", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(holds_on(c.text, Labels{{"other", "1"}}), c.holds) << c.text;
    EXPECT_EQ(holds_on(c.text, Labels{{"other", "1"}, {"x", ""}}), c.holds) << c.text;
    EXPECT_EQ(holds_on(c.text, Labels{}), c.holds) << c.text;
  }
}

TEST(Matcher, ComparesNothingButNumbers) {
  for (const char* value :
       {"", "a", "5a", "5 ", " 5", "0x10", "1,000", "5%", "--5", "+-5", "NaN", "1e999", "."}) {
    for (const char* text : {"x > 0", "x >= 0", "x < 1e6", "x <= 1e6"}) {
      EXPECT_FALSE(holds_on(text, Labels{{"x", value}})) << text << " on " << value;
    }
  }
}

TEST(Matcher, LooksWhereItsFieldSays) {
  const Labels labels{{"summary", "label"}, {"annotations.summary", "dotted"}};
  const Labels annotations{{"summary", "annotation"}};
  const Subject subject{.labels = labels, .annotations = annotations, .source = "grafana"};
  EXPECT_TRUE(holds(matcher("summary=label"), subject));
  EXPECT_TRUE(holds(matcher("annotations.summary=annotation"), subject));
  EXPECT_TRUE(holds(matcher("\"annotations.summary\"=dotted"), subject));
  EXPECT_TRUE(holds(matcher("meta.source=grafana"), subject));
  EXPECT_FALSE(holds(matcher("meta.source=prometheus"), subject));
}

TEST(Matcher, NamesAndValuesMayHoldAnyText) {
  EXPECT_TRUE(holds_on(R"("a\"b\\"="c\nd")", Labels{{"a\"b\\", "c\nd"}}));
  EXPECT_TRUE(holds_on("städte=~Z.rich", Labels{{"städte", "Zürich"}}));
  EXPECT_TRUE(holds_on(R"(pod=~"web-\d+")", Labels{{"pod", "web-17"}}));
}

TEST(Matcher, APatternThatCostsMuchIsAnsweredRightAllTheSame) {
  // Its automaton outgrows the memory allowed, so that RE2 goes on without one.
  const Matcher costly = matcher("x=~\"(a|b)*a(a|b){16}\"");
  std::mt19937_64 random(1);
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += random() % 2 == 0 ? 'a' : 'b';
  for (const char c : {'a', 'b'}) {
    text[text.size() - 17] = c;
    const Labels labels{{"x", text}};
    EXPECT_EQ(holds(costly, Subject{.labels = labels}), c == 'a');
  }
}

TEST(Subject, LabelsOfTheServiceFillWhatTheAlertLacks) {
  const Service service{.name = "checkout",
                        .team = "payments",
                        .tier = "0",
                        .labels = Labels{{"region", "eu"}, {"team", "ignored"}, {"env", "prod"}}};
  const Labels labels{{"env", "test"}, {"tier", "2"}};
  const Subject subject{.labels = labels, .service = &service};
  EXPECT_EQ(subject.value_of("team"), "payments");
  EXPECT_EQ(subject.value_of("tier"), "2");
  EXPECT_EQ(subject.value_of("env"), "test");
  EXPECT_EQ(subject.value_of("region"), "eu");
  EXPECT_EQ(subject.value_of("zone"), "");
  EXPECT_TRUE(holds(matcher("team=payments"), subject));
  EXPECT_FALSE(holds(matcher("team=\"\""), subject));
}

TEST(Subject, WhatRulesSetStandsOverTheSentLabels) {
  const Effects effects{.labels = Labels{{"env", "prod"}, {"component", "storage"}}};
  const Labels labels{{"env", "test"}, {"rack", "r7"}};
  const Subject subject{.labels = labels, .effects = &effects};
  EXPECT_EQ(subject.value_of("env"), "prod");
  EXPECT_EQ(subject.value_of("component"), "storage");
  EXPECT_EQ(subject.value_of("rack"), "r7");
}

TEST(Predicate, NestsAllAnyAndNot) {
  const Labels labels{{"a", "1"}, {"b", "2"}};
  const Subject subject{.labels = labels};
  const Predicate yes{matcher("a=1")};
  const Predicate no{matcher("a=2")};
  const auto all = [](std::vector<Predicate> terms) { return Predicate{AllOf{std::move(terms)}}; };
  const auto any = [](std::vector<Predicate> terms) { return Predicate{AnyOf{std::move(terms)}}; };
  const auto negated = [](Predicate term) { return Predicate{Not{{std::move(term)}}}; };
  struct Case {
    Predicate predicate;
    bool holds;
  };
  const Case cases[] = {
      {all({}), true},
      {any({}), false},
      {all({yes, yes}), true},
      {all({yes, no}), false},
      {any({no, yes}), true},
      {any({no, no}), false},
      {negated(yes), false},
      {negated(no), true},
      {negated(all({})), false},
      {negated(any({})), true},
      {all({any({no, yes}), negated(all({yes, no}))}), true},
  };
  for (const Case& c : cases) EXPECT_EQ(holds(c.predicate, subject), c.holds) << &c - cases;
}

std::string random_text(std::mt19937_64& random, std::size_t longest) {
  const char* pieces[] = {"a", "b", "\"", "\\", "\n", " ", ",", "}", "é", "=", "1", "n", "(", "'"};
  std::string out;
  for (std::size_t n = random() % (longest + 1); n > 0; --n) out += pieces[random() % 14];
  return out;
}

Matcher random_matcher(std::mt19937_64& random, const std::vector<std::string>& names) {
  Matcher out;
  out.op = static_cast<Op>(random() % 10);
  const std::uint64_t field = random() % 8;
  out.field = field == 0 ? Field::annotation : field == 1 ? Field::source : Field::label;
  out.name = out.field == Field::annotation ? "note" : names[random() % names.size()];
  switch (out.op) {
    case Op::equal:
    case Op::not_equal:
      out.value = random_text(random, 3);
      break;
    case Op::matches:
    case Op::not_matches: {
      const char* patterns[] = {"a*", "(a|b)+", "a?\\\\.*", "\\n", "é|", "[^a]", ".*\".*", ""};
      const Matcher with_regex = matcher("x=~\"" + [&] {
        std::string escaped;
        for (const char c : std::string(patterns[random() % 8])) {
          if (c == '"' || c == '\\') escaped += '\\';
          escaped += c;
        }
        return escaped;
      }() + "\"");
      out.value = with_regex.value;
      out.regex = with_regex.regex;
      break;
    }
    case Op::present:
      break;
    case Op::in:
      for (std::size_t n = 1 + random() % 3; n > 0; --n) out.set.push_back(random_text(random, 2));
      std::ranges::sort(out.set);
      out.set.erase(std::ranges::unique(out.set).begin(), out.set.end());
      break;
    default:
      out.number = static_cast<double>(random() % 7) / 4 - 0.5;
      out.value = std::to_string(out.number);
  }
  return out;
}

TEST(Matcher, ItsSpellingMeansTheSame) {
  std::mt19937_64 random(2026);
  std::vector<std::string> names = {"plain", "with blank", "annotations.note", "meta.source", "in"};
  for (int i = 0; i < 20; ++i) names.push_back("n" + random_text(random, 4));
  int held = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Matcher written = random_matcher(random, names);
    const Matcher again = matcher(to_string(written));
    ASSERT_EQ(again.field, written.field) << to_string(written);
    ASSERT_EQ(again.op, written.op) << to_string(written);
    ASSERT_EQ(again.set, written.set) << to_string(written);
    const std::string value =
        random() % 3 == 0 ? std::to_string(random() % 3) : random_text(random, 2);
    const Labels labels{{written.name, value}};
    const Subject subject{.labels = labels, .annotations = labels, .source = value};
    ASSERT_EQ(holds(again, subject), holds(written, subject)) << to_string(written);
    held += holds(written, subject) ? 1 : 0;
  }
  EXPECT_GT(held, 2'000);
  EXPECT_LT(held, 18'000);
}

}  // namespace
}  // namespace tocsin::rules
