#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "delivery/mail.h"

namespace tocsin::delivery {

/// Hands one mail in over a connection that is open, encrypted and authenticated: MAIL, RCPT, DATA,
/// the text. Bytes in, bytes out; no socket, no clock. Nothing a server says is repeated: codes and
/// words of ours only. Source: RFC 5321 sections 3.3, 4.2 and 4.5.
///
/// Recipients that are refused do not keep the mail from the others: a page must not be lost to a
/// colleague's address. `delivered` then has a reason and says which.
class SmtpDialogue {
 public:
  /// REQUIRES: `mail` outlives it.
  SmtpDialogue(const Mail& mail, PageId page);

  /// What is to be sent next; "" while a reply is awaited. The same until sent() is called.
  std::string_view next_bytes();
  void sent(std::size_t bytes);
  void received(std::string_view bytes);
  void connection_lost();
  void timed_out();

  bool ended() const { return state_ == State::ended; }
  /// True if the connection can take another mail. REQUIRES: ended().
  bool can_go_on() const { return can_go_on_; }
  /// True if the connection ended, or the server said that it will, before any of the text was
  /// offered. A kept connection that was closed meanwhile ends so: another may be tried.
  bool hung_up() const { return hung_up_; }
  /// REQUIRES: ended().
  const triage::PageAttempted& outcome() const { return outcome_; }

 private:
  enum class State : std::uint8_t { mail, recipient, data, text, ended };
  void reply(int code);
  void reply_to_recipient(int code);
  void reply_to_text(int code);
  void offer(std::string bytes);
  void end(triage::Outcome, triage::Reason, std::string detail);
  void end_in_nonsense();
  void refuse(int code, std::string_view what);

  const Mail& mail_;
  State state_ = State::mail;
  std::string out_;
  std::size_t out_at_ = 0;
  std::string line_;             ///< The part of a reply's line that came.
  std::size_t reply_bytes_ = 0;  ///< Of the current reply, all its lines.
  std::size_t recipient_ = 0;    ///< Index of the one that is asked about.
  std::size_t refused_ = 0;      ///< Recipients.
  std::string first_refusal_;    ///< "recipient 2 of 3 was refused: 550 …"
  int first_refusal_code_ = 0;
  bool dot_offered_ = false;
  bool hung_up_ = false;
  bool can_go_on_ = false;
  triage::PageAttempted outcome_;
};

/// The class of a negative reply for metrics: 4xx and 5xx as the server says it.
triage::Reason reason_of_reply(long code);
/// "550 mailbox unavailable": the code and our words for it.
std::string words_of_reply(long code);

}  // namespace tocsin::delivery
