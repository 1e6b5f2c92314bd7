#include "http/exchange.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "http/action.h"
#include "http/content_coding.h"
#include "http/endpoints.h"
#include "http/net_thread.h"
#include "http/rejected.h"
#include "tocsin/base/check.h"

namespace tocsin::http {
namespace {

/// As which refusal it is counted.
std::string_view reason_of(triage::Shed shed) {
  switch (shed) {
    case triage::Shed::first:
      return "shed_refreshes";
    case triage::Shed::middle:
      return "shed_new";
    case triage::Shed::last:
      break;
  }
  return "shed_urgent";
}

}  // namespace

Exchange::Exchange(NetThread& net, const Peer& peer, Conversation& conversation)
    : net_(net), peer_(peer), conversation_(conversation) {}

Exchange::~Exchange() { end(); }

void Exchange::count_refusal(std::string_view reason) {
  if (request_.route == nullptr || request_.route->work != Work::intake) return;
  net_.site().count_rejected(intake_source(*request_.policy, request_), reason, 1);
}

std::optional<Response> Exchange::refuse(int status, std::string_view detail,
                                         std::string_view reason) {
  count_refusal(reason);
  return error_response(request_.dialect, status, detail);
}

std::optional<Response> Exchange::begin(const Head& head) {
  Site& site = net_.site();
  began_ = Clock::now();
  open_ = true;
  site.open_requests.fetch_add(1, std::memory_order_relaxed);
  request_.route = nullptr;
  request_.terms = site.terms.load();
  request_.caller = {};
  replay_.reset();
  once_.clear();
  waits_since_.reset();
  request_.dialect = Dialect::native;
  request_.head = head;
  body_terms_ = {};

  if (head.method == "OPTIONS" && head.target == "*") return Response{};
  auto target = parse_target(head.target);
  if (!target) return refuse(400, target.error(), "path");
  request_.path = std::move(target->path);
  request_.query = target->query;
  request_.dialect = dialect_of(request_.path);
  if (head.hosts > 1 || (head.hosts == 0 && !head.is_http_1_0)) {
    return refuse(400, "a request has exactly one Host header", "host");
  }
  // What a proxy's client asks for counts, not what Host says (RFC 9112 section 3.2.2).
  if (!target->authority.empty()) request_.head.host = target->authority;
  if (!is_host(request_.head.host)) {
    return refuse(400, "the Host header holds no host and port", "host");
  }
  Found found = find_route(head.method, request_.path);
  if (found.route == nullptr) return no_route(found);
  request_.route = found.route;
  if (found.route->work == Work::intake) request_.policy = site.options.doors.policy();
  request_.prefix = found.prefix;
  request_.id = found.id;

  if (is_admitted_by_body()) return check_body(head);
  auto caller = request_.terms->access.check(found.route->scope, request_.head, peer_, wall_now());
  if (!caller) return deny(caller.error());
  request_.caller = *std::move(caller);
  if (request_.caller.credential_ignored) site.count_access("ignored");
  return check_body(head);
}

std::optional<Response> Exchange::no_route(const Found& found) {
  if (found.status == 410) {
    Response gone;
    gone.status = 410;
    gone.content_type = kJson;
    gone.body =
        "{\"status\":\"deprecated\",\"error\":\"version 1 of this API is gone; "
        "use /api/v2 instead\"}";
    return gone;
  }
  if (found.status == 405) {
    if (request_.head.method == "OPTIONS") {
      Response response;
      response.headers = "Allow: " + found.allow + ", OPTIONS\r\n";
      return response;
    }
    Response response = error_response(
        request_.dialect, 405, "this path does not know the method; it takes " + found.allow);
    response.headers = "Allow: " + found.allow + "\r\n";
    return response;
  }
  return error_response(request_.dialect, 404, "there is no such path; see / for those there are");
}

std::optional<Response> Exchange::check_body(const Head& head) {
  const Route& route = *request_.route;
  body_terms_.most = route.body_max(request_.terms->limits);
  // As the original does; elsewhere senders announce forms and plain text, and send JSON.
  const bool must_be_json = route.work == Work::intake && request_.dialect == Dialect::alertmanager;
  if (must_be_json && !is_json(head.content_type)) {
    return refuse(415, "the body must be announced as Content-Type: application/json",
                  "content_type");
  }
  if (auto refused = check_coding(head)) return refused;
  if (head.content_length && *head.content_length > body_terms_.most) {
    return refuse(413, size_detail(body_terms_.most), "too_large");
  }
  return body_grew(head.content_length.value_or(0));
}

std::optional<Response> Exchange::check_coding(const Head& head) {
  const auto coding = head.content_encodings > 1 ? std::nullopt : coding_of(head.content_encoding);
  if (!coding) {
    auto response = refuse(415,
                           "of the content codings gzip and zstd are known, one at a time; send "
                           "the body in one of them or as it is",
                           "content_encoding");
    // What would be taken (RFC 9110 section 15.5.16).
    response->headers = "Accept-Encoding: " + std::string(kCodingsKnown) + "\r\n";
    return response;
  }
  body_terms_.coding = *coding;
  body_terms_.keeps_sent = *coding != Coding::identity && may_be_signed();
  return std::nullopt;
}

bool Exchange::may_be_signed() const {
  if (request_.route->work != Work::intake) return false;
  const auto& senders = request_.terms->senders;
  if (request_.route->key_in_body) {
    return std::ranges::any_of(
        senders, [](const config::Sender& sender) { return !sender.hmac_secret.empty(); });
  }
  const config::Sender* sender = find_sender(senders, intake_source(*request_.policy, request_));
  return sender != nullptr && !sender->hmac_secret.empty();
}

Response Exchange::refuse_body(BodyTrouble trouble) {
  const BodyRefusal why = refusal_of(trouble, body_terms_.most);
  return broken(why.status, why.detail, why.reason);
}

std::optional<Response> Exchange::body_grew(std::uint64_t bytes) {
  if (bytes <= body_bytes_) return std::nullopt;
  // In steps, so that a body that comes in small pieces does not ask for each.
  constexpr std::uint64_t kStep = 64U << 10;
  const std::uint64_t wanted = (bytes + kStep - 1) / kStep * kStep - body_bytes_;
  const std::uint64_t most = request_.terms->limits.bodies_in_flight;
  if (net_.site().take_body_bytes(wanted, most)) {
    body_bytes_ += wanted;
    if (body_bytes_ > kMuchMemory) net_.takes_much();
    return std::nullopt;
  }
  count_refusal("bodies_in_flight");
  return overloaded(request_.dialect, "too many bodies are being read just now; send it again");
}

void Exchange::run(const Body& body) {
  request_.body = body.bytes();
  request_.body_as_sent = body.sent();
  try {
    dispatch();
  } catch (const std::exception&) {
    // The root of a request: whatever a library threw becomes an answer.
    count_refusal("failed");
    conversation_.respond(
        error_response(request_.dialect, 500, "the request could not be handled"));
  }
}

void Exchange::dispatch() {
  const Route& route = *request_.route;
  Site& site = net_.site();
  switch (route.work) {
    case Work::now:
      return conversation_.respond(route.answer(site, request_));
    case Work::read:
      return read_on_pool(route.read_kind, [this](store::Reader* reader) {
        return request_.route->read(net_.site(), reader, request_);
      });
    case Work::intake: {
      if (auto refused = admit()) return conversation_.respond(*std::move(refused));
      return take_up(intake_.begin(net_, request_));
    }
    case Work::action: {
      auto delivery = read_action(site, request_);
      if (!delivery) return conversation_.respond(std::move(delivery.error()));
      return submit(*std::move(delivery));
    }
    case Work::replay:
      return read_for_replay();
    case Work::reload:
      return reload();
  }
}

void Exchange::take_up(Intake::Next next) {
  if (auto* response = std::get_if<Response>(&next)) {
    return conversation_.respond(std::move(*response));
  }
  submit(std::get<std::unique_ptr<triage::Delivery>>(std::move(next)));
}

void Exchange::submit(std::unique_ptr<triage::Delivery> delivery) {
  delivery->reply_to = net_.expect(*this);
  waiting_ = std::move(delivery);
  if (try_submit() || try_as_urgent()) return;
  if (!waits_since_) waits_since_ = Clock::now();
  net_.retry_later(*this);
}

bool Exchange::try_submit() {
  const std::uint64_t ticket = waiting_->reply_to;
  const bool is_urgent =
      waiting_->lane != triage::Lane::intake || waiting_->shed == triage::Shed::last;
  const std::size_t steps = waiting_->steps.size();
  switch (net_.site().options.doors.submit(waiting_)) {
    case Submitted::accepted:
      waiting_.reset();
      is_urgent ? net_.wake_core() : net_.wake_core_soon();
      return true;
    case Submitted::lane_full:
      return false;
    case Submitted::stopping:
      break;
  }
  net_.forget(ticket);
  waiting_.reset();
  if (request_.route->work == Work::intake) intake_.shed(net_.site(), "stopping", steps);
  Response response = overloaded(request_.dialect, "the server is stopping; send it again");
  response.close = true;
  conversation_.respond(std::move(response));
  return true;
}

bool Exchange::retry() {
  if (try_submit()) return true;
  if (Clock::now() - *waits_since_ < kLaneWaitMax) return false;
  net_.forget(waiting_->reply_to);
  if (request_.route->work == Work::intake) {
    intake_.shed(net_.site(), reason_of(waiting_->shed), waiting_->steps.size());
  }
  waiting_.reset();
  conversation_.respond(
      overloaded(request_.dialect, "more arrives than can be stored just now; send it again"));
  return true;
}

/// Alerts whose spelling is known were not looked at by the rules. Before they have to wait they
/// are: what seemed to be refreshes may be a SEV-1 that fires again.
bool Exchange::try_as_urgent() {
  if (request_.route->work != Work::intake || waiting_->shed != triage::Shed::first) return false;
  try {
    Intake::Next next = intake_.with_labels(net_, request_);
    auto* delivery = std::get_if<std::unique_ptr<triage::Delivery>>(&next);
    if (delivery == nullptr || (*delivery)->shed != triage::Shed::last) return false;
    (*delivery)->reply_to = waiting_->reply_to;
    waiting_ = std::move(*delivery);
  } catch (const std::exception&) {
    return false;
  }
  return try_submit();
}

void Exchange::on_answer(std::unique_ptr<triage::Delivery> delivery) {
  CHECK(delivery->answers.size() == delivery->steps.size());
  if (request_.route->work == Work::action) return answer_action(*delivery);
  try {
    take_up(intake_.answered(net_, request_, *delivery));
  } catch (const std::exception&) {
    count_refusal("failed");
    conversation_.respond(
        error_response(request_.dialect, 500, "the request could not be handled"));
  }
}

void Exchange::answer_action(const triage::Delivery& delivery) {
  const triage::StepAnswer answer = delivery.answers.front();
  const auto incident = parse_incident_id(request_.id);
  read_on_pool(ReadPool::Kind::action, [this, answer, incident](store::Reader* reader) {
    return action_response(net_.site(), reader, request_, incident.value_or(IncidentId{}), answer);
  });
}

void Exchange::read_on_pool(ReadPool::Kind kind, ReadPool::Task task) {
  const std::uint64_t ticket = net_.expect(*this);
  if (net_.site().read_pool->submit(kind, ticket, std::move(task))) return;
  net_.forget(ticket);
  conversation_.respond(
      overloaded(request_.dialect, "too many lists are being read just now; try again"));
}

void Exchange::reload() {
  const auto query = Query::parse(request_.query);
  const std::string_view reapply = query ? query->get("reapply") : "?";
  if (!reapply.empty() && reapply != "true" && reapply != "false") {
    return conversation_.respond(error_response(request_.dialect, 400, "reapply is true or false"));
  }
  const std::uint64_t ticket = net_.expect(*this);
  net_.site().options.doors.reload(reapply == "true",
                                   [net = &net_, ticket](const Reloaded& reloaded) {
                                     net->deliver(ticket, reload_response(reloaded));
                                   });
}

void Exchange::read_for_replay() {
  // Answers of actions are remembered for their key; a replay is no single action.
  if (!request_.head.idempotency_key.empty()) {
    return conversation_.respond(error_response(
        request_.dialect, 400,
        "a replay takes no Idempotency-Key; send it without one: alerts that fire already are "
        "refreshed by it and page nobody again"));
  }
  replay_ = std::make_shared<store::RejectedBody>();
  read_on_pool(ReadPool::Kind::action, [this, found = replay_](store::Reader* reader) {
    auto read = find_rejected(net_.site(), reader, request_);
    if (!read) return std::move(read.error());
    *found = *std::move(read);
    return Response{};
  });
}

void Exchange::on_read(Response response) {
  const bool replays = request_.route->work == Work::replay && response.status == 200;
  if (!replays) return conversation_.respond(std::move(response));
  try {
    take_up(intake_.replay(net_, request_, *replay_));
  } catch (const std::exception&) {
    conversation_.respond(error_response(request_.dialect, 500, "the body could not be taken in"));
  }
}

Response Exchange::broken(int status, std::string_view detail, std::string_view reason) {
  if (!open_) {
    began_ = Clock::now();
    open_ = true;
    net_.site().open_requests.fetch_add(1, std::memory_order_relaxed);
    request_.route = nullptr;
    request_.dialect = Dialect::native;
  }
  Response response = *refuse(status, detail, reason);
  response.close = true;
  return response;
}

void Exchange::give_back_body() {
  if (body_bytes_ > kMuchMemory) net_.takes_much();
  if (body_bytes_ > 0) net_.site().give_back_body_bytes(std::exchange(body_bytes_, 0));
}

void Exchange::answered(int status) {
  give_back_body();
  audit(status);
  const std::string once = std::exchange(once_, {});
  const bool to_be_repeated = status == 429 || status >= 500;
  if (to_be_repeated && !once.empty()) net_.site().taken_once.give_back(once);
  const std::string_view route = request_.route == nullptr ? "unknown" : request_.route->pattern;
  net_.site().count_request(route, status, Clock::now() - began_);
}

void Exchange::end() {
  give_back_body();
  if (!std::exchange(open_, false)) return;
  // An idle connection keeps no former configuration in memory.
  request_.terms.reset();
  request_.policy.reset();
  net_.site().open_requests.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace tocsin::http
