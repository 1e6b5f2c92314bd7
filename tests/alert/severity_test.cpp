#include "tocsin/alert/severity.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

constexpr Severity kAll[] = {Severity::sev1, Severity::sev2, Severity::sev3, Severity::sev4,
                             Severity::none};

TEST(Severity, IsReadAsItIsWrittenAndNoOtherWay) {
  for (const Severity severity : kAll) EXPECT_EQ(parse_severity(to_string(severity)), severity);
  EXPECT_EQ(to_string(Severity::sev1), "SEV-1");
  EXPECT_EQ(to_string(Severity::none), "none");
  for (const char* text : {"", "sev-1", "SEV1", "SEV-0", "SEV-5", "SEV-1 ", "None", "critical"}) {
    EXPECT_FALSE(parse_severity(text).has_value()) << text;
  }
}

TEST(Severity, Sev1IsTheWorstAndNoneTheLeast) {
  for (std::size_t i = 0; i < std::size(kAll); ++i) {
    for (std::size_t j = 0; j < std::size(kAll); ++j) {
      EXPECT_EQ(is_worse(kAll[i], kAll[j]), i < j);
      EXPECT_EQ(worse_of(kAll[i], kAll[j]), kAll[std::min(i, j)]);
    }
  }
}

}  // namespace
}  // namespace tocsin
