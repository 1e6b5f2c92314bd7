#pragma once

#include <curl/curl.h>

#include "delivery/smtp_dialogue.h"
#include "delivery/transfer.h"

namespace tocsin::delivery {

/// One connection to a mail server. libcurl makes it (name, TCP, TLS or STARTTLS, greeting,
/// authentication) as a transfer of its own and then leaves it to us: its own way to hand a mail in
/// (7.88: smtp_done(), smtp_disconnect()) waits inside curl_multi_perform() for the reply to the
/// text and to QUIT, so a silent server would hold every channel up.
class MailLink {
 public:
  MailLink(const config::Channel&, const TransferOptions&);

  const Transfer& transfer() const { return transfer_; }
  bool is_tls_first() const { return tls_first_; }
  CURL* handle() const { return transfer_.handle(); }
  /// True once name, TCP and, for smtps://, TLS are done.
  bool is_connected() const;
  /// REQUIRES: the transfer has ended well.
  curl_socket_t socket() const;
  /// True if an idle connection has anything to say: it was closed, or is about to be.
  bool is_stale() const;
  /// Sends and receives what can be without waiting.
  void pump(SmtpDialogue&) const;
  /// Says QUIT, waits for nothing, and takes the handle out of `multi`.
  void close(CURLM* multi) const;

 private:
  bool send_some(SmtpDialogue&) const;
  bool receive_some(SmtpDialogue&) const;

  bool tls_first_;
  Transfer transfer_;
};

}  // namespace tocsin::delivery
