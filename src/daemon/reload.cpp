#include "daemon/reload.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "daemon/clock.h"
#include "daemon/memory.h"
#include "daemon/startup.h"
#include "tocsin/base/priority.h"

namespace tocsin::daemon {

namespace {
/// How often this thread looks whether a former policy is still in use.
constexpr auto kFreeEvery = std::chrono::milliseconds(200);

/// What is used once, at the start.
std::vector<std::string> changed_for_restart(const config::Settings& now,
                                             const config::Settings& new_ones) {
  std::vector<std::string> keys;
  const bool same_address =
      now.listen.host == new_ones.listen.host && now.listen.port == new_ones.listen.port;
  if (!same_address) keys.emplace_back("listen");
  if (now.storage_path != new_ones.storage_path) keys.emplace_back("storage.path");
  return keys;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    if (&name != &names.front()) out += ", ";
    out += name.empty() ? "the rules root" : name;
  }
  return out;
}
}  // namespace

Reload::Reload(Options options) : options_(std::move(options)) {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "reload");
}

Reload::~Reload() { stop(); }

void Reload::stop() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  something_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Reload::ask(bool reapply, Then then) {
  {
    const std::scoped_lock lock(mutex_);
    waiting_.emplace_back(reapply, std::move(then));
  }
  something_.notify_one();
}

void Reload::free_former() {
  const auto is_free = [](const auto& policy) { return policy.use_count() == 1; };
  if (std::ranges::none_of(former_, is_free)) return;
  const GivingMemoryBack giving;
  std::erase_if(former_, is_free);
}

void Reload::run() {
  give_way(kInTheBackground);
  for (;;) {
    std::vector<std::pair<bool, Then>> asked;
    {
      std::unique_lock lock(mutex_);
      const auto is_asked = [&] { return ending_ || !waiting_.empty(); };
      if (former_.empty()) {
        something_.wait(lock, is_asked);
      } else {
        something_.wait_for(lock, kFreeEvery, is_asked);
      }
      if (ending_) return;
      asked.swap(waiting_);
    }
    free_former();
    if (asked.empty()) continue;
    const bool reapply = std::ranges::any_of(asked, [](const auto& one) { return one.first; });
    const http::Reloaded reloaded = reload(reapply);
    { const GivingMemoryBack what_reading_the_files_took; }
    for (const auto& [ignored, then] : asked) {
      if (then) then(reloaded);
    }
  }
}

http::Reloaded Reload::reload(bool reapply) {
  http::Reloaded out;
  config::Loaded read = config::load(options_.settings.path);
  if (read.settings_are_good) {
    config::fall_back(read, options_.policy->files);
    if (read.policy != nullptr) take_over(read, reapply, out);
  }
  out.diagnostics = std::move(read.diagnostics);
  // Cut short by the end of the daemon: the next start reads the files and says what it finds.
  if (!options_.is_stopping()) report(out);
  return out;
}

void Reload::take_over(config::Loaded& read, bool reapply, http::Reloaded& out) {
  out.kept = std::move(read.kept);
  out.at_restart = changed_for_restart(options_.settings, read.settings);
  // First, so that a restart finds what was in force when it was needed.
  const std::string unsaved = options_.save(read.policy);
  if (!unsaved.empty()) {
    out.problem = "reloaded, but a restart would not find these rules: " + unsaved;
  }
  // Channels before the policy that names them.
  const std::string problem = options_.configure(read.settings);
  if (!problem.empty()) out.problem = problem;
  former_.push_back(std::exchange(options_.policy, read.policy));
  out.taken_over = options_.put_in_force(read.policy, reapply);
  if (!out.taken_over) out.problem = "the daemon is stopping";
}

void Reload::report(const http::Reloaded& reloaded) {
  using Level = telemetry::Log::Level;
  options_.metrics->config_reload(reloaded.ok(), wall_now());
  log_diagnostics(reloaded.diagnostics, *options_.log);
  for (const std::string& key : reloaded.at_restart) {
    options_.log->write(Level::warning, "reload.needs_restart",
                        {{"key", key}, {"cure", "restart the daemon to use the new value"}});
  }
  std::string mistake = first_error(reloaded.diagnostics);
  if (mistake.empty()) mistake = reloaded.problem;
  if (!reloaded.taken_over) {
    options_.log->write(Level::error, "reload.failed",
                        {{"effect", "everything stays as it was"}, {"first", mistake}});
  } else if (!reloaded.ok()) {
    options_.log->write(Level::error, "reload.partial",
                        {{"kept", joined(reloaded.kept)}, {"first", mistake}});
  } else {
    options_.log->write(Level::info, "reload.done", {});
  }
  options_.alarm(reloaded.ok() ? "" : mistake);
}

}  // namespace tocsin::daemon
