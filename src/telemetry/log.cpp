#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "telemetry/line.h"
#include "telemetry/rate.h"

namespace tocsin::telemetry {
namespace {

/// Lines that wait for the writing thread.
constexpr std::size_t kQueueMax = 8192;

/// True where systemd says that standard error is the journal's stream. Source: systemd.exec(5).
bool stderr_is_journal() {
  const char* const said = std::getenv("JOURNAL_STREAM");
  struct stat is {};
  if (said == nullptr || ::fstat(STDERR_FILENO, &is) != 0) return false;
  return std::to_string(is.st_dev) + ":" + std::to_string(is.st_ino) == said;
}

/// journald's end of its native protocol.
class JournalSocket {
 public:
  explicit JournalSocket(std::string_view path) {
    address_.sun_family = AF_UNIX;
    if (path.size() >= sizeof address_.sun_path) return;
    path.copy(&address_.sun_path[0], path.size());
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  }
  ~JournalSocket() {
    if (socket_ >= 0) ::close(socket_);
  }
  JournalSocket(const JournalSocket&) = delete;
  JournalSocket& operator=(const JournalSocket&) = delete;

  /// Waits while journald has more than it can take: only the log's own thread does.
  bool send(std::string_view entry) const {
    const void* const address = &address_;
    for (;;) {
      const ssize_t sent =
          ::sendto(socket_, entry.data(), entry.size(), MSG_NOSIGNAL,
                   static_cast<const sockaddr*>(address), static_cast<socklen_t>(sizeof address_));
      if (sent >= 0 || errno != EINTR) return sent >= 0;
    }
  }

 private:
  sockaddr_un address_{};
  int socket_ = -1;
};

/// Writes to standard error, unbuffered, or to the journal, and lets flush() know how far it got.
class LineSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  LineSink(LogFormat format, std::string_view journal_socket) {
    if (format == LogFormat::journal) journal_.emplace(journal_socket);
  }
  std::uint64_t flushes() {
    const std::lock_guard lock(flushed_mutex_);
    return flushes_;
  }
  void wait_for_flush_after(std::uint64_t before, Duration longest) {
    std::unique_lock lock(flushed_mutex_);
    flushed_.wait_for(lock, longest, [&] { return flushes_ > before; });
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::string line(message.payload.data(), message.payload.size());
    if (journal_) {
      if (journal_->send(line)) return;
      line = line.substr(kJournalMessage.size(), line.find('\n') - kJournalMessage.size());
    }
    line += '\n';
    std::string_view rest = line;
    while (!rest.empty()) {
      const ssize_t wrote = ::write(STDERR_FILENO, rest.data(), rest.size());
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) return;  // Nobody reads the log; there is no other place to say so.
      rest.remove_prefix(static_cast<std::size_t>(wrote));
    }
  }
  void flush_() override {
    const std::lock_guard lock(flushed_mutex_);
    ++flushes_;
    flushed_.notify_all();
  }

 private:
  std::optional<JournalSocket> journal_;
  std::mutex flushed_mutex_;
  std::condition_variable flushed_;
  std::uint64_t flushes_ = 0;
};

Instant wall_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

spdlog::level::level_enum spdlog_level(Log::Level level) {
  switch (level) {
    case Log::Level::debug:
      return spdlog::level::debug;
    case Log::Level::info:
      return spdlog::level::info;
    case Log::Level::warning:
      return spdlog::level::warn;
    case Log::Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

struct Log::Impl {
  Impl(LogFormat chosen, std::string_view journal_socket)
      : format(chosen), sink(std::make_shared<LineSink>(chosen, journal_socket)) {
    // Lines arrive complete: their time is that of the call, not that of the writing thread.
    logger->set_level(spdlog::level::info);
  }
  /// First the thread, which writes what still waits: the last line holds the logger, and would be
  /// the one to end it.
  ~Impl() { pool.reset(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void post(Level level, const std::string& line) {
    logger->log(spdlog_level(level), spdlog::string_view_t(line));
  }

  const LogFormat format;
  std::shared_ptr<LineSink> sink;
  std::shared_ptr<spdlog::details::thread_pool> pool =
      std::make_shared<spdlog::details::thread_pool>(kQueueMax, 1);
  std::shared_ptr<spdlog::async_logger> logger = std::make_shared<spdlog::async_logger>(
      "tocsin", sink, pool, spdlog::async_overflow_policy::overrun_oldest);
  std::mutex rate_mutex;
  EventRate rate{kLinesPerSecond};
};

Log::Log(LogFormat format, std::string_view journal_socket)
    : impl_(std::make_unique<Impl>(format, journal_socket)) {}

Log::~Log() = default;  // The pool's end writes what still waits.

LogFormat Log::format_for_stderr() {
  if (stderr_is_journal()) return LogFormat::journal;
  return ::isatty(STDERR_FILENO) != 0 ? LogFormat::text : LogFormat::json;
}

void Log::write(Level level, std::string_view event, const std::vector<Field>& fields) {
  impl_->post(level, format_line(impl_->format, wall_now(), level, event, fields));
}

bool Log::admits(std::string_view event) {
  EventRate::LeftOut left_out;
  bool admitted = false;
  {
    const std::lock_guard lock(impl_->rate_mutex);
    left_out = impl_->rate.turn(wall_now());
    admitted = impl_->rate.admits(event);
  }
  for (auto& [name, count] : left_out) {
    write(Level::warning, "log.left_out", {{"of", name}, {"lines", std::to_string(count)}});
  }
  return admitted;
}

void Log::flush() {
  const std::uint64_t before = impl_->sink->flushes();
  impl_->logger->flush();
  impl_->sink->wait_for_flush_after(before, Duration(1000));
}

std::uint64_t Log::dropped() const { return impl_->pool->overrun_counter(); }

}  // namespace tocsin::telemetry
