#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulation/coverage.h"
#include "simulation/random.h"
#include "simulation/scenario.h"
#include "tocsin/alert/identity.h"
#include "tocsin/alert/labels.h"
#include "tocsin/triage/step.h"

namespace tocsin::simulation {

/// One condition that some sender watches.
struct Condition {
  std::size_t number = 0;
  std::string source;
  bool keyed = false;  ///< The sender has a key of its own; no leases, no ends.
  std::string sender_key;
  Labels labels;
  bool firing = false;
  bool fired_before = false;
  Instant starts_at{};  ///< By the sender's clock.
  Instant ended_at{};
  int revision = 0;  ///< Of its annotations.
};

/// What a delivery says about one alert, in the words of the model.
struct Said {
  Key key;
  std::size_t condition = 0;
  bool fires = false;     ///< Phase firing, or an end after the sender's now.
  bool may_fire = false;  ///< An end in the past that a wrong clock may explain.
  std::optional<Instant> ends_at{};
  bool unlabeled = false;
};

/// A batch of reports: what is sent, and what it means.
struct Message {
  std::string source;
  std::unique_ptr<triage::Delivery> delivery;
  std::vector<Said> said;
};

/// The monitoring systems. They know their own conditions and clocks, and nothing of Tocsin.
class Senders {
 public:
  Senders(const Scenario&, Random, Coverage&);

  /// Something happened at one source: some of its conditions changed or were reported again.
  Message report(const KeySecret&, Instant wall);
  /// Somebody works on one of the conditions that have a key; nothing if there is none.
  std::unique_ptr<triage::Delivery> acknowledgement(const KeySecret&);
  /// Every condition that may be taken for firing is over, each source by itself.
  std::vector<Message> resolve_everything(const KeySecret&, Instant wall);
  /// The same delivery with the labels it had left out.
  std::unique_ptr<triage::Delivery> with_labels(const triage::Delivery&,
                                                const std::vector<Said>&) const;
  /// Their clocks are right from now on.
  void heal();
  Key key_of(const KeySecret&, std::size_t condition) const;
  std::size_t count() const { return conditions_.size(); }

 private:
  enum class Word : std::uint8_t { fire, refresh, resolve, late };
  Instant clock_of(const std::string& source, Instant wall) const;
  Word next_word(Condition&);
  void add(Message&, const KeySecret&, Condition&, Word, Instant wall, bool may_be_unlabeled);

  const Scenario& scenario_;
  Random random_;
  Coverage& coverage_;
  std::vector<Condition> conditions_;
  std::vector<std::pair<std::string, Duration>> clocks_;  ///< How far each source's is off.
};

}  // namespace tocsin::simulation
