#pragma once

#include <memory>
#include <optional>
#include <string>

#include "http/body.h"
#include "http/intake.h"
#include "http/routes.h"
#include "http/session.h"
#include "http/signature.h"
#include "tocsin/triage/step.h"

namespace tocsin::http {

class NetThread;

/// One request from head to response, and then the next of the same connection. Knows no bytes of
/// HTTP. On its net thread only.
class Exchange {
 public:
  Exchange(NetThread&, const Peer&, Conversation&);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// Looks at the head alone. A response means that the body need not be read.
  std::optional<Response> begin(const Head&);
  /// How to read the body that follows.
  const BodyTerms& body_terms() const { return body_terms_; }
  /// The body takes this many bytes so far. A response means that there is no room for it.
  std::optional<Response> body_grew(std::uint64_t bytes);
  Response refuse_body(BodyTrouble);
  /// The request is there. The conversation gets its response, now or later.
  void run(const Body&);
  /// For requests that are no HTTP or ended before they were whole.
  Response broken(int status, std::string_view detail, std::string_view reason);
  /// The response is about to be written: it is counted, and the body's bytes go back to the
  /// budget, before anybody can see the answer.
  void answered(int status);
  /// The response was written, or could not be.
  void end();

  // What comes back from elsewhere.
  void on_answer(std::unique_ptr<triage::Delivery>);
  void on_read(Response);
  /// Offers a delivery again whose lane was full. True if the waiting is over.
  bool retry();

 private:
  std::optional<Response> deny(const Access::Denied&);
  /// Who may send is known by the body: its signature, or a key in it.
  std::optional<Response> admit();
  bool is_admitted_by_body() const;
  /// The signature of a request to this source.
  Signature check_signature_of(std::string_view source);
  std::optional<Response> deny_signature(Signature);
  std::optional<Response> take_once();
  void audit(int status);
  std::string request_line() const;
  std::optional<Response> no_route(const Found&);
  std::optional<Response> check_body(const Head&);
  std::optional<Response> check_coding(const Head&);
  /// What this request's body says is signed, or may turn out to be.
  bool may_be_signed() const;
  void give_back_body();
  void dispatch();
  void submit(std::unique_ptr<triage::Delivery>);
  /// False if the lane is full.
  bool try_submit();
  bool try_as_urgent();
  void take_up(Intake::Next);
  void read_on_pool(ReadPool::Kind, ReadPool::Task);
  void reload();
  void answer_action(const triage::Delivery&);
  void read_for_replay();
  void count_refusal(std::string_view reason);
  std::optional<Response> refuse(int status, std::string_view detail, std::string_view reason);

  NetThread& net_;
  const Peer& peer_;
  Conversation& conversation_;
  Request request_;
  BodyTerms body_terms_;
  std::uint64_t body_bytes_ = 0;  ///< Taken from the budget.
  Clock::time_point began_;
  bool open_ = false;  ///< Counted in Site::open_requests.
  std::string once_;   ///< What the request is known by, if it may be taken once only.
  Intake intake_;
  std::shared_ptr<store::RejectedBody> replay_;   ///< What is taken in anew.
  std::unique_ptr<triage::Delivery> waiting_;     ///< Its lane is full.
  std::optional<Clock::time_point> waits_since_;  ///< Of the request, however often it waits.
};

}  // namespace tocsin::http
