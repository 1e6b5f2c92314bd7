#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <systemd/sd-daemon.h>

#include <atomic>
#include <cstdlib>
#include <exception>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "daemon/commit_thread.h"
#include "daemon/core_thread.h"
#include "daemon/listen_socket.h"
#include "daemon/memory.h"
#include "daemon/own_steps.h"
#include "daemon/page_log.h"
#include "daemon/page_thread.h"
#include "daemon/reload.h"
#include "daemon/startup.h"
#include "daemon/watchdog.h"
#include "tocsin/cli/cli.h"
#include "tocsin/daemon/daemon.h"
#include "tocsin/delivery/delivery.h"
#include "tocsin/http/http.h"

namespace tocsin::daemon {

namespace {
constexpr Duration kDrainRequests = std::chrono::seconds(2);
constexpr Duration kDrainAttempts = std::chrono::seconds(8);
constexpr Duration kReloadStep = std::chrono::seconds(10);

/// The signals the main thread waits for; blocked before any thread starts, so all inherit it.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return set;
}

/// The whole running daemon: members are made in order and end in reverse.
class Daemon {
 public:
  Daemon(Started started, telemetry::Log& log)
      : log_(log),
        started_(std::move(started)),
        secret_(started_.store->secret()),
        inbox_(Inbox::Limits{}),
        policy_(started_.policy) {
    expect_series(started_.settings);
    metrics_.expect_rules(started_.policy);
    metrics_.config_reload(started_.rules_are_current, wall_now());
    make_courier();
    make_core();
    make_server();  // Binds, and may throw: nothing runs yet.
    make_threads();
    make_reload();
  }

  void start() {
    submit_first_steps();
    core_->start();
    server_->start();
    watch();
  }

  bool is_ready() const { return ready_; }
  void reload() { reload_->ask(false, nullptr); }
  std::string address() const { return server_->address(); }

  /// Stops accepting; 2 s for open requests; commits; ends attempts at 8 s as unknown, which is
  /// committed too.
  void drain() {
    const Instant began = wall_now();
    ready_ = false;
    watchdog_->stop();
    metrics_.ready(false);
    server_->stop_accepting();
    stopping_ = true;
    reload_->stop();
    wait_until(began + kDrainRequests, [&] { return server_->open_requests() == 0; });
    inbox_.close();
    wait_until(began + kDrainAttempts, [&] { return core_->idle() && courier_->in_flight() == 0; });
    courier_->stop();
    courier_thread_.join();
    wait_until(wall_now() + kDrainRequests, [&] { return inbox_.bytes() == 0 && core_->idle(); });
    core_->stop();
    server_->stop();
  }

 private:
  template <class Condition>
  static void wait_until(Instant limit, Condition is_met) {
    while (!is_met() && wall_now() < limit) std::this_thread::sleep_for(Duration(5));
  }

  void make_courier() {
    courier_ = std::make_unique<delivery::Courier>(delivery::Courier::Options{
        .channels = started_.settings.channels,
        .external_url = started_.settings.external_url,
        .store_secret = started_.store->secret(),
        .write_log =
            [this](std::vector<delivery::LogField> fields) { write_page(log_, std::move(fields)); },
        .version = std::string(cli::kVersion),
        .on_turn = [this] { courier_pulse_.beat(); }});
  }

  void make_core() {
    auto pipeline = std::make_unique<pipeline::Pipeline>(
        std::move(started_.loaded.state), started_.policy, started_.loaded.epoch,
        started_.loaded.seq, pipeline::Limits{.lane_bytes_max = ~std::size_t{0}});
    alarm_is_known_ = knows_files_alarm(secret_, pipeline->state());
    core_ = std::make_unique<CoreThread>(CoreThread::Options{
        .pipeline = std::move(pipeline),
        .inbox = &inbox_,
        .last_committed = started_.loaded.last_timeline,
        .metrics = &metrics_,
        .log = &log_,
        .pulse = &core_pulse_,
        .commit = [this](store::Batch batch) { commit_->commit(std::move(batch)); },
        .answer = [this](auto deliveries) { answer(std::move(deliveries)); },
        .send = [this](std::vector<OwedPage> pages) { pages_->send(std::move(pages)); }});
  }

  void make_server() {
    http::Options options{.settings = started_.settings, .secret = secret_};
    options.metrics = &metrics_;
    options.log = &log_;
    options.started = wall_now();
    options.inherited_socket = inherited_socket();
    options.version = std::string(cli::kVersion);
    options.doors.submit = [this](std::unique_ptr<triage::Delivery>& delivery) {
      switch (inbox_.put_quietly(delivery)) {
        case Inbox::Put::taken:
          return http::Submitted::accepted;
        case Inbox::Put::lane_full:
          return http::Submitted::lane_full;
        case Inbox::Put::closed:
          return http::Submitted::stopping;
      }
      return http::Submitted::stopping;
    };
    options.doors.wake = [this] { inbox_.wake(); };
    options.doors.giving_memory_back = [] { return std::make_shared<GivingMemoryBack>(); };
    options.doors.policy = [this] { return policy_.load(); };
    options.doors.make_reader = [this] { return make_reader(); };
    options.doors.is_ready = [this] { return ready_.load(); };
    options.doors.leases = [this](std::vector<AlertId> ids, auto then) {
      core_->ask_leases(std::move(ids), std::move(then));
    };
    options.doors.would_join = [this](std::vector<triage::GroupAsked> groups, auto then) {
      core_->ask_joins(std::move(groups), std::move(then));
    };
    options.doors.reload = [this](bool reapply, Reload::Then then) {
      reload_->ask(reapply, std::move(then));
    };
    options.doors.rejected_has_room = [this](std::size_t bytes) {
      return rejected_.has_room(bytes);
    };
    options.doors.keep_rejected = [this](store::RejectedBody body) {
      rejected_.put(std::move(body));
    };
    options.doors.wall_offset = [this] { return core_->wall_offset(); };
    server_ = std::make_unique<http::Server>(std::move(options));
  }

  void make_threads() {
    started_.store->on_written([this] { inbox_.batch_written(); });
    commit_ = std::make_unique<CommitThread>(
        CommitThread::Options{.store = started_.store.get(),
                              .min_free = started_.settings.min_free,
                              .keep_events = started_.settings.keep_events,
                              .keep_incidents = started_.settings.keep_incidents,
                              .metrics = &metrics_,
                              .log = &log_,
                              .pulse = &commit_pulse_,
                              .on_committed = [this] { inbox_.batch_done(); },
                              .on_space =
                                  [this](bool low) {
                                    auto step = own_delivery(triage::SpaceChanged{low});
                                    inbox_.put(step);
                                  },
                              .rejected = &rejected_});
    pages_ = std::make_unique<PageThread>(
        PageThread::Options{.make_reader = [this] { return make_reader(); },
                            .courier = courier_.get(),
                            .inbox = &inbox_,
                            .metrics = &metrics_,
                            .log = &log_,
                            .pulse = &page_pulse_});
    courier_thread_ = std::thread([this] { courier_->run(); });
    pthread_setname_np(courier_thread_.native_handle(), "delivery");
  }

  void make_reload() {
    reload_ = std::make_unique<Reload>(Reload::Options{
        .settings = started_.settings,
        .policy = std::move(started_.policy),  // A later one takes its place.
        .save = [this](auto policy) { return save(std::move(policy)); },
        .configure = [this](const config::Settings& settings) { return configure(settings); },
        .put_in_force = [this](auto policy,
                               bool reapply) { return put_in_force(std::move(policy), reapply); },
        .is_stopping = [this] { return stopping_.load(); },
        .alarm = [this](const std::string& mistake) { alarm(mistake); },
        .metrics = &metrics_,
        .log = &log_});
  }

  void watch() {
    watchdog_ = std::make_unique<Watchdog>(Watchdog::Options{
        .pulses = {&core_pulse_, &commit_pulse_, &page_pulse_, &courier_pulse_},
        .status =
            [this] { return ready_ ? status_line(address(), metrics_.levels()) : std::string(); },
        .metrics = &metrics_,
        .log = &log_});
  }

  /// What is there to be seen before anything happens.
  void expect_series(const config::Settings& settings) {
    metrics_.certificate_expires(settings.tls ? settings.tls->expires : Instant{});
    for (const triage::Source& source : settings.sources) metrics_.expect_source(source.name);
    for (const config::Channel& channel : settings.channels) {
      metrics_.expect_channel(channel.name, to_string(channel.kind));
    }
  }

  // What a reload does, on its thread.

  std::string save(std::shared_ptr<const triage::Policy> policy) {
    auto done = std::make_shared<std::promise<std::string>>();
    auto result = done->get_future();
    commit_->between_batches([done, policy = std::move(policy)](store::Store& store) {
      const auto saved = store.save_policy(policy->rules.hash, policy->files, wall_now());
      done->set_value(saved ? "" : saved.error().problem);
    });
    return wait_for(result) ? result.get() : "the store did not take them in time";
  }

  std::string configure(const config::Settings& settings) {
    expect_series(settings);
    courier_->configure(settings.channels, settings.external_url);
    commit_->configure(settings);
    return server_->configure(settings);
  }

  bool put_in_force(std::shared_ptr<const triage::Policy> policy, bool reapply) {
    auto done = std::make_shared<std::promise<void>>();
    auto result = done->get_future();
    auto told = own_delivery(triage::ReplacePolicy{reapply});
    told->reply_to = expect([done] { done->set_value(); });
    metrics_.expect_rules(policy);
    policy_ = policy;
    core_->replace_policy(std::move(policy), std::move(told));
    wait_for(result);  // Without space for the step, the core decides by it all the same.
    return !stopping_;
  }

  /// False if it takes too long, or the daemon stops before.
  template <class Value>
  bool wait_for(const std::future<Value>& result) {
    const Instant limit = wall_now() + kReloadStep;
    while (result.wait_for(Duration(50)) != std::future_status::ready) {
      if (stopping_ || wall_now() > limit) return false;
    }
    return true;
  }

  void alarm(const std::string& mistake) {
    if (mistake.empty() && !alarm_is_known_) return;
    alarm_is_known_ = !mistake.empty();
    auto delivery = files_alarm(secret_, mistake);
    inbox_.put(delivery);
  }

  void submit_first_steps() {
    auto restarted = own_delivery(triage::Restarted{});
    restarted->reply_to = expect([this] { become_ready(); });
    inbox_.put(restarted);
    alarm(started_.first_mistake);
  }

  /// A ticket for a delivery of the daemon's own: `then` runs on the core thread once it is
  /// durable.
  std::uint64_t expect(std::function<void()> then) {
    const std::lock_guard lock(expected_mutex_);
    expected_.emplace(++last_ticket_, std::move(then));
    return last_ticket_;
  }
  void answer_own(const triage::Delivery& delivery) {
    if (delivery.lane != triage::Lane::outcomes || delivery.reply_to == 0) return;
    std::function<void()> then;
    {
      const std::lock_guard lock(expected_mutex_);
      const auto found = expected_.find(delivery.reply_to);
      if (found == expected_.end()) return;
      then = std::move(found->second);
      expected_.erase(found);
    }
    then();
  }

  std::unique_ptr<store::Reader> make_reader() {
    auto reader = started_.store->open_reader();
    if (reader) return std::move(*reader);
    log_.write(telemetry::Log::Level::error, "store.reader", {{"problem", reader.error().problem}});
    return nullptr;
  }

  void answer(std::vector<std::unique_ptr<triage::Delivery>> deliveries) {
    const Instant now = wall_now();
    Duration longest{};
    for (const auto& delivery : deliveries) {
      answer_own(*delivery);
      if (delivery->received != Instant{}) longest = std::max(longest, now - delivery->received);
    }
    metrics_.receive_to_commit(longest);
    std::erase_if(deliveries,
                  [](const auto& delivery) { return delivery->lane == triage::Lane::outcomes; });
    server_->answer(std::move(deliveries));
  }

  void become_ready() {
    ready_ = true;
    metrics_.ready(true);
    log_.write(telemetry::Log::Level::info, "daemon.ready", {{"listen", address()}});
    sd_notify(0, "READY=1");
  }

  telemetry::Log& log_;
  telemetry::Metrics metrics_{cli::kVersion};
  Started started_;
  KeySecret secret_;
  Inbox inbox_;
  RejectedShelf rejected_{metrics_, log_};
  std::atomic<std::shared_ptr<const triage::Policy>> policy_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> stopping_{false};
  bool alarm_is_known_ = false;  ///< Of the start, then of the reload thread.
  std::mutex expected_mutex_;
  std::map<std::uint64_t, std::function<void()>> expected_;
  std::uint64_t last_ticket_ = 0;
  Pulse core_pulse_{"core"};
  Pulse commit_pulse_{"commit"};
  Pulse page_pulse_{"pages"};
  Pulse courier_pulse_{"delivery"};
  std::unique_ptr<delivery::Courier> courier_;
  std::unique_ptr<CoreThread> core_;
  std::unique_ptr<http::Server> server_;
  std::thread courier_thread_;
  std::unique_ptr<CommitThread> commit_;
  std::unique_ptr<PageThread> pages_;
  std::unique_ptr<Reload> reload_;
  std::unique_ptr<Watchdog> watchdog_;
};

void wait_for_end(const sigset_t& signals, Daemon& daemon) {
  for (;;) {
    int number = 0;
    if (sigwait(&signals, &number) != 0) continue;
    if (number != SIGHUP) return;
    daemon.reload();
  }
}
}  // namespace

int serve(const std::string& settings_path) {
  // A batch's vectors are megabytes that come and go many times a second: fresh pages from the
  // system for each would cost more than deciding what they hold.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  const sigset_t signals = block_signals();
  telemetry::Log log(telemetry::Log::format_for_stderr());
  int exit_code = EXIT_SUCCESS;
  auto started = start_up(settings_path, log, exit_code);
  if (!started) return exit_code;
  try {
    Daemon daemon(std::move(*started), log);
    daemon.start();
    wait_for_end(signals, daemon);
    sd_notify(0, "STOPPING=1");
    log.write(telemetry::Log::Level::info, "daemon.draining", {});
    daemon.drain();
  } catch (const std::exception& problem) {  // An address in use, or no more threads.
    log.write(telemetry::Log::Level::error, "daemon.failed", {{"problem", problem.what()}});
    return EXIT_FAILURE;
  }
  log.write(telemetry::Log::Level::info, "daemon.stopped", {});
  return EXIT_SUCCESS;
}

}  // namespace tocsin::daemon
