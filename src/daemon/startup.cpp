#include "daemon/startup.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include "daemon/clock.h"
#include "daemon/memory.h"
#include "daemon/page_log.h"
#include "tocsin/alert/identity.h"
#include "tocsin/cli/cli.h"
#include "tocsin/delivery/delivery.h"

namespace tocsin::daemon {

namespace {
constexpr int kConfigurationError = 78;  // EX_CONFIG of sysexits.h: systemd does not restart on it.
constexpr std::size_t kDiagnosticsLogged = 100;
constexpr Duration kFallbackTime = std::chrono::seconds(12);

void log_store_error(const store::StoreError& error, telemetry::Log& log) {
  log.write(telemetry::Log::Level::error, "store.unusable",
            {{"problem", error.problem}, {"cure", error.cure}});
}

void save(Started& started, telemetry::Log& log) {
  const auto saved =
      started.store->save_policy(started.policy->rules.hash, started.policy->files, wall_now());
  if (!saved) log_store_error(saved.error(), log);
}

/// The rules on the disk, and the last good ones of the store for what has errors.
bool choose_policy(config::Loaded& read, Started& started, telemetry::Log& log) {
  if (read.policy == nullptr) {
    started.rules_are_current = false;
    started.first_mistake = first_error(read.diagnostics);
    const auto files = started.store->last_policy();
    if (!files) log_store_error(files.error(), log);
    if (files) config::fall_back(read, *files);
  }
  if (read.policy == nullptr) {
    log_diagnostics(read.diagnostics, log);
    log.write(telemetry::Log::Level::error, "rules.unusable",
              {{"problem", "the rules have errors and the store holds no earlier good version"},
               {"cure", "mend what is listed above; `tocsin check` shows the same list"}});
    return false;
  }
  started.policy = std::move(read.policy);
  save(started, log);
  if (started.rules_are_current) return true;
  log.write(telemetry::Log::Level::error, "rules.last_good",
            {{"problem", "the rules have errors; the last good version stays in force"},
             {"first", started.first_mistake}});
  return true;
}
/// The same within an hour, so that a receiver knows what it had already.
std::string key_of(const std::string& problem) {
  const auto hour = std::chrono::floor<std::chrono::hours>(wall_now()).time_since_epoch().count();
  return std::to_string(content_hash(problem, static_cast<std::uint64_t>(hour)));
}

std::filesystem::path paged_mark(const config::Settings& settings) {
  return std::filesystem::path(settings.storage_path) / "fallback-paged";
}

/// systemd starts the daemon again every second: the same problem is paged once an hour. A file
/// beside the store remembers; where none can be written, it is news every time.
bool is_news(const config::Settings& settings, const std::string& problem) {
  const std::filesystem::path path = paged_mark(settings);
  const std::string key = key_of(problem);
  std::string before;
  std::ifstream(path) >> before;
  if (before == key) return false;
  std::ofstream(path, std::ios::trunc) << key << '\n';
  return true;
}

}  // namespace

void log_diagnostics(const Diagnostics& diagnostics, telemetry::Log& log) {
  std::size_t mistakes = 0;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.level == Diagnostic::Level::note) continue;  // `check` tells these.
    if (++mistakes > kDiagnosticsLogged) continue;
    const bool error = diagnostic.level == Diagnostic::Level::error;
    log.write(error ? telemetry::Log::Level::error : telemetry::Log::Level::warning,
              "config.diagnostic", {{"text", format(diagnostic)}});
  }
  if (mistakes <= kDiagnosticsLogged) return;
  log.write(telemetry::Log::Level::warning, "config.diagnostics_more",
            {{"not_shown", std::to_string(mistakes - kDiagnosticsLogged)},
             {"cure", "`tocsin check` shows all of them"}});
}

std::string first_error(const Diagnostics& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.level == Diagnostic::Level::error) return format(diagnostic);
  }
  return {};
}

void page_fallback(const config::Settings& settings, const std::string& problem,
                   const std::string& cure, telemetry::Log& log) {
  delivery::Courier courier(
      {.channels = settings.channels,
       .external_url = settings.external_url,
       .write_log =
           [&](std::vector<delivery::LogField> fields) { write_page(log, std::move(fields)); },
       .version = std::string(cli::kVersion)});
  std::atomic<std::size_t> left = settings.fallback.size();
  for (const std::string& channel : settings.fallback) {
    delivery::Message message;
    message.page.key = "tocsin/store/" + key_of(problem);
    message.page.channel = channel;
    message.page.reason = problem + "; what to do: " + cure;
    message.page.created = wall_now();
    message.incident.severity = Severity::sev1;
    message.incident.title = "Tocsin cannot use its store and does not run: " + problem;
    message.incident.service = "tocsin";
    message.incident.started_at = message.incident.detected_at = wall_now();
    message.incident.triaged_at = wall_now();
    courier.attempt(std::move(message), [&, channel](const triage::PageAttempted& outcome) {
      log.write(telemetry::Log::Level::warning, "fallback.paged",
                {{"channel", channel}, {"outcome", std::string(to_string(outcome.outcome))}});
      if (--left == 0) courier.stop();
    });
  }
  if (settings.fallback.empty()) return;
  std::atomic<bool> done{false};
  std::thread limit([&] {
    const Instant until = wall_now() + kFallbackTime;
    while (!done && wall_now() < until) std::this_thread::sleep_for(Duration(50));
    courier.stop();
  });
  courier.run();
  done = true;
  limit.join();
}

std::optional<Started> start_up(const std::string& settings_path, telemetry::Log& log,
                                int& exit_code) {
  config::Loaded read = config::load(settings_path);
  log_diagnostics(read.diagnostics, log);
  if (!read.settings_are_good) {
    exit_code = kConfigurationError;
    return std::nullopt;
  }
  Started started;
  started.settings = read.settings;
  started.store_options.folder = started.settings.storage_path;
  const auto fail = [&](const store::StoreError& error) {
    log_store_error(error, log);
    // A second daemon on a store that is in use is a mistake of the moment, not a lost pager.
    if (error.kind != store::StoreError::Kind::locked && is_news(started.settings, error.problem)) {
      page_fallback(started.settings, error.problem, error.cure, log);
    }
    exit_code = EXIT_FAILURE;
    return std::nullopt;
  };
  auto opened = store::open_sqlite(started.store_options);
  if (!opened) return fail(opened.error());
  started.store = std::move(*opened);
  auto loaded = [&] {
    const GivingMemoryBack what_reading_the_rows_took;
    return started.store->load();
  }();
  if (!loaded) return fail(loaded.error());
  started.loaded = std::move(*loaded);
  std::error_code ignored;
  std::filesystem::remove(paged_mark(started.settings), ignored);
  if (!choose_policy(read, started, log)) {
    exit_code = kConfigurationError;
    return std::nullopt;
  }
  return started;
}

}  // namespace tocsin::daemon
