#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tocsin/alert/arena.h"
#include "tocsin/alert/report.h"
#include "tocsin/base/id.h"
#include "tocsin/base/time.h"
#include "tocsin/rules/rule_set.h"
#include "tocsin/triage/policy.h"

namespace tocsin::triage {

// Steps are imperative and come from outside. Everything that is not deterministic (rule hits, the
// outcome of a delivery) arrives inside them.

/// One alert as one source reported it. `verdict` is valid if report.has_labels.
struct ReportAlert {
  Report report;
  rules::Verdict verdict;
};

struct Acknowledge {
  IncidentId incident;
  std::string note;
};
struct Unacknowledge {
  IncidentId incident;
  std::string note;
};
struct Resolve {
  IncidentId incident;
  std::string note;
};
struct Reopen {
  IncidentId incident;
  std::string note;
};
struct AddNote {
  IncidentId incident;
  std::string text;
};

/// Due deadlines are taken; sent by the pipeline, never by a caller.
struct Tick {};

/// Three answers, never two: `unknown` was sent but not confirmed.
enum class Outcome : std::uint8_t { delivered, refused, unknown };
/// Bounded classes for metrics (R30).
enum class Reason : std::uint8_t {
  none,
  dns,
  connect,
  tls,
  timeout,
  http_4xx,
  http_429,
  http_5xx,
  aborted,
  other
};
std::string_view to_string(Outcome);
std::string_view to_string(Reason);

/// What became of one attempt at one page.
struct PageAttempted {
  PageId page;
  Outcome outcome = Outcome::unknown;
  Reason reason = Reason::none;
  std::string detail;                   ///< Never holds a secret or a whole URL.
  std::optional<Duration> retry_after;  ///< What the destination asked for.
};

/// The daemon started (or started again) with this policy.
struct Restarted {};
/// Another policy is in force; the shell has already swapped it.
struct ReplacePolicy {
  bool reapply = false;  ///< Alerts that fire are decided anew, as if they began now.
};
/// CLOCK_REALTIME jumped against CLOCK_BOOTTIME by this much.
struct ClockStepped {
  Duration by{};
};
/// Free space fell below `storage.min_free`, or rose above it again.
struct SpaceChanged {
  bool low = false;
};

/// A sender says that somebody works on what it reported under this key: acknowledges the incident
/// of that alert. An alert that is unknown, over or of no incident has nothing to acknowledge.
struct AcknowledgeAlert {
  Key key;
  std::string note;
};

using Step = std::variant<ReportAlert, Acknowledge, Unacknowledge, Resolve, Reopen, AddNote, Tick,
                          PageAttempted, Restarted, ReplacePolicy, ClockStepped, SpaceChanged,
                          AcknowledgeAlert>;
std::string_view name_of(const Step&);

/// Why the answer is no. The http room maps these to statuses in one table.
enum class Refusal : std::uint8_t {
  none,
  unknown_incident,  // 404
  wrong_state,       // 409
  stale_version,     // 412
  wrong_team,        // 403: the caller may act on incidents of other teams only
  no_space,          // 503: below storage.min_free
  too_many_alerts,   // 503: limits.active_alerts
  key_reused,        // 422: the Idempotency-Key was that of another request
};
std::string_view to_string(Refusal);

/// What became of a report or an action.
enum class Fate : std::uint8_t {
  opened,  ///< A new alert began to fire.
  fired,   ///< A known alert fires again, or goes on after its lease had ended.
  refreshed,
  resolved,
  already_so,           ///< Nothing to do: a repeated resolve, a second acknowledgement.
  late,                 ///< Fires, but says it began before the end of the last occurrence.
  unknown_resolve,      ///< Resolved an alert never seen; stored.
  unknown_acknowledge,  ///< Acknowledged an alert never seen; dropped.
  done,                 ///< An action took place.
  /// Unknown key: decode all labels and deliver again. Other steps of the delivery may have been
  /// decided; repeated, they change nothing.
  needs_labels,
  refused,
};
std::string_view to_string(Fate);

struct StepAnswer {
  Fate fate = Fate::done;
  Refusal refusal = Refusal::none;
  IncidentId incident;
  AlertId alert;
};

/// A client's wish that a request it may repeat is done once. Source: the IETF's draft "The
/// Idempotency-Key HTTP Header Field".
struct Idempotency {
  Key key;                    ///< Of who asks and the name they gave the request.
  std::uint64_t content = 0;  ///< Of what they ask: another request under the name is a mistake.
};

/// Lanes are served people first, then round robin over the others.
enum class Lane : std::uint8_t { people, outcomes, intake };

/// In which order requests are refused when more arrives than can be taken (PRODUCT.md section 2).
enum class Shed : std::uint8_t {
  first,   ///< Refreshes only, as far as anybody knows before the core has looked.
  middle,  ///< New alerts.
  last,    ///< Holds an end, or what may be SEV-1; everything by people.
};

/// One request: steps that are decided together, in order, inside one batch. It owns every byte
/// its steps point to. The shell gets it back with its answers once its batch is durable.
struct Delivery {
  Lane lane = Lane::intake;
  std::string source;  ///< Name of the source; "" for people and the daemon itself.
  std::string actor;   ///< "anonymous@loopback", "source:prometheus", "tocsin"
  std::optional<std::uint32_t> if_version;  ///< If-Match, for a single action on an incident.
  std::vector<std::string> teams;  ///< Actions only on incidents of these teams; empty: of all.
  std::optional<Idempotency> idempotency;  ///< For a single action.
  /// The policy `verdict`s were made with, kept alive while they are in use.
  std::shared_ptr<const Policy> policy;
  Arena arena;
  std::vector<Step> steps;
  std::vector<StepAnswer> answers;  ///< One per step, filled by the core.
  Instant received{};               ///< Wall clock, for latency metrics only.
  std::uint64_t reply_to = 0;       ///< The shell's token; opaque here. 0 = nobody waits.
  Shed shed = Shed::last;           ///< For the shell; the core treats all alike.
  std::size_t charged = 0;          ///< Bytes the shell charged to its lane for it.
  /// Bytes it holds; what the mailbox's limits count.
  std::size_t bytes() const;
};

/// The codec of a delivery: what traces, the simulator and later an inbox keep. Grammar and version
/// stand in codec.cpp. decode(encode(d)) equals d without policy, reply_to, shed
/// and charged.
std::string encode(const Delivery&);
/// Nothing if the bytes are not an encoded delivery. Total on hostile input.
std::optional<std::unique_ptr<Delivery>> decode_delivery(std::string_view);

}  // namespace tocsin::triage
