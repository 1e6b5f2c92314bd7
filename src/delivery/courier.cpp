// One thread, one curl_multi handle, curl_multi_poll: every attempt is a state machine inside
// libcurl, so thousands may hang without a thread each and without delaying one another. Driving
// curl_multi_socket_action from Asio would spare a thread and cost a second event loop's worth of
// timers and sockets to keep in step; this thread sleeps in poll() and is woken by
// curl_multi_wakeup. Names are looked up by libcurl's own threads. Mail connections are libcurl's
// until they are made, then spoken here (see mail_link.h); their sockets sleep in the same poll().

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>

#include "delivery/attempts.h"
#include "delivery/judge.h"
#include "tocsin/base/check.h"

namespace tocsin::delivery {
namespace {

using triage::Outcome;
using triage::PageAttempted;
using triage::Reason;

std::size_t bytes_of(const Message& message) {
  std::size_t bytes = sizeof(Job) + message.incident.title.size();
  for (const store::AlertRow& alert : message.alerts) {
    bytes += sizeof alert + alert.labels.block().size() + alert.annotations.block().size() +
             alert.generator_url.size() + alert.identity_value.size();
  }
  return bytes;
}

Instant wall_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

std::int64_t unix_seconds(Instant at) {
  return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

/// With a proxy the address connected to is the proxy's, not the destination's.
bool proxy_is_set() {
  for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                           "smtp_proxy", "smtps_proxy"}) {
    if (std::getenv(name) != nullptr) return true;
  }
  return false;
}

/// A TLS connection that the destination closed must not end the process. libcurl leaves the signal
/// alone when it is told to use none (NOSIGNAL).
void block_sigpipe_here() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  CHECK(pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0);
}

void initialise_curl_once() {
  static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(result == CURLE_OK);
  // Without it a slow name server would stop every destination (P4).
  static const bool lookups_have_threads =
      (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS) != 0;
  CHECK(lookups_have_threads);
}

}  // namespace

Courier::Impl::Impl(Options given)
    : options(std::move(given)), behind_proxy(proxy_is_set()), external_url(options.external_url) {
  initialise_curl_once();
  multi = curl_multi_init();
  CHECK(multi != nullptr);
  take_channels(options.channels);
}

Courier::Impl::~Impl() {
  drop_all();
  curl_multi_cleanup(multi);
}

void Courier::Impl::take_inbox() {
  std::vector<Job> jobs;
  std::optional<Configuration> configuration;
  {
    const std::lock_guard lock(mutex);
    jobs.swap(inbox);
    configuration.swap(new_configuration);
  }
  if (configuration) {
    external_url = std::move(configuration->external_url);
    take_channels(configuration->channels);
  }
  for (Job& job : jobs) route(std::move(job));
}

void Courier::Impl::take_channels(const std::vector<config::Channel>& channels) {
  for (auto& [name, destination] : destinations) destination.configured = false;
  for (const config::Channel& channel : channels) {
    Destination& destination = destinations[channel.name];
    destination.channel = channel;
    destination.target = host_and_port(channel.url);
    ++destination.version;
    close_idle(destination, Steady::time_point::max());
    destination.configured = true;
  }
  for (auto& [name, destination] : destinations) {
    using Kind = config::Channel::Kind;
    if (destination.configured && destination.channel.kind != Kind::log) continue;
    close_idle(destination, Steady::time_point::max());
    std::deque<Job> orphans;
    orphans.swap(destination.waiting);
    for (Job& job : orphans) route(std::move(job));
  }
}

/// Puts a job into its destination's queue, or ends it here if it goes to no network.
void Courier::Impl::route(Job job) {
  const PageId page = job.message.page.id;
  const auto end = [&](Outcome outcome, Reason reason, const char* detail) {
    discount(job);
    tell(job.done, {page, outcome, reason, detail, {}});
  };
  const auto it = destinations.find(job.message.page.channel);
  if (it == destinations.end() || !it->second.configured) {
    return end(Outcome::refused, Reason::other, "channel is no longer configured");
  }
  if (job.overflow) return end(Outcome::refused, Reason::other, "queue full");
  switch (it->second.channel.kind) {
    case config::Channel::Kind::log:
      options.write_log(log_fields(job.message));
      return end(Outcome::delivered, Reason::none, "");
    case config::Channel::Kind::webhook:
    case config::Channel::Kind::email:
      it->second.waiting.push_back(std::move(job));
      return;
  }
}

void Courier::Impl::start_waiting() {
  for (auto& [name, destination] : destinations) {
    while (!destination.waiting.empty() && destination.running < options.concurrency) {
      Job job = std::move(destination.waiting.front());
      destination.waiting.pop_front();
      discount(job);
      begin(destination, std::move(job));
    }
  }
}

void Courier::Impl::begin(Destination& destination, Job job) {
  auto attempt = std::make_unique<Attempt>();
  attempt->began = wall_now();
  const bool is_mail = destination.channel.kind == config::Channel::Kind::email;
  if (is_mail) {
    attempt->mail = compose_mail(job.message, destination.channel.mail, external_url,
                                 options.store_secret, unix_seconds(attempt->began));
  } else {
    attempt->request = webhook_request(job.message, destination.channel, external_url,
                                       unix_seconds(attempt->began));
  }
  job.message.alerts.clear();  // They stand in the body now.
  attempt->job = std::move(job);
  attempt->destination = &destination;
  attempt->target = destination.target;
  ++destination.running;
  if (is_mail) return begin_mail(std::move(attempt));
  launch(std::move(attempt), "", options.total_timeout);
}

void Courier::Impl::launch(std::unique_ptr<Attempt> attempt, const std::string& resolve,
                           Duration total) {
  const bool is_mail = attempt->end_by != Steady::time_point{};
  TransferOptions terms;
  // A mail server may think about its greeting, which libcurl counts as connecting: see
  // end_slow_connections().
  terms.connect_timeout = is_mail ? total : std::min(options.connect_timeout, total);
  terms.total_timeout = total;
  terms.user_agent = options.version.empty() ? "tocsin" : "tocsin/" + options.version;
  terms.resolve = resolve;
  if (is_mail) {
    attempt->connect_by = Steady::now() + options.connect_timeout;
    attempt->link = std::make_unique<MailLink>(attempt->destination->channel, terms);
  } else {
    attempt->transfer = std::make_unique<Transfer>(attempt->request, terms);
  }
  CURL* handle = attempt->connection().handle();
  CHECK(curl_multi_add_handle(multi, handle) == CURLM_OK);
  running.emplace(handle, std::move(attempt));
}

/// True if any transfer had ended.
bool Courier::Impl::collect_finished() {
  bool any = false;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;  // The message dies with the handle's removal.
    auto node = running.extract(message->easy_handle);
    CHECK(!node.empty());
    any = true;
    if (node.mapped()->link && code == CURLE_OK) {
      // It stays in the multi handle, which owns the connection.
      talk(node.key(), std::move(node.mapped()));
      continue;
    }
    curl_multi_remove_handle(multi, node.key());
    finish(std::move(node.mapped()), code);
  }
  return any;
}

void Courier::Impl::finish(std::unique_ptr<Attempt> attempt, CURLcode code) {
  const Evidence evidence = attempt->connection().evidence(code);
  const PageId page = attempt->job.message.page.id;
  Destination& destination = *attempt->destination;
  PageAttempted outcome = attempt->link
                              ? judge_mail_connection(page, evidence, attempt->link->is_tls_first())
                              : judge(page, evidence);
  if (evidence.answered) remember_address(*attempt);
  if (try_last_good(attempt, outcome)) return;
  --destination.running;
  tell(attempt->job.done, std::move(outcome));
}

void Courier::Impl::remember_address(Attempt& attempt) {
  if (behind_proxy) return;
  attempt.destination->last_good.remember(attempt.target, attempt.connection().address(),
                                          wall_now());
}

/// Within the attempt's own budget. Takes the attempt if it goes on.
bool Courier::Impl::try_last_good(std::unique_ptr<Attempt>& attempt, const PageAttempted& outcome) {
  const Instant now = wall_now();
  const Duration left = options.total_timeout - (now - attempt->began);
  if (outcome.reason != Reason::dns || attempt->used_last_good || behind_proxy) return false;
  if (left <= Duration::zero() || left > options.total_timeout) return false;
  const auto entry = attempt->destination->last_good.entry(attempt->target, now);
  if (!entry) return false;
  attempt->used_last_good = true;
  launch(std::move(attempt), *entry, left);
  return true;
}

/// Channels that were removed stay until their last attempt has ended.
void Courier::Impl::forget_unused() {
  std::erase_if(destinations, [](const auto& entry) {
    const Destination& destination = entry.second;
    return !destination.configured && destination.running == 0 && destination.waiting.empty();
  });
}

void Courier::Impl::discount(const Job& job) {
  if (job.overflow) return;
  const std::lock_guard lock(mutex);
  const auto it = loads.find(job.message.page.channel);
  CHECK(it != loads.end() && it->second.messages > 0);
  it->second.bytes -= job.bytes;
  if (--it->second.messages == 0) loads.erase(it);
}

void Courier::Impl::abort_all(Attempts& attempts) {
  Attempts ended;
  ended.swap(attempts);
  for (auto& [handle, attempt] : ended) {
    curl_multi_remove_handle(multi, handle);
    attempt->transfer.reset();
    attempt->link.reset();
    --attempt->destination->running;
    tell(attempt->job.done, {attempt->job.message.page.id,
                             Outcome::unknown,
                             Reason::aborted,
                             "stopped during the attempt",
                             {}});
  }
}

void Courier::Impl::drop_all() {
  CHECK(running.empty() && talking.empty());
  for (auto& [name, destination] : destinations) {
    close_idle(destination, Steady::time_point::max());
    in_flight -= destination.waiting.size();
    destination.waiting.clear();
  }
  const std::lock_guard lock(mutex);
  in_flight -= inbox.size();
  inbox.clear();
  loads.clear();
}

Courier::Courier(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Courier::~Courier() { CHECK(!impl_->runs); }

void Courier::attempt(Message message, Done done) {
  Job job{std::move(message), std::move(done)};
  job.bytes = bytes_of(job.message);
  ++impl_->in_flight;
  {
    const std::lock_guard lock(impl_->mutex);
    Load& load = impl_->loads[job.message.page.channel];
    job.overflow = load.messages >= kWaitingMax || load.bytes + job.bytes > kWaitingBytesMax;
    if (job.overflow) {
      job.message.alerts.clear();
    } else {
      ++load.messages;
      load.bytes += job.bytes;
    }
    if (load.messages == 0) impl_->loads.erase(job.message.page.channel);
    impl_->inbox.push_back(std::move(job));
  }
  curl_multi_wakeup(impl_->multi);
}

void Courier::configure(std::vector<config::Channel> channels, std::string external_url) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->new_configuration = {std::move(channels), std::move(external_url)};
  }
  curl_multi_wakeup(impl_->multi);
}

void Courier::run() {
  impl_->runs = true;
  block_sigpipe_here();
  while (!impl_->stopping) {
    impl_->options.on_turn();
    impl_->take_inbox();
    impl_->start_waiting();
    int active = 0;
    CHECK(curl_multi_perform(impl_->multi, &active) == CURLM_OK);
    bool any_finished = impl_->collect_finished();
    any_finished |= impl_->end_slow_connections();
    any_finished |= impl_->pump_talks();
    impl_->close_idle_ones();
    impl_->forget_unused();
    // What finished made room for what waits: go on at once.
    if (any_finished) continue;
    impl_->sleep();
  }
  impl_->abort_all(impl_->running);
  impl_->abort_all(impl_->talking);
  impl_->drop_all();
  impl_->runs = false;
}

void Courier::stop() {
  impl_->stopping = true;
  curl_multi_wakeup(impl_->multi);
}

std::size_t Courier::in_flight() const { return impl_->in_flight; }

}  // namespace tocsin::delivery
