#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/pipeline/pipeline.h"

namespace tocsin::pipeline {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// A small language for stories about alerts and people: report, act, let time pass, and read what
/// happened as one text. The real pipeline and core; batches commit at once; destinations answer as
/// told. Time moves only by advance(), which takes everything due in order.
class World {
 public:
  explicit World(triage::Policy policy = small_shop());

  /// The policy most stories use: services checkout (team payments, SEV-1 for tier 0 outages) and
  /// search; correlation by service; escalation `payments` (sink-a 5m, sink-b 10m, fallback) and
  /// `default`; recovery 5m, reopen_within 10m, close_after 1d.
  static triage::Policy small_shop();

  struct Report {
    std::string labels;  ///< "alertname=Disk service=checkout severity=warning"
    std::string annotations = {};
    std::optional<Duration> starts_ago = {};
    std::optional<Duration> ends_in = {};  ///< Negative: in the past. Nothing: lease by the source.
    std::string_view source = "prometheus";
    bool resolved = false;
    std::string sender_key = {};  ///< "": the labels are the identity.
  };
  triage::StepAnswer report(const Report&);
  triage::StepAnswer fires(std::string_view labels) {
    return report({.labels = std::string(labels), .ends_in = minutes(4)});
  }
  triage::StepAnswer clears(std::string_view labels) {
    return report({.labels = std::string(labels), .ends_in = Duration(0)});
  }
  /// The source "forever" reports what it knows by a key of its own.
  triage::StepAnswer keyed(std::string_view key, std::string_view labels, bool resolved = false) {
    return report({.labels = std::string(labels),
                   .source = "forever",
                   .resolved = resolved,
                   .sender_key = std::string(key)});
  }
  triage::StepAnswer acknowledge_by_key(std::string_view key);
  triage::StepAnswer act(triage::Step, std::string_view actor = "ana",
                         std::optional<std::uint32_t> if_version = {},
                         std::optional<triage::Idempotency> idempotency = {});

  /// Actions from now on are those of a token that may act on incidents of these teams only.
  void limit_people_to(std::vector<std::string> teams) { teams_ = std::move(teams); }

  void advance(Duration);
  /// Moves both clocks and takes what is due once, as after a suspend: nothing fires in between.
  void jump(Duration);
  /// Keeps these alerts refreshed every minute while time passes.
  void keep_firing(std::string_view labels) { kept_.emplace_back(labels); }
  void stop_firing(std::string_view labels) { std::erase(kept_, std::string(labels)); }

  /// What destinations answer from now on: by channel; default delivered.
  void answers(std::string channel, triage::Outcome outcome) { outcomes_[channel] = outcome; }
  /// Attempts at this channel stay in flight until finish() is called.
  void hold(std::string channel) { held_channel_ = std::move(channel); }
  void finish(triage::Outcome);

  /// A reload.
  void set_policy(triage::Policy, bool reapply = false);

  const triage::State& state() const { return pipeline_->state(); }
  const triage::Incident& incident(std::uint64_t id) const;
  bool has_incident(std::uint64_t id) const { return state().find(IncidentId{id}) != nullptr; }
  /// "00:05 page sink-b incident.escalated INC-1" a line, since the last call.
  std::string story();
  /// Row writes so far.
  std::size_t rows_written() const { return rows_; }

 private:
  void settle();
  void note(std::string line);
  Now now() const { return {now_, now_}; }

  std::shared_ptr<const triage::Policy> policy_;
  std::unique_ptr<Pipeline> pipeline_;
  Released released_;
  std::vector<std::string> teams_;
  Instant start_;
  Instant now_;
  std::string story_;
  std::vector<std::string> kept_;
  std::map<std::string, triage::Outcome> outcomes_;
  std::string held_channel_;
  std::vector<PageId> held_;
  std::size_t rows_ = 0;
  std::optional<triage::StepAnswer> answer_;
};

}  // namespace tocsin::pipeline
