#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tocsin/delivery/delivery.h"

namespace tocsin::delivery {

/// Longer than any test takes: only a hung test waits for it.
inline constexpr std::chrono::seconds kNever{30};

inline config::Channel webhook(const std::string& name, const std::string& url,
                               const std::string& secret = "") {
  return {name, config::Channel::Kind::webhook, url, secret, {}};
}

/// Plain SMTP, as on the way to a relay of the same machine.
inline config::Channel mail(const std::string& name, int port,
                            std::vector<std::string> to = {"ana@example.net"}) {
  config::Channel channel;
  channel.name = name;
  channel.kind = config::Channel::Kind::email;
  channel.url = "smtp://127.0.0.1:" + std::to_string(port);
  channel.mail.from = "tocsin@example.net";
  channel.mail.to = std::move(to);
  channel.mail.require_tls = false;
  return channel;
}

inline Message message(std::uint64_t page, const std::string& channel) {
  Message out;
  out.page.id = {page};
  out.page.channel = channel;
  out.page.key = "INC-42/1/triggered/1/1/" + channel;
  out.page.reason = "escalation payments, step 1";
  out.page.incident = {42};
  out.incident.id = {42};
  out.incident.severity = Severity::sev2;
  out.incident.title = "HighErrorRate on checkout";
  out.incident.firing = 1;
  return out;
}

/// `key=value` pairs, separated by blanks.
inline std::string in_one_line(const std::vector<LogField>& fields) {
  std::string line;
  for (const LogField& field : fields) {
    if (!line.empty()) line += ' ';
    line.append(field.key).append("=").append(field.value);
  }
  return line;
}

/// A running courier, and what became of its attempts.
class CourierWorld {
 public:
  explicit CourierWorld(std::vector<config::Channel> channels, Duration total = kNever,
                        Duration connect = kNever)
      : courier_(
            {.channels = std::move(channels),
             .external_url = "http://tocsin.example.net",
             .store_secret = "of the store",
             .write_log =
                 [this](std::vector<LogField> fields) { lines_.push_back(in_one_line(fields)); },
             .connect_timeout = connect,
             .total_timeout = total,
             .concurrency = 4,
             .version = "1.2.3"}) {}
  ~CourierWorld() { stop(); }

  void start() {
    if (!thread_.joinable()) thread_ = std::thread([this] { courier_.run(); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    courier_.stop();
    thread_.join();
  }
  void queue(Message message) {
    courier_.attempt(std::move(message), [this](triage::PageAttempted outcome) {
      const std::lock_guard lock(mutex_);
      // Where a webhook lives is a secret and belongs into no outcome.
      EXPECT_EQ(outcome.detail.find("s3cret-path"), std::string::npos) << outcome.detail;
      EXPECT_EQ(outcome.detail.find("127.0.0.1"), std::string::npos) << outcome.detail;
      const bool first = outcomes_.emplace(outcome.page.value, outcome).second;
      EXPECT_TRUE(first) << "a second outcome for page " << outcome.page.value;
      changed_.notify_all();
    });
  }
  triage::PageAttempted outcome(std::uint64_t page) {
    std::unique_lock lock(mutex_);
    const bool came = changed_.wait_for(lock, kNever, [&] { return outcomes_.contains(page); });
    EXPECT_TRUE(came) << "no outcome for page " << page;
    return came ? outcomes_[page] : triage::PageAttempted{};
  }
  triage::PageAttempted deliver(Message message) {
    start();
    const std::uint64_t page = message.page.id.value;
    queue(std::move(message));
    return outcome(page);
  }
  std::size_t outcomes() {
    const std::lock_guard lock(mutex_);
    return outcomes_.size();
  }
  bool has_outcome(std::uint64_t page) {
    const std::lock_guard lock(mutex_);
    return outcomes_.contains(page);
  }
  Courier& courier() { return courier_; }
  /// REQUIRES: the courier is stopped, or an outcome of the last line's page was awaited.
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, triage::PageAttempted> outcomes_;
  Courier courier_;
  std::thread thread_;
};

/// "refused 5xx: 503 Service Unavailable", "delivered none: 200 OK"
inline std::string shown(const triage::PageAttempted& outcome) {
  std::string out(to_string(outcome.outcome));
  out += ' ';
  out += to_string(outcome.reason);
  out += ": " + outcome.detail;
  if (outcome.retry_after) out += " after " + format_duration(*outcome.retry_after);
  return out;
}

/// Threads meet: arrive() counts, wait_for(n) waits until n have arrived.
class Gate {
 public:
  void arrive() {
    const std::lock_guard lock(mutex_);
    ++arrived_;
    changed_.notify_all();
  }
  bool wait_for(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kNever, [&] { return arrived_ >= count; });
  }
  int arrived() {
    const std::lock_guard lock(mutex_);
    return arrived_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
};

}  // namespace tocsin::delivery
