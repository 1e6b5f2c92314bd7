#include "delivery/smtp_dialogue.h"

#include <algorithm>
#include <utility>

namespace tocsin::delivery {
namespace {

using triage::Outcome;
using triage::Reason;

constexpr std::size_t kChunk = 16U << 10;
/// A reply's lines have at most 512 bytes, and nobody needs 64 of them.
constexpr std::size_t kReplyMax = 32U << 10;

/// A line that begins with a dot gets a second one. Source: RFC 5321 section 4.5.2.
std::string stuffed(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 64);
  bool begins = true;
  for (const char c : text) {
    if (begins && c == '.') out += '.';
    out += c;
    begins = c == '\n';
  }
  if (!out.ends_with("\r\n")) out += "\r\n";
  return out += ".\r\n";
}

/// The code of a reply's line, or 0 if it is none. `more`: another line follows.
int code_of(std::string_view line, bool& more) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (line.size() < 3 || !std::ranges::all_of(line.substr(0, 3), is_digit)) return 0;
  if (line.size() > 3 && line[3] != ' ' && line[3] != '-') return 0;
  more = line.size() > 3 && line[3] == '-';
  return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

bool is_positive(int code) { return code >= 200 && code < 300; }
bool is_negative(int code) { return code >= 400 && code < 600; }

}  // namespace

Reason reason_of_reply(long code) {
  if (code >= 400 && code < 500) return Reason::http_4xx;
  if (code >= 500 && code < 600) return Reason::http_5xx;
  return Reason::other;
}

/// Source: RFC 5321 section 4.2.3, RFC 4954 section 6, RFC 3207 section 4.
std::string words_of_reply(long code) {
  std::string shown = std::to_string(code);
  switch (code) {
    case 421:
      return shown + " service not available";
    case 450:
      return shown + " mailbox unavailable for now";
    case 451:
      return shown + " error of the server";
    case 452:
      return shown + " too little storage, or too many recipients";
    case 454:
      return shown + " temporary failure of authentication or TLS";
    case 500:
    case 501:
    case 502:
    case 503:
    case 504:
      return shown + " command not taken";
    case 530:
      return shown + " authentication or TLS required";
    case 534:
    case 535:
      return shown + " user or password refused";
    case 550:
      return shown + " mailbox unavailable, or against its policy";
    case 551:
      return shown + " user not local";
    case 552:
      return shown + " too much storage";
    case 553:
      return shown + " address not allowed";
    case 554:
      return shown + " transaction failed";
    default:
      return shown;
  }
}

SmtpDialogue::SmtpDialogue(const Mail& mail, PageId page) : mail_(mail) {
  outcome_.page = page;
  offer("MAIL FROM:<" + mail.from + ">\r\n");
}

void SmtpDialogue::offer(std::string bytes) {
  out_ = std::move(bytes);
  out_at_ = 0;
}

std::string_view SmtpDialogue::next_bytes() {
  const std::string_view chunk = std::string_view(out_).substr(out_at_, kChunk);
  if (state_ == State::text && !chunk.empty() && out_at_ + chunk.size() == out_.size()) {
    dot_offered_ = true;
  }
  return chunk;
}

void SmtpDialogue::sent(std::size_t bytes) { out_at_ += bytes; }

void SmtpDialogue::received(std::string_view bytes) {
  for (const char c : bytes) {
    if (ended()) return;
    if (++reply_bytes_ > kReplyMax) return end_in_nonsense();
    if (c != '\n') {
      line_ += c;
      continue;
    }
    if (line_.ends_with('\r')) line_.pop_back();
    bool more = false;
    const int code = code_of(line_, more);
    line_.clear();
    if (code != 0 && more) continue;
    reply_bytes_ = 0;
    reply(code);
  }
}

void SmtpDialogue::reply(int code) {
  // A "no" may come at any time, everything else only after all of the question was sent.
  const bool is_expected = state_ == State::data ? code == 354 : is_positive(code);
  if (!is_negative(code) && (!is_expected || out_at_ != out_.size())) return end_in_nonsense();
  switch (state_) {
    case State::mail:
      if (is_negative(code)) return refuse(code, "the sender's address was refused");
      if (mail_.to.empty()) return end(Outcome::refused, Reason::other, "the channel names nobody");
      state_ = State::recipient;
      return offer("RCPT TO:<" + mail_.to[0] + ">\r\n");
    case State::recipient:
      return reply_to_recipient(code);
    case State::data:
      if (is_negative(code)) return refuse(code, "the mail was refused before its text");
      state_ = State::text;
      return offer(stuffed(mail_.text));
    case State::text:
      return reply_to_text(code);
    case State::ended:
      return;
  }
}

void SmtpDialogue::reply_to_recipient(int code) {
  if (is_negative(code)) {
    if (code == 421) return refuse(code, "the server ended the dialogue");
    if (refused_++ == 0) {
      first_refusal_code_ = code;
      first_refusal_ = "recipient " + std::to_string(recipient_ + 1) + " of " +
                       std::to_string(mail_.to.size()) + " was refused: " + words_of_reply(code);
    }
  }
  if (++recipient_ < mail_.to.size()) {
    return offer("RCPT TO:<" + mail_.to[recipient_] + ">\r\n");
  }
  if (refused_ == mail_.to.size()) {
    return end(Outcome::refused, reason_of_reply(first_refusal_code_), first_refusal_);
  }
  state_ = State::data;
  offer("DATA\r\n");
}

void SmtpDialogue::reply_to_text(int code) {
  if (is_negative(code)) return refuse(code, "the mail was refused");
  can_go_on_ = true;
  if (refused_ == 0)
    return end(Outcome::delivered, Reason::none, std::to_string(code) + " accepted");
  std::string detail = first_refusal_;
  if (refused_ > 1) detail += "; and " + std::to_string(refused_ - 1) + " more";
  end(Outcome::delivered, reason_of_reply(first_refusal_code_), std::move(detail));
}

void SmtpDialogue::end_in_nonsense() {
  end(dot_offered_ ? Outcome::unknown : Outcome::refused, Reason::other, "the answer is not SMTP");
}

void SmtpDialogue::refuse(int code, std::string_view what) {
  hung_up_ = code == 421 && state_ != State::text;
  end(Outcome::refused, reason_of_reply(code), std::string(what) + ": " + words_of_reply(code));
}

void SmtpDialogue::connection_lost() {
  if (ended()) return;
  if (dot_offered_) {
    return end(Outcome::unknown, Reason::connect, "connection lost before the answer");
  }
  hung_up_ = state_ != State::text;
  end(Outcome::refused, Reason::connect, "connection lost");
}

void SmtpDialogue::timed_out() {
  if (ended()) return;
  end(dot_offered_ ? Outcome::unknown : Outcome::refused, Reason::timeout, "no answer in time");
}

void SmtpDialogue::end(Outcome outcome, Reason reason, std::string detail) {
  state_ = State::ended;
  outcome_.outcome = outcome;
  outcome_.reason = reason;
  outcome_.detail = std::move(detail);
}

}  // namespace tocsin::delivery
