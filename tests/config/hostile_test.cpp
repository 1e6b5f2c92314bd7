// Files that mean harm, or were cut off by a full disk: the reader answers with diagnostics,
// quickly and in bounded memory, and never crashes.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <random>
#include <string>

#include "config_world.h"
#include "every_section.h"
#include "tocsin/config/config.h"

namespace tocsin::config {
namespace {

/// Processor time and not the clock on the wall: what else runs here does not count.
double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

PolicyResult compile(const std::string& text) { return compile_policy({}, {{"a.yaml", text}}); }

/// Ten levels of ten aliases each: 10^10 values in 400 bytes.
std::string bomb(const std::string& seed) {
  std::string text = "x0: &x0 [" + seed + "]\n";
  for (int level = 1; level <= 10; ++level) {
    const std::string name = "x" + std::to_string(level);
    const std::string inner = "*x" + std::to_string(level - 1);
    text += name + ": &" + name + " [" + inner;
    for (int i = 1; i < 10; ++i) text += ", " + inner;
    text += "]\n";
  }
  return text;
}

TEST(HostileYaml, AnAliasBombIsRefusedBeforeItIsExpanded) {
  const double before = processor_seconds();
  const std::string text = text_of(compile(bomb("a")).diagnostics);
  EXPECT_NE(text.find("more than 1,000,000 values"), std::string::npos) << text;
  EXPECT_LT(processor_seconds() - before, 1.0);
}

TEST(HostileYaml, AliasesBelowTheLimitShareTheirCompiledMatchers) {
  std::string text = "correlation:\n";
  text += "  - {name: r, by: [x], when: &w ['a=~\"(x|y){10}[a-z]{50}\"', '{b=~\"(x|y){10}\"}']}\n";
  text += "  - {name: s, by: [x], when: {any: [";
  for (int i = 0; i < 20'000; ++i) text += i == 0 ? "*w" : ", *w";
  text += "]}}\n";
  const double before = processor_seconds();
  const PolicyResult result = compile(text);
  EXPECT_EQ(text_of(result.diagnostics), "");
  EXPECT_LT(processor_seconds() - before, 10.0);
}

TEST(HostileYaml, ExtremeShapesAreRefusedQuickly) {
  struct Case {
    const char* name;
    std::string text;
  };
  std::string stairs;
  for (int i = 0; i < 1000; ++i) {
    stairs.append(static_cast<std::size_t>(i), ' ');
    stairs += "a:\n";
  }
  const Case cases[] = {
      {"brackets", std::string(100'000, '[')},
      {"braces", std::string(100'000, '{')},
      {"closing brackets", std::string(100'000, ']')},
      {"dashes", "- " + std::string(1000, '-')},
      {"nested dashes",
       [] {
         std::string text;
         for (int i = 0; i < 50'000; ++i) text += "- ";
         return text;
       }()},
      {"questions",
       [] {
         std::string text;
         for (int i = 0; i < 50'000; ++i) text += "? ";
         return text;
       }()},
      {"stairs", stairs},
      {"colons", std::string(100'000, ':')},
      {"anchors", std::string(100'000, '&')},
      {"stars", std::string(100'000, '*')},
      {"tags", std::string(100'000, '!')},
      {"percents", std::string(100'000, '%')},
      {"bars", std::string(100'000, '|')},
      {"quotes", std::string(99'999, '"')},
      {"single quotes", std::string(99'999, '\'')},
      {"blanks in front of nothing", std::string(100'000, ' ')},
      {"zeros", std::string(1000, '\0')},
      {"long line of values",
       [] {
         std::string text = "teams: {a: [";
         for (int i = 0; i < 200'000; ++i) text += "{b: c}, ";
         return text + "]}";
       }()},
      {"many unknown keys",
       [] {
         std::string text;
         for (int i = 0; i < 100'000; ++i) text += "k" + std::to_string(i) + ": 1\n";
         return text;
       }()},
      {"many second documents",
       [] {
         std::string text;
         for (int i = 0; i < 10'000; ++i) text += "---\n";
         return text;
       }()},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const double before = processor_seconds();
    const PolicyResult result = compile(c.text);
    EXPECT_LE(result.diagnostics.size(), 2002u);
    // Measured below 1 s each on an unoptimised build; sanitizers take up to ten times as long.
    EXPECT_LT(processor_seconds() - before, 20.0);
  }
}

TEST(HostileYaml, NestingInConditionsIsBounded) {
  for (int depth = 1; depth < 100; ++depth) {
    std::string when;
    for (int i = 0; i < depth; ++i) when += "[";
    when += "x";
    for (int i = 0; i < depth; ++i) when += "]";
    const PolicyResult result = compile("correlation: [{name: a, by: [x], when: " + when + "}]");
    EXPECT_EQ(result.policy == nullptr, depth > 31) << depth;
  }
}

/// One to four random edits: bytes changed, dropped, doubled, lines moved, pieces of YAML put in.
std::string mutate(std::string text, std::mt19937_64& random) {
  static const std::string pieces[] = {
      "&a ",          "*a",          "!x ",  "<<: ",    "{",        "}",     "[",   "]",   ": ",
      "- ",           "\"",          "'",    "\n---\n", "\n...\n",  "\t",    "|\n", ">\n", "? ",
      "# ",           "%YAML 1.2\n", "null", "~",       "{{",       "}}",    ",",   "\\",  "\xff",
      "\xEF\xBB\xBF", "\r",          "@",    "`",       "channel:", "SEV-1", "1e9", "-1",  "\n  ",
      "&a [*a]"};
  const auto pick = [&random](std::size_t below) {
    return static_cast<std::size_t>(random() % below);
  };
  const std::size_t edits = 1 + pick(4);
  for (std::size_t i = 0; i < edits && !text.empty(); ++i) {
    const std::size_t at = pick(text.size());
    switch (pick(6)) {
      case 0:
        text[at] = static_cast<char>(random());
        break;
      case 1:
        text.erase(at, 1 + pick(20));
        break;
      case 2:
        text.insert(at, pieces[pick(std::size(pieces))]);
        break;
      case 3:
        text.insert(at, text.substr(pick(text.size()), pick(60)));
        break;
      case 4:
        text.resize(at);
        break;
      default:
        text.insert(at, pick(12), ' ');
    }
  }
  return text;
}

TEST(HostileYaml, RandomDamageToGoodRulesIsDiagnosedOrHarmless) {
  std::string rules;
  const std::filesystem::path root = TOCSIN_SOURCE_DIR;
  for (const char* name : {"services", "severity", "correlation", "escalations", "teams"}) {
    rules += read_all(root / "rules" / (std::string(name) + ".yaml"));
  }
  ASSERT_GT(rules.size(), 1000u);
  rules += kEverySection;
  std::mt19937_64 random(20261123);
  int refused = 0;
  for (int round = 0; round < 2000; ++round) {
    const std::string damaged = mutate(rules, random);
    const PolicyResult result = compile(damaged);
    ASSERT_EQ(result.policy == nullptr, has_errors(result.diagnostics)) << round;
    for (const Diagnostic& diagnostic : result.diagnostics) {
      ASSERT_EQ(diagnostic.at.file, "a.yaml") << round;
      ASSERT_GE(diagnostic.at.line, 1) << round << text_of(result.diagnostics);
      ASSERT_FALSE(diagnostic.problem.empty()) << round;
    }
    if (result.policy == nullptr) ++refused;
  }
  EXPECT_GT(refused, 500);
}

TEST(HostileYaml, RandomDamageToGoodSettingsIsDiagnosedOrHarmless) {
  const std::string text =
      read_all(std::filesystem::path(TOCSIN_SOURCE_DIR) / "config/tocsin.yaml");
  ASSERT_GT(text.size(), 1000u);
  std::mt19937_64 random(20261124);
  int refused = 0;
  for (int round = 0; round < 2000; ++round) {
    const SettingsResult result = parse_settings(mutate(text, random), "tocsin.yaml", "/nowhere");
    ASSERT_FALSE(result.settings.external_url.empty());
    ASSERT_FALSE(result.settings.fallback.empty());
    if (has_errors(result.diagnostics)) ++refused;
  }
  EXPECT_GT(refused, 200);
}

}  // namespace
}  // namespace tocsin::config
