#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "ingest/world.h"

// Every tests/golden/ingest*/<case>.json is decoded as a body of its folder's kind and compared
// with <case>.expected. TOCSIN_UPDATE_GOLDEN=1 rewrites the expected files; read the difference.
namespace tocsin::ingest {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string time_text(const std::optional<Instant>& instant) {
  return instant ? format_rfc3339(*instant) : "unset";
}

std::string dump(const Report& report) {
  std::string out = report.phase == Phase::by_end     ? "alert by its end"
                    : report.phase == Phase::resolved ? "alert resolved"
                                                      : "alert firing";
  if (report.truncated) out += ", truncated";
  if (report.identity_by == IdentityBy::sender_key) {
    out += "\n  identity    " + std::string(report.sender_key);
  }
  out += "\n  fingerprint " + fingerprint(report.labels);
  out += "\n  labels      " + labels_to_json(report.labels);
  out += "\n  annotations " + labels_to_json(report.annotations);
  out += "\n  starts      " + time_text(report.starts_at);
  out += "\n  ends        " + time_text(report.ends_at);
  out += "\n  generator   " + std::string(report.generator_url) + "\n";
  return out;
}

std::string dump(const std::expected<Decoded, BodyError>& decoded) {
  if (!decoded) {
    const BodyError& error = decoded.error();
    return "unreadable (" + std::string(error.reason) + ") at \"" + error.at + "\", byte " +
           std::to_string(error.offset) + ": " + error.problem + "\n";
  }
  std::string out;
  for (const Report& report : decoded->reports) out += dump(report);
  for (const RefusedAlert& refused : decoded->refused) {
    out += "refused (" + std::string(to_string(refused.reason)) + ") at \"" + refused.at +
           "\": " + refused.problem + "\n";
  }
  if (decoded->acknowledged) out += "acknowledged " + decoded->event_key + "\n";
  for (const Remark& remark : decoded->remarks) {
    out += "remark at \"" + remark.at + "\": " + remark.problem + "\n";
  }
  return out.empty() ? "nothing\n" : out;
}

/// How many cases there are.
std::size_t check(const char* folder, Kind kind) {
  const bool update = std::getenv("TOCSIN_UPDATE_GOLDEN") != nullptr;
  std::size_t cases = 0;
  for (const auto& entry :
       fs::directory_iterator(fs::path(TOCSIN_SOURCE_DIR) / "tests/golden" / folder)) {
    if (entry.path().extension() != ".json") continue;
    SCOPED_TRACE(entry.path().filename().string());
    ++cases;
    World world;
    world.kind = kind;
    const std::string found = dump(world.decode(read_file(entry.path())));
    fs::path expected = entry.path();
    expected.replace_extension(".expected");
    if (update) std::ofstream(expected, std::ios::binary) << found;
    EXPECT_EQ(found, read_file(expected));
  }
  return cases;
}

TEST(Golden, BodiesOfTheAlertmanagerApiDecodeAsExpected) {
  EXPECT_GE(check("ingest", Kind::alertmanager_api), 20u);
}

TEST(Golden, EventsOfPagerDutyDecodeAsExpected) {
  EXPECT_GE(check("ingest_pagerduty", Kind::pagerduty), 10u);
}

TEST(Golden, BodiesReadByAMappingDecodeAsExpected) {
  EXPECT_GE(check("ingest_json", Kind::json), 8u);
}

}  // namespace
}  // namespace tocsin::ingest
