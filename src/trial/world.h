#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/config/test_cases.h"
#include "tocsin/pipeline/pipeline.h"
#include "trial/coverage.h"

namespace tocsin::trial {

/// One alert as its source reports it.
struct Reported {
  Key key;
  Labels labels;
  Labels annotations;
  std::string source;
  std::string sender_key;
  rules::Verdict verdict;
  bool fires = true;
  bool repeats = false;             ///< Until it clears or lapses.
  std::optional<Duration> lease{};  ///< Nothing: it never ends by itself.
  Instant next_repeat{};
};

/// One attempt at a page.
struct Attempt {
  Duration when{};
  IncidentId incident;
  std::string channel;
  triage::Event event = triage::Event::triggered;
  std::uint32_t step = 0;
  std::uint32_t round = 0;
  std::uint32_t number = 1;
};

/// The daemon of one case: the real pipeline and core, a clock that moves only by advance_to(),
/// batches that commit at once, destinations that answer as told.
class World {
 public:
  World(std::shared_ptr<const triage::Policy>, Coverage&);

  /// Everything due until then and at that very moment, in order; firing alerts are repeated.
  void advance_to(Duration);

  triage::StepAnswer fire(const config::FireAlert&);
  /// False if no firing alert has these labels.
  bool end(const config::EndAlerts&);
  triage::StepAnswer act(const config::ActOnIncident&);
  void answer(const config::SetOutcome&);

  const triage::State& state() const { return pipeline_->state(); }
  const triage::Policy& policy() const { return *policy_; }
  /// Each alert once, in the order of its first report.
  const std::vector<Reported>& reported() const { return reported_; }
  const std::vector<Attempt>& attempts() const { return attempts_; }
  /// When each incident opened: INC-1 first.
  const std::vector<Duration>& openings() const { return openings_; }
  /// The last value of an incident that is closed, or null.
  const triage::Incident* closed(IncidentId) const;
  const triage::Alert* find(const Reported& alert) const { return state().find(alert.key); }

 private:
  triage::StepAnswer report(const Reported&, Phase);
  void repeat_due();
  void settle();
  bool commit();
  bool send_pages();
  std::optional<Instant> next_repeat() const;
  triage::StepAnswer submit(std::unique_ptr<triage::Delivery>);
  Now now() const { return {now_, now_}; }
  Duration elapsed() const { return now_ - start_; }

  std::shared_ptr<const triage::Policy> policy_;
  Coverage* coverage_;
  std::unique_ptr<pipeline::Pipeline> pipeline_;
  pipeline::Released released_;
  Instant start_;
  Instant now_;
  std::vector<Reported> reported_;
  std::vector<Attempt> attempts_;
  std::vector<Duration> openings_;
  std::map<IncidentId, std::shared_ptr<const triage::Incident>> closed_;
  std::map<std::string, triage::Outcome> outcomes_;
  std::optional<triage::StepAnswer> answer_;
};

/// The alerts that these labels name: the one that has no others, else all that have them.
std::vector<std::size_t> named_by(LabelsView labels, const std::vector<Reported>&);

}  // namespace tocsin::trial
