#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
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

/// journald's end: a datagram socket in a folder that goes with it.
class Journal {
 public:
  Journal() {
    std::string folder = std::filesystem::temp_directory_path() / "tocsin-journal-XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) std::abort();
    folder_ = folder;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(&address.sun_path[0], sizeof address.sun_path - 1);
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    void* const bytes = &address;
    if (::bind(socket_, static_cast<sockaddr*>(bytes), sizeof address) != 0) std::abort();
  }
  ~Journal() {
    ::close(socket_);
    std::filesystem::remove_all(folder_);
  }
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  std::string path() const { return folder_ / "socket"; }
  /// One datagram.
  std::string entry() {
    std::string out(64U << 10, '\0');
    const ssize_t got = ::recv(socket_, out.data(), out.size(), 0);
    out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return out;
  }

 private:
  std::filesystem::path folder_;
  int socket_ = -1;
};

TEST(Log, TheJournalGetsOneEntryALineAndStandardErrorNothing) {
  StderrPipe pipe;
  Journal journal;
  {
    Log log(LogFormat::journal, journal.path());
    log.write(Log::Level::info, "daemon.ready", {{"listen", "127.0.0.1:9911"}});
    log.write(Log::Level::warning, "page", {{"incident", "INC-1"}});
  }
  EXPECT_EQ(journal.entry(),
            "MESSAGE=daemon.ready listen=127.0.0.1:9911\nPRIORITY=6\nSYSLOG_IDENTIFIER=tocsin\n"
            "TOCSIN_EVENT=daemon.ready\nTOCSIN_LISTEN=127.0.0.1:9911\n");
  EXPECT_NE(journal.entry().find("\nTOCSIN_INCIDENT=INC-1\n"), std::string::npos);
  pipe.restore();
  EXPECT_EQ(pipe.read_to_end(), "");
}

TEST(Log, WhatTheJournalDoesNotTakeGoesToStandardError) {
  StderrPipe pipe;
  {
    Log log(LogFormat::journal, "/nowhere/at/all");
    log.write(Log::Level::error, "store.unusable", {{"problem", "two\nlines"}});
  }
  {
    Log nowhere(LogFormat::journal, std::string(500, 'x'));
    nowhere.write(Log::Level::error, "store.unusable", {});
  }
  pipe.restore();
  EXPECT_EQ(pipe.read_to_end(), "store.unusable problem=\"two\\nlines\"\nstore.unusable\n");
}

TEST(Log, StandardErrorIsTheJournalOnlyWhereSystemdNamesThisVeryFile) {
  StderrPipe pipe;
  struct stat is {};
  ASSERT_EQ(::fstat(STDERR_FILENO, &is), 0);
  const std::string same = std::to_string(is.st_dev) + ":" + std::to_string(is.st_ino);
  ::setenv("JOURNAL_STREAM", same.c_str(), 1);
  EXPECT_EQ(Log::format_for_stderr(), LogFormat::journal);
  ::setenv("JOURNAL_STREAM", (same + "0").c_str(), 1);
  EXPECT_EQ(Log::format_for_stderr(), LogFormat::json);
  ::unsetenv("JOURNAL_STREAM");
  EXPECT_EQ(Log::format_for_stderr(), LogFormat::json);
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
