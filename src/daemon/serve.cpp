#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <systemd/sd-daemon.h>

#include <atomic>
#include <cstdlib>
#include <exception>
#include <memory>
#include <thread>
#include <utility>

#include "daemon/commit_thread.h"
#include "daemon/core_thread.h"
#include "daemon/page_log.h"
#include "daemon/page_thread.h"
#include "daemon/startup.h"
#include "tocsin/cli/cli.h"
#include "tocsin/daemon/daemon.h"
#include "tocsin/delivery/delivery.h"
#include "tocsin/http/http.h"

namespace tocsin::daemon {

namespace {
constexpr Duration kDrainRequests = std::chrono::seconds(2);
constexpr Duration kDrainAttempts = std::chrono::seconds(8);
constexpr std::size_t kLaneBytes = 64U << 20;
constexpr std::string_view kAlarm = "TocsinRulesRejected";

/// The signals the main thread waits for; blocked before any thread starts, so all inherit it.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return set;
}

/// A delivery of the daemon's own, which nobody waits for.
std::unique_ptr<triage::Delivery> own_delivery(triage::Step step) {
  auto delivery = std::make_unique<triage::Delivery>();
  delivery->lane = triage::Lane::outcomes;
  delivery->source = "tocsin";
  delivery->actor = "tocsin";
  delivery->steps.push_back(std::move(step));
  return delivery;
}

/// The alarm that the rules on disk are not the ones in force, firing or cleared.
std::unique_ptr<triage::Delivery> rules_alarm(const KeySecret& secret, const std::string& mistake) {
  auto delivery = own_delivery(triage::ReportAlert{});
  auto& step = std::get<triage::ReportAlert>(delivery->steps.front());
  const Labels labels{{"alertname", kAlarm}, {"service", "tocsin"}, {"severity", "warning"}};
  const Labels annotations{
      {"summary", "The rules files have errors; the last good rules are in force."},
      {"description", mistake}};
  step.report.key = secret.key_of_labels(labels);
  step.report.phase = mistake.empty() ? Phase::resolved : Phase::firing;
  step.report.labels = LabelsView(delivery->arena.copy(labels.block()));
  step.report.annotations = LabelsView(delivery->arena.copy(annotations.block()));
  return delivery;
}

/// The whole running daemon: members are made in order and end in reverse.
class Daemon {
 public:
  Daemon(Started started, telemetry::Log& log)
      : log_(log),
        started_(std::move(started)),
        secret_(started_.store->secret()),
        inbox_(kLaneBytes),
        policy_(started_.policy) {
    for (const triage::Source& source : started_.policy->sources)
      metrics_.expect_source(source.name);
    for (const config::Channel& channel : started_.settings.channels) {
      metrics_.expect_channel(channel.name,
                              channel.kind == config::Channel::Kind::log ? "log" : "webhook");
    }
    metrics_.config_reload(started_.rules_are_current, wall_now());
    make_courier();
    make_core();
    make_server();  // Binds, and may throw: nothing runs yet.
    make_threads();
  }

  void start() {
    submit_first_steps();
    core_->start();
    server_->start();
  }

  bool is_ready() const { return ready_; }
  std::string address() const {
    return started_.settings.listen.host + ":" + std::to_string(server_->port());
  }

  /// Stops accepting; 2 s for open requests; commits; ends attempts at 8 s as unknown, which is
  /// committed too.
  void drain() {
    const Instant began = wall_now();
    ready_ = false;
    metrics_.ready(false);
    server_->stop_accepting();
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
        .write_log =
            [this](std::vector<delivery::LogField> fields) { write_page(log_, std::move(fields)); },
        .version = std::string(cli::kVersion)});
  }

  void make_core() {
    auto pipeline = std::make_unique<pipeline::Pipeline>(
        std::move(started_.loaded.state), started_.policy, started_.loaded.epoch,
        started_.loaded.seq, pipeline::Limits{.lane_bytes_max = ~std::size_t{0}});
    knows_alarm_ =
        pipeline->state().find(secret_.key_of_labels(Labels{
            {"alertname", kAlarm}, {"service", "tocsin"}, {"severity", "warning"}})) != nullptr;
    core_ = std::make_unique<CoreThread>(CoreThread::Options{
        .pipeline = std::move(pipeline),
        .inbox = &inbox_,
        .last_committed = started_.loaded.last_timeline,
        .metrics = &metrics_,
        .log = &log_,
        .commit = [this](store::Batch batch) { commit_->commit(std::move(batch)); },
        .answer = [this](auto deliveries) { answer(std::move(deliveries)); },
        .send = [this](std::vector<OwedPage> pages) { pages_->send(std::move(pages)); }});
  }

  void make_server() {
    http::Options options{.settings = started_.settings, .secret = secret_};
    options.metrics = &metrics_;
    options.log = &log_;
    options.started = wall_now();
    options.version = std::string(cli::kVersion);
    options.doors.submit = [this](std::unique_ptr<triage::Delivery>& delivery) {
      switch (inbox_.put(delivery)) {
        case Inbox::Put::taken:
          return http::Submitted::accepted;
        case Inbox::Put::lane_full:
          return http::Submitted::lane_full;
        case Inbox::Put::closed:
          return http::Submitted::stopping;
      }
      return http::Submitted::stopping;
    };
    options.doors.policy = [this] { return policy_.load(); };
    options.doors.make_reader = [this] { return make_reader(); };
    options.doors.is_ready = [this] { return ready_.load(); };
    options.doors.leases = [this](std::vector<AlertId> ids, auto then) {
      core_->ask_leases(std::move(ids), std::move(then));
    };
    options.doors.wall_offset = [this] { return core_->wall_offset(); };
    server_ = std::make_unique<http::Server>(std::move(options));
  }

  void make_threads() {
    started_.store->on_written([this] { inbox_.batch_written(); });
    commit_ = std::make_unique<CommitThread>(
        CommitThread::Options{.store = started_.store.get(),
                              .settings = &started_.settings,
                              .metrics = &metrics_,
                              .log = &log_,
                              .on_committed = [this] { inbox_.batch_done(); },
                              .on_space =
                                  [this](bool low) {
                                    auto step = own_delivery(triage::SpaceChanged{low});
                                    inbox_.put(step);
                                  }});
    pages_ = std::make_unique<PageThread>(
        PageThread::Options{.make_reader = [this] { return make_reader(); },
                            .courier = courier_.get(),
                            .inbox = &inbox_,
                            .metrics = &metrics_,
                            .log = &log_});
    courier_thread_ = std::thread([this] { courier_->run(); });
    pthread_setname_np(courier_thread_.native_handle(), "delivery");
  }

  void submit_first_steps() {
    auto restarted = own_delivery(triage::Restarted{});
    restarted->reply_to = kFirstSteps;
    inbox_.put(restarted);
    if (started_.rules_are_current && !knows_alarm_) return;
    auto alarm = rules_alarm(secret_, started_.first_mistake);
    inbox_.put(alarm);
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
      if (delivery->lane == triage::Lane::outcomes && delivery->reply_to == kFirstSteps)
        become_ready();
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
    const std::string where = address();
    log_.write(telemetry::Log::Level::info, "daemon.ready", {{"listen", where}});
    sd_notifyf(0, "READY=1\nSTATUS=Listening on %s", where.c_str());
  }

  static constexpr std::uint64_t kFirstSteps = 1;

  telemetry::Log& log_;
  telemetry::Metrics metrics_{cli::kVersion};
  Started started_;
  KeySecret secret_;
  Inbox inbox_;
  std::atomic<std::shared_ptr<const triage::Policy>> policy_;
  std::atomic<bool> ready_{false};
  bool knows_alarm_ = false;
  std::unique_ptr<delivery::Courier> courier_;
  std::unique_ptr<CoreThread> core_;
  std::unique_ptr<http::Server> server_;
  std::thread courier_thread_;
  std::unique_ptr<CommitThread> commit_;
  std::unique_ptr<PageThread> pages_;
};

void wait_for_end(const sigset_t& signals, telemetry::Log& log) {
  for (;;) {
    int number = 0;
    if (sigwait(&signals, &number) != 0) continue;
    if (number != SIGHUP) return;
    log.write(telemetry::Log::Level::warning, "reload.unsupported",
              {{"cure", "restart the daemon: this version reads its files at start only"}});
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
    wait_for_end(signals, log);
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
