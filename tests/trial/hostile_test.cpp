// Cases are files that anybody may have damaged: they are refused, or they run.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>

#include "tocsin/config/config.h"
#include "tocsin/trial/trial.h"

namespace tocsin::trial {
namespace {

constexpr std::string_view kPieces[] = {"INC-1",
                                        "INC-2",
                                        "none",
                                        "{",
                                        "}",
                                        "[",
                                        "]",
                                        ": ",
                                        ", ",
                                        "at: 5m, ",
                                        "resolve: INC-1",
                                        "lapse",
                                        "clear",
                                        "page: log, ",
                                        "pages: 1, ",
                                        "severity: SEV-1",
                                        "state: closed",
                                        "by: {hold: disk-filling}",
                                        "incidents: 0",
                                        "labels: {a: ''}",
                                        "suppressed: drop",
                                        "key: {x: y}",
                                        "- ",
                                        "\n",
                                        "'",
                                        "31d"};

std::string damaged(std::string text, std::mt19937_64& random) {
  const auto pick = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  for (std::size_t times = 1 + pick(4); times > 0 && !text.empty(); --times) {
    const std::size_t at = pick(text.size());
    const std::string_view piece = kPieces[pick(std::size(kPieces))];
    switch (pick(4)) {
      case 0:
        text.erase(at, 1 + pick(20));
        break;
      case 1:
        text.replace(at, std::min(piece.size(), text.size() - at), piece);
        break;
      case 2:
        text.insert(at, piece);
        break;
      default:
        text.insert(at, text.substr(pick(text.size()), pick(60)));
    }
  }
  return text;
}

TEST(Hostile, DamagedCasesAreRefusedOrRun) {
  const std::string top = TOCSIN_SOURCE_DIR;
  const auto policy = config::load(top + "/config/tocsin.yaml").policy;
  ASSERT_NE(policy, nullptr);
  std::ifstream file(top + "/rules/tests/how-to.yaml", std::ios::binary);
  const std::string whole(std::istreambuf_iterator<char>(file), {});
  const auto begins = whole.find("\ntests:");
  ASSERT_NE(begins, std::string::npos);
  const std::string text = whole.substr(begins);
  std::mt19937_64 random(20261125);
  int refused = 0, failed = 0, passed = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto read = config::parse_test_cases(damaged(text, random), "t.yaml");
    if (has_errors(read.diagnostics) || has_errors(check(read.cases, *policy))) {
      ++refused;
      continue;
    }
    const Results results = run(read.cases, policy);
    ASSERT_EQ(results.cases.size(), read.cases.size());
    (results.failed() > 0 ? failed : passed) += 1;
  }
  EXPECT_GT(refused, 500);
  EXPECT_GT(failed, 20);
  EXPECT_GT(passed, 10);
}

}  // namespace
}  // namespace tocsin::trial
