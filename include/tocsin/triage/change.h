#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tocsin/triage/state.h"
#include "tocsin/triage/step.h"

namespace tocsin::triage {

// Changes are past tense: facts with their results resolved. evolve() needs no rules and no clock.

struct SourceNamed {
  std::string name;
};  ///< Gets the next index.

/// A new alert row. status.occurrence is 0 if all that came was a resolve. A storm is made of
/// these, so its texts are views into the delivery that reported it, valid until that has been
/// released.
struct AlertOpened {
  AlertId id;
  Key key;
  IdentityBy identity_by = IdentityBy::labels;
  std::string_view identity_value;  ///< The sender's key; "" with labels.
  std::uint16_t source = 0;
  LabelsView labels;
  LabelsView annotations;
  std::string_view generator_url;
  bool truncated = false;
  std::uint64_t display_hash = 0;
  AlertStatus status;
  rules::Verdict verdict;  ///< For what follows from it; not kept.
};
/// A known alert fires again (a new occurrence), or `continued` the one its lease had ended.
struct AlertFired {
  AlertId id;
  bool continued = false;
  bool new_display = true;  ///< Annotations or link differ from those taken over before.
  Labels annotations;
  std::string generator_url;
  std::uint64_t display_hash = 0;
  std::uint16_t source = 0;
  AlertStatus status;      ///< As it is now; incident is the former one until it joins.
  rules::Verdict verdict;  ///< For what follows from it; not kept.
};
struct AlertEnded {
  AlertId id;
  EndedBy by = EndedBy::resolve;
  std::uint16_t source = 0;
  Instant at{};
  Instant sender_end{};
};
/// Volatile: a refresh, or a lease granted again after a restart. Durable only when a further
/// source begins to vouch, so that a restart grants its lease again too.
struct LeaseRenewed {
  AlertId id;
  std::uint32_t slot = 0;
  Lease lease;
  Instant sender_ends_at{};
  bool clock_skew = false;
  bool new_source = false;
};
/// Volatile: a lease's entry came up too early and was set again, or was an old one.
struct LeaseRearmed {
  Deadline entry;
};
/// Volatile: a resolved alert arrived with another end.
struct SenderEndSeen {
  AlertId id;
  Instant sender_ends_at{};
};
/// A further source's lease ended while another still vouches.
struct LeaseDropped {
  AlertId id;
  std::uint16_t source = 0;
};
/// Volatile: changed annotations and link were taken over; written in the background.
struct DisplayTaken {
  AlertId id;
  Labels annotations;
  std::string generator_url;
  std::uint64_t display_hash = 0;
  Instant at{};
};
/// A resolved alert has left memory; its row stays.
struct AlertForgotten {
  AlertId id;
  AlertStatus status;  ///< Its last.
};
/// A report that changed nothing but a count.
struct ReportCounted {
  Fate fate = Fate::late;
  AlertId id;
};
/// The worst severity of a firing alert rose (another policy). What triage rules decided stays, and
/// with it the hash of the rules that did.
struct AlertSeverityRaised {
  AlertId id;
  Severity severity = Severity::sev3;
  rules::Verdict verdict;  ///< For what follows from it; not kept.
};
/// A rule held the alert for a while, and it still fires.
struct AlertReleased {
  AlertId id;
  std::uint16_t source = 0;
  Labels annotations;
  rules::Verdict verdict;  ///< For what follows from it; not kept.
};
/// A firing alert was decided anew by the rules in force: its severity may be any now, and it
/// leaves its incident if they group it elsewhere.
struct AlertReapplied {
  AlertId id;
  Severity severity = Severity::sev3;
  std::uint64_t rules_hash = 0;
  IncidentId left;  ///< The incident it counted in and does no more; none if it stays.
  rules::EffectsRef effects;
  bool dropped = false;
  Instant held_until{};
  rules::Verdict verdict;  ///< For what follows from it; not kept.
};

/// An alert found by its sender's key has other labels, and so rules and severity of its own again.
struct AlertRelabelled {
  AlertId id;
  std::uint16_t source = 0;
  Labels labels;
  Labels annotations;
  std::string generator_url;
  std::uint64_t display_hash = 0;
  Severity severity = Severity::sev3;  ///< The worst of this occurrence.
  std::uint64_t rules_hash = 0;
  rules::EffectsRef effects;
  bool dropped = false;
  Instant held_until{};
  rules::Verdict verdict;  ///< For what follows from it; not kept.
};

struct IncidentOpened {
  std::shared_ptr<const Incident> incident;  ///< Never null; apart, since it is large and rare.
  AlertId alert;
  bool by_new_alert = false;  ///< The alert opened just before.
};
struct AlertJoined {
  IncidentId incident;
  AlertId alert;
  Instant at{};
  Instant starts_at{};
  bool new_member = true;
  bool new_alert = false;  ///< It opened just before.
  rules::Verdict verdict;  ///< For what follows from it; not kept.
};
/// An alert of the incident stopped or, without a new occurrence, went on firing.
struct AlertLeftFiring {
  IncidentId incident;
  AlertId alert;
  EndedBy by = EndedBy::resolve;
};
struct SeverityRaised {
  IncidentId incident;
  Severity from = Severity::sev3;
  Severity to = Severity::sev3;
  std::string criterion;
  std::string at;
  std::string escalation;  ///< A triage rule chose it for the alert that is so severe; "" = none.
};
struct IncidentAcknowledged {
  IncidentId incident;
  std::string by;
  Instant at{};
  std::optional<Instant> due;
  std::string note;
};
/// Back to triggered: by a person, by ack_timeout, or because the severity rose.
enum class UnackReason : std::uint8_t { person, timeout, severity };
struct IncidentUnacknowledged {
  IncidentId incident;
  UnackReason reason = UnackReason::person;
  std::string by;
  std::string note;
};
struct IncidentRecovering {
  IncidentId incident;
  Instant at{};
  Instant due{};
  bool by_person = false;
  std::string by;
  std::string note;
};
/// An alert fires again during recovery: the state before returns.
struct IncidentRelapsed {
  IncidentId incident;
  std::optional<Instant> due;  ///< ack_timeout, if it returns to acknowledged.
};
struct IncidentResolved {
  IncidentId incident;
  Instant at{};
  Instant due{};
};
struct IncidentReopened {
  IncidentId incident;
  std::string by;
  Instant at{};
  std::string note;
  std::string escalation;
};
struct IncidentClosed {
  std::shared_ptr<const Incident> incident;  ///< Never null. Its last value; it has left memory.
};
struct NoteAdded {
  IncidentId incident;
  std::string by;
  std::string text;
  std::optional<Instant> due;
};

/// Step `step` of round `round` begins; its pages follow. next_at: when the next one is due.
struct EscalationStepped {
  IncidentId incident;
  std::string name;
  std::uint32_t step = 1;
  std::uint32_t round = 1;
  Event event = Event::triggered;
  std::optional<Instant> next_at;
  std::uint32_t first_round = 1;
  std::string reason;     ///< Why now, if not in due course: "SEV-3 → SEV-1, criterion wide".
  bool only_new = false;  ///< Pages only channels not yet told.
  bool fresh = true;      ///< A run of its own, at whose end the fallback is paged again.
};
/// The last round is over; the fallback is paged.
struct EscalationExhausted {
  IncidentId incident;
  std::optional<Instant> next_at;  ///< When SEV-1 and SEV-2 begin again.
  bool pages_fallback = true;
};

struct PageQueued {
  Page page;
};
/// Volatile: delivery has it now.
struct PageHandedOut {
  PageId page;
};
// The last value of a page that has left the ledger of what is owed.
struct PageDelivered {
  Page page;
};
struct PageFailed {
  PageId page;
  IncidentId incident;
  std::string channel;
  std::uint32_t attempt = 1;
  Outcome outcome = Outcome::refused;
  Reason reason = Reason::other;
  std::string detail;
  Instant next_attempt{};
};
struct PageWithdrawn {
  Page page;
};
struct PageAbandoned {
  Page page;
};
/// The channel may now know of the trouble, and is owed its end.
struct ChannelTold {
  IncidentId incident;
  std::string channel;
};

struct AnswerRemembered {
  Key key;
  PastAnswer answer;
};
struct AnswerForgotten {
  Key key;
};

struct DaemonRestarted {
  Instant at{};
};
struct PolicyReplaced {
  std::uint64_t rules_hash = 0;
  Sweep::Kind sweep = Sweep::Kind::none;  ///< What begins with it.
  Instant at{};
};
struct SweepAdvanced {
  Sweep sweep;
};
struct ClockStepNoted {
  Duration by{};
};
/// Volatile.
struct SpaceNoted {
  bool low = false;
};

using Change =
    std::variant<SourceNamed, AlertOpened, AlertFired, AlertEnded, LeaseRenewed, LeaseRearmed,
                 SenderEndSeen, LeaseDropped, DisplayTaken, AlertForgotten, ReportCounted,
                 AlertSeverityRaised, AlertReleased, AlertReapplied, AlertRelabelled,
                 IncidentOpened, AlertJoined, AlertLeftFiring, SeverityRaised, IncidentAcknowledged,
                 IncidentUnacknowledged, IncidentRecovering, IncidentRelapsed, IncidentResolved,
                 IncidentReopened, IncidentClosed, NoteAdded, EscalationStepped,
                 EscalationExhausted, PageQueued, PageHandedOut, PageDelivered, PageFailed,
                 PageWithdrawn, PageAbandoned, ChannelTold, AnswerRemembered, AnswerForgotten,
                 DaemonRestarted, PolicyReplaced, SweepAdvanced, ClockStepNoted, SpaceNoted>;
using Changes = std::vector<Change>;

std::string_view name_of(const Change&);
/// Volatile changes cause no commit of their own and are not part of the durable digest.
bool is_durable(const Change&);

}  // namespace tocsin::triage
