#include "telemetry/line.h"

#include <gtest/gtest.h>

#include "telemetry/rate.h"

namespace tocsin::telemetry {
namespace {

using Fields = std::vector<Log::Field>;
constexpr auto kText = LogFormat::text;
constexpr auto kJson = LogFormat::json;

Instant at(const char* rfc3339) { return parse_rfc3339(rfc3339).value(); }

std::string line(LogFormat format, Log::Level level, const Fields& fields) {
  return format_line(format, at("2026-11-23T04:16:09.632Z"), level, "incident.triggered", fields);
}

TEST(Line, TextLinesUpAndJsonNamesEverything) {
  const Fields fields = {
      {"incident", "INC-1"}, {"severity", "SEV-2"}, {"title", "Disk full on db"}};
  EXPECT_EQ(line(kText, Log::Level::info, fields),
            "2026-11-23 04:16:09.632 info  incident.triggered incident=INC-1 severity=SEV-2 "
            "title=\"Disk full on db\"");
  EXPECT_EQ(line(kText, Log::Level::warning, {}),
            "2026-11-23 04:16:09.632 warn  incident.triggered");
  EXPECT_EQ(line(kJson, Log::Level::warning, fields),
            R"({"ts":"2026-11-23T04:16:09.632Z","level":"warning","event":"incident.triggered",)"
            R"("incident":"INC-1","severity":"SEV-2","title":"Disk full on db"})");
}

TEST(Line, HostileValuesStayInTheirPlace) {
  const Fields fields = {{"title", "x\n\x1b[2J\xff level=error"}};
  EXPECT_TRUE(line(kText, Log::Level::info, fields)
                  .ends_with(R"( title="x\n\u{001b}[2J\xff level=error")"));
  EXPECT_TRUE(line(kJson, Log::Level::info, fields)
                  .ends_with(",\"title\":\"x\\n\\u001b[2J\xEF\xBF\xBD level=error\"}"));
}

TEST(Line, TheJournalGetsFieldsOfItsOwnAndAMessageForPeople) {
  EXPECT_EQ(line(LogFormat::journal, Log::Level::error,
                 {{"incident", "INC-1"}, {"next_at", "soon"}, {"title", "Disk full"}}),
            "MESSAGE=incident.triggered incident=INC-1 next_at=soon title=\"Disk full\"\n"
            "PRIORITY=3\nSYSLOG_IDENTIFIER=tocsin\nTOCSIN_EVENT=incident.triggered\n"
            "TOCSIN_INCIDENT=INC-1\nTOCSIN_NEXT_AT=soon\nTOCSIN_TITLE=Disk full\n");
}

TEST(Line, NoValueForgesAFieldOfTheJournal) {
  const std::string entry =
      line(LogFormat::journal, Log::Level::info, {{"title", "x\nPRIORITY=0\n\x1b[2J"}});
  EXPECT_TRUE(entry.starts_with(R"(MESSAGE=incident.triggered title="x\nPRIORITY=0\n\u{001b}[2J")"
                                "\nPRIORITY=6\n"))
      << entry;
  const std::string length("\x11\0\0\0\0\0\0\0", 8);  // 17, little-endian.
  EXPECT_TRUE(entry.ends_with("\nTOCSIN_TITLE\n" + length + "x\nPRIORITY=0\n\x1b[2J\n"));
}

TEST(Line, ALongValueIsCutBetweenCharacters) {
  std::string value(2047, 'x');
  value += "ä and more";
  const std::string shown = line(kJson, Log::Level::info, {{"title", value}});
  EXPECT_TRUE(shown.ends_with("xx…\"}"));
  EXPECT_EQ(shown.find("\xEF\xBF\xBD"), std::string::npos);
}

TEST(EventRate, LeavesOutWhatIsTooMuchAndSaysSoInTheNextSecond) {
  EventRate rate(2);
  const Instant now = at("2026-11-23T04:16:09.632Z");
  EXPECT_TRUE(rate.turn(now).empty());
  EXPECT_TRUE(rate.admits("page.queued"));
  EXPECT_TRUE(rate.admits("page.queued"));
  EXPECT_FALSE(rate.admits("page.queued"));
  EXPECT_FALSE(rate.admits("page.queued"));
  EXPECT_TRUE(rate.admits("incident.triggered"));
  EXPECT_TRUE(rate.turn(now + Duration(300)).empty());

  const EventRate::LeftOut left_out = rate.turn(now + Duration(400));
  ASSERT_EQ(left_out.size(), 1U);
  EXPECT_EQ(left_out[0].first, "page.queued");
  EXPECT_EQ(left_out[0].second, 2U);
  EXPECT_TRUE(rate.admits("page.queued"));
}

}  // namespace
}  // namespace tocsin::telemetry
