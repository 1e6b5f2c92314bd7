#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "http/client.h"
#include "tocsin/http/http.h"

namespace tocsin::http {

/// What the fake store holds. Guarded by its mutex: read threads and the test share it.
struct Shelf {
  std::mutex mutex;
  std::map<std::uint64_t, triage::Incident> incidents;
  std::vector<store::AlertRow> alerts;
  std::vector<store::RejectedBody> rejected;
  std::map<std::uint64_t, std::vector<triage::PolicyFile>> policies;  ///< By the rules' hash.
  bool broken = false;
};

/// A store in memory that answers as the real one: newest first, by pages.
class ShelfReader : public store::Reader {
 public:
  explicit ShelfReader(Shelf& shelf) : shelf_(shelf) {}

  template <class T>
  using Result = std::expected<T, store::StoreError>;

  Result<std::vector<triage::Incident>> incidents(const store::IncidentQuery& query) override {
    const std::lock_guard lock(shelf_.mutex);
    if (shelf_.broken) return trouble();
    std::vector<triage::Incident> found;
    for (auto it = shelf_.incidents.rbegin(); it != shelf_.incidents.rend(); ++it) {
      const triage::Incident& incident = it->second;
      if (query.before != 0 && it->first >= query.before) continue;
      if (!has(query.states, incident.state) || !has(query.severities, incident.severity) ||
          !has(query.services, incident.service) || !has(query.teams, incident.team) ||
          (query.since && incident.detected_at < *query.since)) {
        continue;
      }
      if (found.size() < query.limit) found.push_back(incident);
    }
    return found;
  }
  Result<std::optional<triage::Incident>> incident(IncidentId id) override {
    const std::lock_guard lock(shelf_.mutex);
    if (shelf_.broken) return trouble();
    const auto found = shelf_.incidents.find(id.value);
    if (found == shelf_.incidents.end()) return std::optional<triage::Incident>();
    return found->second;
  }
  Result<std::vector<triage::TimelineEntry>> timeline(IncidentId id, std::size_t) override {
    return std::vector<triage::TimelineEntry>{{id, Instant{}, "", "opened", "by a rule"}};
  }
  Result<std::vector<store::AlertRow>> alerts(const store::AlertQuery& query) override {
    const std::lock_guard lock(shelf_.mutex);
    if (shelf_.broken) return trouble();
    std::vector<store::AlertRow> found;
    for (auto row = shelf_.alerts.rbegin(); row != shelf_.alerts.rend(); ++row) {
      if (query.before != 0 && row->id.value >= query.before) continue;
      if (query.state && row->status.state != *query.state) continue;
      if (!query.source.empty() && row->source != query.source) continue;
      if (query.incident && row->status.incident != query.incident) continue;
      if (found.size() < query.limit) found.push_back(*row);
    }
    return found;
  }
  Result<std::vector<triage::Page>> pages(IncidentId) override {
    return std::vector<triage::Page>();
  }
  Result<std::vector<store::RejectedBody>> rejected(std::uint64_t before,
                                                    std::size_t limit) override {
    const std::lock_guard lock(shelf_.mutex);
    std::vector<store::RejectedBody> found;
    for (auto one = shelf_.rejected.rbegin(); one != shelf_.rejected.rend(); ++one) {
      if ((before == 0 || one->id < before) && found.size() < limit) found.push_back(*one);
    }
    return found;
  }
  Result<std::optional<store::RejectedBody>> rejected_body(std::uint64_t id) override {
    const std::lock_guard lock(shelf_.mutex);
    const auto found = std::ranges::find(shelf_.rejected, id, &store::RejectedBody::id);
    if (found == shelf_.rejected.end()) return std::optional<store::RejectedBody>();
    return *found;
  }
  Result<std::vector<triage::PolicyFile>> policy_files(std::uint64_t rules_hash) override {
    const std::lock_guard lock(shelf_.mutex);
    const auto found = shelf_.policies.find(rules_hash);
    if (found == shelf_.policies.end()) return std::vector<triage::PolicyFile>();
    return found->second;
  }

 private:
  template <class T, class U>
  static bool has(const std::vector<T>& wanted, const U& value) {
    return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
  }
  static std::unexpected<store::StoreError> trouble() {
    return std::unexpected(
        store::StoreError{store::StoreError::Kind::io, "it is on fire", "put it out"});
  }
  Shelf& shelf_;
};

/// A delivery as the fake core saw it.
struct Seen {
  std::string source, actor;
  triage::Lane lane = triage::Lane::intake;
  std::optional<std::uint32_t> if_version;
  std::size_t steps = 0, with_labels = 0;
  std::string first;  ///< Name of the first step.
  std::optional<triage::Idempotency> idempotency{};
};

/// A server with a core that decides at once: it knows keys it has seen with labels.
class World {
 public:
  using Decide = std::function<triage::StepAnswer(const triage::Step&, const triage::Delivery&)>;

  Shelf shelf;
  config::Settings settings;
  triage::Policy policy;
  std::atomic<int> full_times = 0;  ///< So often a lane is full first.
  std::atomic<int> wakes = 0;       ///< How often the core was woken.
  std::atomic<bool> stopping = false;
  std::atomic<bool> ready = true;
  std::atomic<bool> rejected_room = true;
  std::atomic<bool> holds_answers = false;
  int inherited_socket = -1;  ///< Set before start(), as Options has it.
  unsigned net_threads = 2;   ///< The same.
  /// Set before start(); nothing: the core does not know.
  decltype(Doors::would_join) would_join;
  Decide decide;  ///< Set before start(); nothing: everything is done.
  telemetry::Metrics metrics;
  telemetry::Log* log = nullptr;

  World() {
    settings.listen = {"127.0.0.1", 0};
    settings.external_url = "https://tocsin.example.net";
    policy.rules.hash = 1;
    triage::Escalation path;
    path.name = "default";
    policy.escalations.push_back(path);
    policy.sources = {{"prom-us", "alertmanager-api", std::nullopt},
                      {"prom-eu", "alertmanager-api", std::nullopt}};
  }
  ~World() {
    if (server_) server_->stop();
  }

  World& start() {
    Options options{settings, KeySecret("a secret that is used by tests only")};
    options.metrics = &metrics;
    options.version = "0.0.0-test";
    options.inherited_socket = inherited_socket;
    options.net_threads = net_threads;
    options.log = log;
    options.doors.submit = [this](std::unique_ptr<triage::Delivery>& d) { return submit(d); };
    rules::compile(policy.rules);
    const auto shared = std::make_shared<const triage::Policy>(policy);
    options.doors.wake = [this] { ++wakes; };
    options.doors.giving_memory_back = [] { return std::shared_ptr<void>(); };
    options.doors.policy = [shared] { return shared; };
    options.doors.make_reader = [this] { return std::make_unique<ShelfReader>(shelf); };
    options.doors.is_ready = [this] { return ready.load(); };
    options.doors.leases = [](std::vector<AlertId> ids,
                              std::function<void(std::vector<LiveLease>)> done) {
      std::vector<LiveLease> leases;
      for (const AlertId id : ids) {
        leases.push_back(
            {id.value % 2 == 0 ? triage::kNever : Instant(Duration(1000 * id.value)), {}});
      }
      done(std::move(leases));
    };
    options.doors.would_join = would_join;
    options.doors.reload = [](bool, std::function<void(Reloaded)> done) {
      done({.taken_over = true, .diagnostics = {}, .kept = {}, .at_restart = {}, .problem = {}});
    };
    options.doors.rejected_has_room = [this](std::size_t) { return rejected_room.load(); };
    options.doors.keep_rejected = [this](store::RejectedBody body) {
      const std::lock_guard lock(shelf.mutex);
      body.id = shelf.rejected.size() + 1;
      body.kept = body.body.size();
      shelf.rejected.push_back(std::move(body));
    };
    server_ = std::make_unique<Server>(std::move(options));
    server_->start();
    return *this;
  }
  Server& server() { return *server_; }
  std::uint16_t port() const { return server_->port(); }
  Answer ask(std::string_view request) { return Client(port()).ask(request); }

  std::vector<Seen> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  void forget_keys() {
    const std::lock_guard lock(mutex_);
    keys_.clear();
  }
  /// Answers what was held.
  void release() {
    std::vector<std::unique_ptr<triage::Delivery>> held;
    {
      const std::lock_guard lock(mutex_);
      held.swap(held_);
    }
    server_->answer(std::move(held));
  }
  std::size_t held() {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }

 private:
  Submitted submit(std::unique_ptr<triage::Delivery>& delivery) {
    if (stopping) return Submitted::stopping;
    if (full_times > 0) {
      --full_times;
      return Submitted::lane_full;
    }
    const std::lock_guard lock(mutex_);
    note(*delivery);
    answer(*delivery);
    if (holds_answers) {
      held_.push_back(std::move(delivery));
      return Submitted::accepted;
    }
    std::vector<std::unique_ptr<triage::Delivery>> one;
    one.push_back(std::move(delivery));
    server_->answer(std::move(one));
    return Submitted::accepted;
  }

  void note(const triage::Delivery& delivery) {
    Seen seen{delivery.source,
              delivery.actor,
              delivery.lane,
              delivery.if_version,
              delivery.steps.size(),
              0,
              std::string(triage::name_of(delivery.steps.front()))};
    for (const triage::Step& step : delivery.steps) {
      const auto* report = std::get_if<triage::ReportAlert>(&step);
      if (report != nullptr && report->report.has_labels) ++seen.with_labels;
    }
    seen.idempotency = delivery.idempotency;
    seen_.push_back(seen);
  }

  void answer(triage::Delivery& delivery) {
    bool knows_all = true;
    for (const triage::Step& step : delivery.steps) {
      const auto* report = std::get_if<triage::ReportAlert>(&step);
      if (report == nullptr || report->report.has_labels) continue;
      knows_all = knows_all && keys_.contains(report->report.key);
    }
    for (const triage::Step& step : delivery.steps) {
      triage::StepAnswer answer;
      if (!knows_all) {
        answer.fate = triage::Fate::needs_labels;
      } else if (decide) {
        answer = decide(step, delivery);
      }
      if (const auto* report = std::get_if<triage::ReportAlert>(&step); report && knows_all) {
        keys_.insert(report->report.key);
      }
      delivery.answers.push_back(answer);
    }
  }

  std::mutex mutex_;
  std::vector<Seen> seen_;
  std::set<Key> keys_;
  std::vector<std::unique_ptr<triage::Delivery>> held_;
  std::unique_ptr<Server> server_;
};

inline constexpr const char* kOneAlert = R"([{"labels":{"alertname":"A","env":"prod"}}])";

}  // namespace tocsin::http
