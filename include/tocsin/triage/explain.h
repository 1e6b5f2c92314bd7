#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/rules/explain.h"
#include "tocsin/triage/policy.h"
#include "tocsin/triage/state.h"

/// What the core would make of one alert that begins to fire now, and why.
namespace tocsin::triage {

/// Why an alert is withheld, or why it is not although a rule says so.
struct Withheld {
  enum class By : std::uint8_t { drop, hold, severity };
  By by = By::drop;
  rules::DecidedBy rule;  ///< Of drop and hold.
  Duration length{};      ///< Of hold.
  bool applies = true;    ///< A hold never does to SEV-1.
};

/// One step of an escalation, by the time that has passed since its round began.
struct PlannedStep {
  std::uint32_t number = 1;
  Duration after{};
  Duration wait{};                    ///< Until the next step, or the end of the round.
  std::vector<std::string> channels;  ///< Empty: it reaches nobody and is passed over.
};

/// Who is paged when, if an incident opens and nobody acknowledges.
struct EscalationPlan {
  /// Whose choice it is: a triage rule's, the service's, the team's, or nobody's.
  enum class From : std::uint8_t { rule, service, team, otherwise };
  std::string name;
  std::string at;  ///< Where it is defined; "" for the one that is built in.
  From from = From::otherwise;
  rules::DecidedBy chosen_by;  ///< The rule or the service; the team's name alone.
  std::vector<PlannedStep> steps;
  std::uint32_t rounds = 1;
  Duration round{};                   ///< How long each takes.
  std::vector<std::string> fallback;  ///< Channels paged once after the last round.
  std::optional<Duration> again;      ///< After that, SEV-1 and SEV-2 begin anew.
};

struct Explanation {
  rules::Explanation rules;
  Severity severity = Severity::sev3;
  bool is_own = false;  ///< One of the daemon's own alarms: no rule decides about it.
  std::vector<Withheld> withheld;
  bool opens = true;  ///< Opens or joins an incident, at once or when a hold is over.
  EscalationPlan escalation;
};

/// Pure.
Explanation explain(const Policy&, const rules::Question&);

/// A group that an alert would belong to, and how long its rule lets it be joined; an alert that
/// stands for itself has no such terms.
struct GroupAsked {
  struct Terms {
    Duration window{}, max_age{};
  };
  Key key;
  std::optional<Terms> terms;
};

/// The incident an alert of this group would be in if it fired now; none: it would open one.
std::optional<IncidentId> would_join(const State&, const Policy&, const GroupAsked&, Instant now);

}  // namespace tocsin::triage
