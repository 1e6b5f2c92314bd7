// The courier's mail: connections are libcurl's until they are made, then spoken here.

#include <algorithm>

#include "delivery/attempts.h"
#include "tocsin/base/check.h"

namespace tocsin::delivery {
namespace {

using triage::PageAttempted;

/// The longest sleep; a wake-up or libcurl's own timers end it earlier.
/// The loop comes round at least so often: on_turn() is how others see that it lives.
constexpr int kPollMs = 1000;
/// How long a mail connection is kept for the next page.
constexpr std::chrono::seconds kKeptIdle{30};

}  // namespace

void Courier::Impl::begin_mail(std::unique_ptr<Attempt> attempt) {
  Destination& destination = *attempt->destination;
  attempt->version = destination.version;
  attempt->end_by = Steady::now() + options.total_timeout;
  while (!destination.idle.empty()) {
    std::unique_ptr<MailLink> link = std::move(destination.idle.back().link);
    destination.idle.pop_back();
    if (link->is_stale()) {
      link->close(multi);
      continue;
    }
    CURL* handle = link->handle();
    attempt->link = std::move(link);
    attempt->link_was_kept = true;
    return talk(handle, std::move(attempt));
  }
  connect_mail(std::move(attempt));
}

void Courier::Impl::connect_mail(std::unique_ptr<Attempt> attempt) {
  const auto left = std::chrono::duration_cast<Duration>(attempt->end_by - Steady::now());
  launch(std::move(attempt), "", std::max(left, Duration(1)));
}

/// The connection is made: the dialogue begins.
void Courier::Impl::talk(CURL* handle, std::unique_ptr<Attempt> attempt) {
  if (!attempt->link_was_kept) remember_address(*attempt);
  attempt->dialogue.emplace(attempt->mail, attempt->job.message.page.id);
  talking.emplace(handle, std::move(attempt));
}

/// True if any dialogue had ended.
bool Courier::Impl::pump_talks() {
  std::vector<CURL*> ended;
  const Steady::time_point now = Steady::now();
  for (auto& [handle, attempt] : talking) {
    attempt->link->pump(*attempt->dialogue);
    if (now >= attempt->end_by) attempt->dialogue->timed_out();
    if (attempt->dialogue->ended()) ended.push_back(handle);
  }
  for (CURL* handle : ended) finish_talk(std::move(talking.extract(handle).mapped()));
  return !ended.empty();
}

void Courier::Impl::finish_talk(std::unique_ptr<Attempt> attempt) {
  const bool is_final = !attempt->link_was_kept || !attempt->dialogue->hung_up();
  const PageAttempted outcome = attempt->dialogue->outcome();
  Destination& destination = *attempt->destination;
  const bool is_current = destination.configured && destination.version == attempt->version;
  if (attempt->dialogue->can_go_on() && is_current) {
    destination.idle.push_back({std::move(attempt->link), Steady::now() + kKeptIdle});
  } else {
    attempt->link->close(multi);
    attempt->link.reset();
  }
  if (!is_final) {
    // The server had closed the kept connection: of this mail it knows nothing.
    attempt->dialogue.reset();
    attempt->link_was_kept = false;
    return connect_mail(std::move(attempt));
  }
  --destination.running;
  tell(attempt->job.done, outcome);
}

/// Name, TCP and TLS have a time of their own; libcurl would count the greeting, too. True if any
/// attempt ended.
bool Courier::Impl::end_slow_connections() {
  std::vector<CURL*> slow;
  const Steady::time_point now = Steady::now();
  for (const auto& [handle, attempt] : running) {
    if (attempt->link && now >= attempt->connect_by && !attempt->link->is_connected()) {
      slow.push_back(handle);
    }
  }
  for (CURL* handle : slow) {
    std::unique_ptr<Attempt> attempt = std::move(running.extract(handle).mapped());
    curl_multi_remove_handle(multi, handle);
    finish(std::move(attempt), CURLE_OPERATION_TIMEDOUT);
  }
  return !slow.empty();
}

/// Closes the connections kept until `until` or less.
void Courier::Impl::close_idle(Destination& destination, Steady::time_point until) {
  std::erase_if(destination.idle, [&](const IdleLink& idle) {
    if (idle.until > until) return false;
    idle.link->close(multi);
    return true;
  });
}

void Courier::Impl::close_idle_ones() {
  for (auto& [name, destination] : destinations) close_idle(destination, Steady::now());
}

/// Until the next of our own times; libcurl knows its own.
int Courier::Impl::sleep_ms() const {
  Steady::time_point first = Steady::now() + std::chrono::milliseconds(kPollMs);
  for (const auto& [handle, attempt] : talking) first = std::min(first, attempt->end_by);
  for (const auto& [handle, attempt] : running) {
    // Past it the connection is made, and only libcurl's time counts.
    if (attempt->link && Steady::now() < attempt->connect_by) {
      first = std::min(first, attempt->connect_by);
    }
  }
  for (const auto& [name, destination] : destinations) {
    for (const IdleLink& idle : destination.idle) first = std::min(first, idle.until);
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - Steady::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, kPollMs));
}

void Courier::Impl::sleep() {
  std::vector<curl_waitfd> sockets;
  for (const auto& [handle, attempt] : talking) {
    const bool sends = !attempt->dialogue->next_bytes().empty();
    const int events = CURL_WAIT_POLLIN | (sends ? CURL_WAIT_POLLOUT : 0);
    sockets.push_back({attempt->link->socket(), static_cast<short>(events), 0});
  }
  const auto count = static_cast<unsigned>(sockets.size());
  CHECK(curl_multi_poll(multi, sockets.data(), count, sleep_ms(), nullptr) == CURLM_OK);
}

}  // namespace tocsin::delivery
