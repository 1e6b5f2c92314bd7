// Who may send a request, as far as its head does not tell: its signature, or a key in its body.
#include "http/exchange.h"
#include "http/net_thread.h"

namespace tocsin::http {

bool Exchange::is_admitted_by_body() const {
  const Route& route = *request_.route;
  if (route.work != Work::intake) return false;
  if (route.key_in_body) return true;
  const config::Sender* sender =
      find_sender(request_.terms->senders, intake_source(*request_.policy, request_));
  return sender != nullptr && !sender->hmac_secret.empty();
}

std::optional<Response> Exchange::admit() {
  Site& site = net_.site();
  Signature found = check_signature_of(intake_source(*request_.policy, request_));
  if (request_.caller.actor.empty() && found == Signature::good) {
    const std::string source(intake_source(*request_.policy, request_));
    request_.caller = Caller{.actor = "source:" + source, .teams = {}, .source = source};
  }
  if (request_.caller.actor.empty() && request_.route->key_in_body) {
    const std::string key = net_.decoder().credential(ingest::Kind::pagerduty, request_.body, {});
    auto caller = request_.terms->access.check_key(request_.route->scope, key, request_.head, peer_,
                                                   wall_now());
    if (!caller) return deny(caller.error());
    request_.caller = *std::move(caller);
    if (request_.caller.credential_ignored) site.count_access("ignored");
    // Of the source whose key it is.
    found = check_signature_of(intake_source(*request_.policy, request_));
  }
  if (found != Signature::none_needed && found != Signature::good) return deny_signature(found);
  return take_once();
}

Signature Exchange::check_signature_of(std::string_view source) {
  auto checked =
      check_signature(find_sender(request_.terms->senders, source), request_, wall_now());
  once_ = std::move(checked.once);
  return checked.result;
}

std::optional<Response> Exchange::deny_signature(Signature why) {
  if (why == Signature::missing) {
    return deny({401, "the source's requests are signed (hmac in tocsin.yaml), this one is not",
                 "no_signature"});
  }
  if (why == Signature::untimely) {
    return deny({401,
                 "the time in the signature is more than 5 minutes from this server's clock; sign "
                 "each attempt anew, and let both clocks be set",
                 "signature_time"});
  }
  return deny(
      {401, "the signature is not that of this body with the source's secret", "signature"});
}

std::optional<Response> Exchange::take_once() {
  if (once_.empty()) return std::nullopt;
  switch (net_.site().taken_once.take(once_, wall_now())) {
    case TakenOnce::Was::fresh:
      return std::nullopt;
    case TakenOnce::Was::fresh_and_one_dropped:
      net_.site().count_access("signature_forgotten");
      return std::nullopt;
    case TakenOnce::Was::taken_before:
      break;
  }
  once_.clear();
  return deny({401, "this request was taken before; sign each attempt anew", "signature_repeated"});
}

std::optional<Response> Exchange::deny(const Access::Denied& denied) {
  Site& site = net_.site();
  site.count_access(denied.reason);
  // Whoever tries the same again and again gets one line a second, and hides nothing else by that.
  const std::string_view route = request_.route == nullptr ? "" : request_.route->pattern;
  std::string key = "audit.denied " + peer_.address + ' ';
  key.append(route).append(" ").append(denied.reason);
  site.warn(key, "audit.denied",
            {{"request", request_line()},
             {"peer", peer_.address},
             {"reason", std::string(denied.reason)},
             {"status", std::to_string(denied.status)}});
  auto response = refuse(denied.status, denied.why, "denied");
  if (denied.status == 401) response->headers = "WWW-Authenticate: Bearer realm=\"tocsin\"\r\n";
  return response;
}

/// Every write by a person, done or refused, and every look at a rejected body.
void Exchange::audit(int status) {
  Site& site = net_.site();
  const Route* route = request_.route;
  if (route == nullptr || site.options.log == nullptr || request_.caller.actor.empty()) return;
  if (route->scope != Scope::respond && route->scope != Scope::admin) return;
  site.options.log->write(telemetry::Log::Level::info, "audit",
                          {{"actor", request_.caller.actor},
                           {"request", request_line()},
                           {"peer", peer_.address},
                           {"certificate", peer_.certificate},
                           {"status", std::to_string(status)}});
}

/// Method and path; the query may hold a token.
std::string Exchange::request_line() const {
  return std::string(request_.route == nullptr ? "" : request_.route->method) + " " + request_.path;
}

}  // namespace tocsin::http
