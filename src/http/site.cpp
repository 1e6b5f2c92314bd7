#include "http/site.h"

#include <stdexcept>
#include <utility>

#include "http/tls.h"

namespace tocsin::http {

bool LineLimiter::allow(std::string_view key, Clock::time_point now, std::uint64_t& held_back) {
  const std::lock_guard lock(mutex_);
  for (Line& line : lines_) {
    if (line.key != key) continue;
    if (now - line.last < std::chrono::seconds(1)) {
      ++line.held_back;
      return false;
    }
    line.last = now;
    held_back = std::exchange(line.held_back, 0);
    return true;
  }
  if (lines_.size() == kKeysMax) lines_.erase(lines_.begin());
  lines_.push_back({std::string(key), now, 0});
  held_back = 0;
  return true;
}

namespace {

/// A token nobody knows but who reads the log of this start, where no other could change anything.
std::shared_ptr<Bootstrap> make_bootstrap(const Options& options) {
  if (options.log == nullptr) return nullptr;
  const std::string token = random_token();
  options.log->write(telemetry::Log::Level::warning, "auth.bootstrap",
                     {{"token", token},
                      {"use",
                       "once, within 15 minutes; auth.anonymous is none and no token of "
                       "auth.tokens has the scope admin"}});
  const Instant now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  return std::make_shared<Bootstrap>(hash_of_token(token), now + Bootstrap::kValid);
}

}  // namespace

Site::Site(Options given) : options(std::move(given)) {
  const std::string problem = configure(options.settings);
  if (!problem.empty()) throw std::runtime_error("tls: " + problem);
}

std::string Site::configure(const config::Settings& new_settings) {
  settings = std::make_shared<const config::Settings>(new_settings);
  std::string problem;
  const std::shared_ptr<const Terms> before = terms.load();
  std::shared_ptr<Tls> tls = before == nullptr ? nullptr : before->tls;
  if (!new_settings.tls) {
    tls = nullptr;
  } else if (auto made = make_tls(*new_settings.tls)) {
    tls = *std::move(made);
  } else {
    problem = std::move(made.error());
  }
  const bool needed = needs_bootstrap(new_settings);
  if (needed && bootstrap_ == nullptr) bootstrap_ = make_bootstrap(options);
  terms = std::make_shared<const Terms>(
      Terms{new_settings.limits, new_settings.external_url, new_settings.senders,
            Access(new_settings, needed ? bootstrap_ : nullptr), std::move(tls)});
  return problem;
}

bool Site::take_body_bytes(std::uint64_t bytes, std::uint64_t most) {
  const std::uint64_t before = bodies_in_flight.fetch_add(bytes, std::memory_order_relaxed);
  // One body always fits, so that a budget below `limits.body` cannot refuse everything.
  if (before == 0 || before + bytes <= most) return true;
  give_back_body_bytes(bytes);
  return false;
}

void Site::give_back_body_bytes(std::uint64_t bytes) {
  bodies_in_flight.fetch_sub(bytes, std::memory_order_relaxed);
}

void Site::warn(std::string_view key, std::string_view event,
                std::vector<telemetry::Log::Field> fields) {
  std::uint64_t held_back = 0;
  if (options.log == nullptr || !limiter.allow(key, Clock::now(), held_back)) return;
  if (held_back > 0) fields.push_back({"held_back", std::to_string(held_back)});
  options.log->write(telemetry::Log::Level::warning, event, fields);
}

void Site::count_request(std::string_view route, int status, Clock::duration took) const {
  if (options.metrics == nullptr) return;
  options.metrics->request(route, status, std::chrono::duration_cast<Duration>(took));
}

void Site::count_access(std::string_view result) const {
  if (options.metrics != nullptr) options.metrics->access(result);
}

void Site::count_rejected(std::string_view source, std::string_view reason,
                          std::uint64_t count) const {
  if (options.metrics == nullptr || count == 0) return;
  options.metrics->rejected(source, reason, count);
}

}  // namespace tocsin::http
