#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tocsin/rules/matcher.h"

namespace tocsin::rules {
namespace {

using namespace std::string_literals;

/// The canonical spelling, or `offset: problem; cure`.
std::string read(std::string_view text, Grammar grammar = Grammar::extended) {
  const auto matcher = parse_matcher(text, grammar);
  if (matcher) return to_string(*matcher);
  const MatcherError& e = matcher.error();
  return std::to_string(e.offset) + ": " + e.problem + "; " + e.cure;
}

std::string read_list(std::string_view text, Grammar grammar = Grammar::extended) {
  const auto list = parse_selector(text, grammar);
  if (!list) return std::to_string(list.error().offset) + ": " + list.error().problem;
  std::string out;
  for (const Matcher& matcher : *list) out += (out.empty() ? "" : " & ") + to_string(matcher);
  return out;
}

TEST(MatcherParser, ReadsAlertmanagersFourOperators) {
  struct Case {
    const char* text;
    const char* canonical;
  };
  const Case cases[] = {
      {R"(alertname="DiskWillFill")", R"(alertname="DiskWillFill")"},
      {R"(severity!="critical")", R"(severity!="critical")"},
      {R"(env=~"prod|stage")", R"(env=~"prod|stage")"},
      {R"(env!~"prod|stage")", R"(env!~"prod|stage")"},
      {R"(  env  =  "prod"  )", R"(env="prod")"},
      {"\tenv\n=~\r\n\"prod\"\n", R"(env=~"prod")"},
      {R"(team="")", R"(team="")"},
      {R"(team!="")", R"(team!="")"},
      {"env=prod", R"(env="prod")"},
      {"env != prod", R"(env!="prod")"},
      {"env=~prod|stage", R"(env=~"prod|stage")"},
      {"tier=0", R"(tier="0")"},
      {"team=", R"(team="")"},
      {"instance=~10\\.0\\.0\\.[0-9]+:9100", R"(instance=~"10\\.0\\.0\\.[0-9]+:9100")"},
      {"path=~/api/v[12]/(a|b).*", R"(path=~"/api/v[12]/(a|b).*")"},
      {"x=a=b", R"(x="a=b")"},
      {R"(x="a\"b\\c\nd\te")", R"(x="a\"b\\c\nd\\te")"},
      {R"(pod=~"web-\d+")", R"(pod=~"web-\\d+")"},
      {"x=\"a\nb\"", R"(x="a\nb")"},
      {"job:http_errors:rate5m=\"1\"", R"("job:http_errors:rate5m"="1")"},
      {R"("foo bar"="x")", R"("foo bar"="x")"},
      {R"("a\"b"="x")", R"("a\"b"="x")"},
      {"städte=\"Zürich\"", "\"städte\"=\"Zürich\""},
      {"http.status-code=\"500\"", R"("http.status-code"="500")"},
      {"in=\"x\"", R"(in="x")"},
      {"in = x", R"(in="x")"},
      {R"(annotations.summary=~".*disk.*")", R"(annotations.summary=~".*disk.*")"},
      {R"(meta.source="grafana")", R"(meta.source="grafana")"},
      {R"("annotations.summary"="x")", R"("annotations.summary"="x")"},
      {R"("meta.source"="x")", R"("meta.source"="x")"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(read(c.text, Grammar::extended), c.canonical);
    EXPECT_EQ(read(c.text, Grammar::alertmanager), c.canonical);
    EXPECT_EQ(read(c.canonical, Grammar::alertmanager), c.canonical);
  }
}

TEST(MatcherParser, ReadsTheExtrasOfRules) {
  struct Case {
    const char* text;
    const char* canonical;
  };
  const Case cases[] = {
      {"rack", "rack"},
      {" rack ", "rack"},
      {"\"foo bar\"", "\"foo bar\""},
      {"annotations.runbook_url", "annotations.runbook_url"},
      {"meta.source", "meta.source"},
      {"env in (\"prod\",\"stage\")", "env in (\"prod\", \"stage\")"},
      {"env in(stage, prod ,prod)", "env in (\"prod\", \"stage\")"},
      {"env in ( \"\" , \"a,b)\" )", "env in (\"\", \"a,b)\")"},
      {"in in (\"in\")", "in in (\"in\")"},
      {"value > 5", "value > 5"},
      {"value>5", "value > 5"},
      {"value >= -0.50", "value >= -0.5"},
      {"value < \"1e3\"", "value < 1000"},
      {"value<=+7", "value <= 7"},
      {"annotations.value > 90", "annotations.value > 90"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    EXPECT_EQ(read(c.text), c.canonical);
    EXPECT_EQ(read(c.canonical), c.canonical);
  }
}

TEST(MatcherParser, QuotesDecideWhatIsLookedAt) {
  EXPECT_EQ(parse_matcher("annotations.x=1", Grammar::extended)->field, Field::annotation);
  EXPECT_EQ(parse_matcher("annotations.x=1", Grammar::extended)->name, "x");
  EXPECT_EQ(parse_matcher("\"annotations.x\"=1", Grammar::extended)->field, Field::label);
  EXPECT_EQ(parse_matcher("meta.source=a", Grammar::extended)->field, Field::source);
  EXPECT_EQ(parse_matcher("\"meta.source\"=a", Grammar::extended)->field, Field::label);
  EXPECT_EQ(parse_matcher("annotations_x=1", Grammar::extended)->field, Field::label);
}

TEST(MatcherParser, SaysWhereWhatIsWrongAndWhatWouldBeRight) {
  struct Case {
    const char* text;
    const char* error;
  };
  const Case cases[] = {
      {"", "0: a matcher is missing; write name=\"value\""},
      {"   ", "3: a matcher is missing; write name=\"value\""},
      {"=\"x\"", "0: a name is missing before the operator; write name=\"value\""},
      {"!team", "0: \"!\" before a name; write name=\"\" for a label that is absent"},
      {"{a=\"b\"}", "0: \"{\" where one matcher is expected; write its matchers one by one"},
      {"\"\"=\"x\"", "0: an empty name; name the label"},
      {"a==\"b\"",
       "2: unexpected \"=\" after the operator; one of = != =~ !~ > >= < <=; a value that begins "
       "so stands in double quotes"},
      {"a= ~\"b\"",
       "3: unexpected \"~\" after the operator; one of = != =~ !~ > >= < <=; a value that begins "
       "so stands in double quotes"},
      {"a \"b\"",
       "2: expected an operator, found \"\\\"\"; one of = != =~ !~ > >= < <= in; a name with such "
       "a character stands in double quotes"},
      {"a&&b",
       "1: expected an operator, found \"&\"; one of = != =~ !~ > >= < <= in; a name with such a "
       "character stands in double quotes"},
      {"*=\"x\"",
       "0: expected a name, found \"*\"; a name with such a character stands in double quotes"},
      {"a=\"b", "2: a quote is never closed; add \""},
      {"a=\"b\\\"", "2: a quote is never closed; add \""},
      {"\"a=b", "0: a quote is never closed; add \""},
      {"a=\"b\"c",
       "5: unexpected \"c\" after a matcher; put a value with blanks or quotes in double quotes, "
       "and \",\" between matchers"},
      {"a=b c",
       "4: unexpected \"c\" after a matcher; put a value with blanks or quotes in double quotes, "
       "and \",\" between matchers"},
      {"a=\"b\",c=\"d\"",
       "5: \",\" after a matcher; write one matcher each, or all of them in one list "
       "{a=\"b\", c=\"d\"}"},
      {"a=b\"c\"", "3: \"\\\"\" in a value without quotes; put the value in double quotes"},
      {"a=~x{2}", "4: \"{\" in a value without quotes; put the value in double quotes"},
      {"a='b'", "2: unexpected \"'\" before a value; use double quotes"},
      {"a=~\"(b\"",
       "3: not a regular expression: missing ): (b; RE2 syntax; a literal . * + ? ( ) [ ] stands "
       "behind a \\"},
      {"a=~\"b**\"",
       "3: not a regular expression: bad repetition operator: **; RE2 syntax; a literal "
       ". * + ? ( ) [ ] stands behind a \\"},
      {"a > b", "4: \"b\" is no number; write a decimal number, or compare with ="},
      {"a > 5%", "4: \"5%\" is no number; write a decimal number, or compare with ="},
      {"a > nan", "4: \"nan\" is no number; write a decimal number, or compare with ="},
      {"a > inf", "4: \"inf\" is no number; write a decimal number, or compare with ="},
      {"a > ", "4: \"\" is no number; write a decimal number, or compare with ="},
      {"a in", "4: \"(\" is missing after \"in\"; write name in (\"a\", \"b\")"},
      {"a in b", "5: \"(\" is missing after \"in\"; write name in (\"a\", \"b\")"},
      {"a in ()", "6: a value is missing; write name in (\"a\", \"b\")"},
      {"a in (b,)", "8: a value is missing; write name in (\"a\", \"b\")"},
      {"a in (b", "5: \"(\" is never closed; add \")\""},
      {"a in (b c)", "8: expected \",\" or \")\", found \"c\"; write name in (\"a\", \"b\")"},
      {"annotations.=\"x\"", "0: the annotation's name is missing; write annotations.summary"},
      {"meta.kind=\"x\"",
       "0: unknown name \"meta.kind\"; meta.source is the only one; a label of that name stands in "
       "double quotes"},
      {"a=\"\xff\"", "3: a byte that is no UTF-8; save the file as UTF-8"},
  };
  for (const Case& c : cases) EXPECT_EQ(read(c.text), c.error) << c.text;
}

TEST(MatcherParser, SilencesTakeNoExtras) {
  struct Case {
    const char* text;
    const char* error;
  };
  const Case cases[] = {
      {"rack", "0: an operator is missing; write name!=\"\" for a label that is present"},
      {"a in (\"b\")", "2: \"in\" is not available here; write name=~\"a|b\""},
      {"a > 5", "2: comparisons are not available here; one of = != =~ !~"},
      {"a<=5", "1: comparisons are not available here; one of = != =~ !~"},
  };
  for (const Case& c : cases) EXPECT_EQ(read(c.text, Grammar::alertmanager), c.error) << c.text;
}

TEST(MatcherParser, ReadsListsWithAndWithoutBraces) {
  struct Case {
    const char* text;
    const char* canonical;
  };
  const Case cases[] = {
      {"", ""},
      {"  ", ""},
      {"{}", ""},
      {" { } ", ""},
      {R"({alertname="X", env=~"prod|stage"})", R"(alertname="X" & env=~"prod|stage")"},
      {R"(alertname="X",env=~"prod|stage")", R"(alertname="X" & env=~"prod|stage")"},
      {R"({alertname=X,env=prod,})", R"(alertname="X" & env="prod")"},
      {R"(a="x,y}", b="{")", R"(a="x,y}" & b="{")"},
      {R"({rack, env in (a, "b,c"), v > 3})", R"(rack & env in ("a", "b,c") & v > 3)"},
      {"{\n  a=\"b\",\n  c=\"d\",\n}", R"(a="b" & c="d")"},
      {"{", "0: \"{\" is never closed"},
      {"{a=\"b\"", "0: \"{\" is never closed"},
      {"{a=\"b\"}}", "7: unexpected \"}\" after a matcher"},
      {"a=\"b\"}", "5: unexpected \"}\" after a matcher"},
      {"{a=\"b\" c=\"d\"}", "7: unexpected \"c\" after a matcher"},
      {"{a=\"b\",,c=\"d\"}", "7: expected a name, found \",\""},
      {",", "0: expected a name, found \",\""},
      {"{a=\"b\"} x", "8: unexpected \"x\" after a matcher"},
      {"{a=\"b\", c=~\"(\"}", "11: not a regular expression: missing ): ("},
  };
  for (const Case& c : cases) EXPECT_EQ(read_list(c.text), c.canonical) << c.text;
  EXPECT_EQ(read_list("{rack}", Grammar::alertmanager), "1: an operator is missing");
}

TEST(MatcherParser, BoundsWhatATextMayCost) {
  EXPECT_EQ(
      parse_matcher("a=\"" + std::string(100'000, 'x') + "\"", Grammar::extended).error().problem,
      "longer than 65536 bytes");
  EXPECT_EQ(
      parse_matcher("a=~\"" + std::string(20'000, 'x') + "\"", Grammar::extended).error().problem,
      "a pattern longer than 16384 bytes");
  EXPECT_FALSE(parse_matcher("a=~\"((x{100}){100}){100}\"", Grammar::extended).has_value());
  std::string many;
  for (int i = 0; i < 64; ++i) many += "a=b,";
  EXPECT_TRUE(parse_selector(many, Grammar::extended).has_value());
  EXPECT_EQ(parse_selector(many + "a=b", Grammar::extended).error().problem,
            "more than 64 matchers");
  // The limits leave room for what people do write: a list of hundreds of hosts.
  std::string hosts = "instance=~\"web";
  for (int i = 0; hosts.size() < 16'000; ++i) hosts += "|web-" + std::to_string(i) + "\\.net";
  EXPECT_TRUE(parse_matcher(hosts + "\"", Grammar::extended).has_value());
}

TEST(MatcherParser, SurvivesHostileText) {
  std::mt19937_64 random(99);
  constexpr std::string_view kBytes = "ab\"\\=!~<>(){},in .5\n\xc3\xa9\xff";
  int accepted = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string text(random() % 16, '\0');
    for (char& c : text) c = kBytes[random() % kBytes.size()];
    for (const Grammar grammar : {Grammar::extended, Grammar::alertmanager}) {
      const auto list = parse_selector(text, grammar);
      const auto one = parse_matcher(text, grammar);
      if (!list) {
        ASSERT_LE(list.error().offset, text.size());
        ASSERT_FALSE(list.error().problem.empty());
        ASSERT_FALSE(one.has_value()) << text;
        continue;
      }
      ++accepted;
      std::string canonical;
      for (const Matcher& matcher : *list) canonical += to_string(matcher) + ",";
      ASSERT_TRUE(parse_selector(canonical, grammar).has_value()) << text << "\n" << canonical;
    }
  }
  EXPECT_GT(accepted, 1'000);
}

}  // namespace
}  // namespace tocsin::rules
