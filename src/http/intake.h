#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <variant>

#include "http/routes.h"
#include "tocsin/ingest/ingest.h"
#include "tocsin/triage/step.h"

namespace tocsin::http {

class NetThread;

/// The source of a request: the one its token stands for, else the one the path names, as {id} or
/// as prefix, else the first of the route's kind, else the one that exists built in. "" if there is
/// none.
std::string_view intake_source(const triage::Policy&, const Request&);

/// Alerts: body → delivery → answers → response. One at a time for each connection.
class Intake {
 public:
  /// What to do next: send a response, or deliver to the core and come back with the answers.
  using Next = std::variant<Response, std::unique_ptr<triage::Delivery>>;

  Next begin(NetThread&, const Request&);
  /// Takes in anew what was refused of a body then, by the configuration of now.
  Next replay(NetThread&, const Request&, const store::RejectedBody&);
  Next answered(NetThread&, const Request&, const triage::Delivery&);
  /// The delivery of begin() anew, with the labels and verdicts of alerts whose spelling is known.
  Next with_labels(NetThread& net, const Request& request) { return decode(net, request, nullptr); }
  /// The delivery of so many steps found no room: counts its alerts as received and refused.
  void shed(Site&, std::string_view reason, std::size_t steps) const;

 private:
  Next decode(NetThread&, const Request&, ingest::Memo*);
  /// Matches what has labels, and says in which order of shedding the delivery comes.
  void add_steps(const ingest::Decoded&, const triage::Policy&, triage::Delivery&) const;
  /// Leaves only those alerts that were refused when the body came first.
  void leave_only_refused(ingest::Decoded&) const;
  Response unreadable(Site&, const ingest::BodyError&);
  void tell_of_refusals(Site&) const;
  Response response(const telemetry::Metrics::IntakeCounts&) const;
  /// What POST /ingest/{source} answers: exactly 200, with what became of each alert. `rejected`
  /// describes the first of those that `refused` counts.
  Response report(const triage::Delivery*) const;

  Response event_answer() const;

  bool tells_all_ = false;  ///< The answer says what became of each alert.
  bool replays_ = false;
  std::vector<std::size_t> only_;  ///< Of a replay: the alerts to take; empty: all.
  std::string_view body_;
  ingest::Kind kind_ = ingest::Kind::alertmanager_api;
  Dialect dialect_ = Dialect::native;
  std::string event_key_;  ///< What the answer to an event names.
  std::vector<ingest::Remark> remarks_;
  std::string source_;
  std::size_t reports_ = 0;
  std::size_t refused_ = 0;
  std::vector<ingest::RefusedAlert> described_;
  std::array<std::size_t, ingest::kRefusalReasons> refused_by_{};
};

}  // namespace tocsin::http
