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

/// The source of a request: the one its token stands for, else the one whose name is the path's
/// prefix, else the first of the route's kind, else the one that exists built in.
std::string_view intake_source(const triage::Policy&, const Request&);

/// POST /api/v2/alerts: body → delivery → answers → response. One at a time for each connection.
class Intake {
 public:
  /// What to do next: send a response, or deliver to the core and come back with the answers.
  using Next = std::variant<Response, std::unique_ptr<triage::Delivery>>;

  Next begin(NetThread&, const Request&);
  Next answered(NetThread&, const Request&, const triage::Delivery&);

 private:
  Next decode(NetThread&, const Request&, ingest::Memo*);
  Response unreadable(Site&, const ingest::BodyError&);
  void tell_of_refusals(Site&) const;
  Response response(const telemetry::Metrics::IntakeCounts&) const;

  std::string source_;
  std::size_t reports_ = 0;
  std::size_t refused_ = 0;
  std::vector<ingest::RefusedAlert> described_;
  std::array<std::size_t, ingest::kRefusalReasons> refused_by_{};
};

}  // namespace tocsin::http
