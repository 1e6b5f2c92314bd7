#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>

#include "telemetry/stderr_pipe.h"
#include "tocsin/telemetry/telemetry.h"

namespace tocsin::telemetry {
namespace {

TEST(Log, WhatWasWrittenHasLeftAfterAFlush) {
  StderrPipe pipe;
  Log log(LogFormat::json);
  log.write(Log::Level::info, "daemon.ready", {{"listen", "127.0.0.1:9911"}});
  log.write(Log::Level::debug, "never.shown", {});
  log.flush();
  const std::string lines = pipe.read_some();
  EXPECT_NE(lines.find(R"("event":"daemon.ready","listen":"127.0.0.1:9911"})"
                       "\n"),
            std::string::npos);
  EXPECT_EQ(lines.find("never.shown"), std::string::npos);
}

TEST(Log, EverythingIsWrittenAtTheEnd) {
  StderrPipe pipe;
  {
    Log log(LogFormat::text);
    for (int i = 0; i < 100; ++i) log.write(Log::Level::info, "line", {{"n", std::to_string(i)}});
  }
  pipe.restore();
  EXPECT_NE(pipe.read_to_end().find(" info  line n=99\n"), std::string::npos);
}

TEST(Log, WithoutAReaderTheOldestLinesAreDroppedAndCountedAndNobodyWaits) {
  constexpr int kLines = 30'000;
  StderrPipe pipe;
  auto log = std::make_unique<Log>(LogFormat::json);
  for (int i = 0; i < kLines; ++i) {
    log->write(Log::Level::info, "line", {{"n", std::to_string(i)}});
  }
  const std::uint64_t dropped = log->dropped();
  EXPECT_GT(dropped, 0U);
  std::string lines;
  std::thread reader([&] { lines = pipe.read_to_end(); });
  log.reset();
  pipe.restore();
  reader.join();
  const auto written = static_cast<std::uint64_t>(std::ranges::count(lines, '\n'));
  EXPECT_EQ(written + dropped, static_cast<std::uint64_t>(kLines));
  EXPECT_NE(lines.find(R"("n":"29999")"), std::string::npos);
}

TEST(Log, AStormOfOneEventIsCutWhileOthersPass) {
  StderrPipe pipe;
  Log log(LogFormat::text);
  std::uint32_t admitted = 0;
  for (int i = 0; i < 3000; ++i) admitted += log.admits("page.queued") ? 1 : 0;
  // The loop takes far less than a second; should it straddle two, both count.
  EXPECT_GE(admitted, Log::kLinesPerSecond);
  EXPECT_LE(admitted, 2 * Log::kLinesPerSecond);
  EXPECT_TRUE(log.admits("incident.triggered"));
}

}  // namespace
}  // namespace tocsin::telemetry
