#include "delivery/mail_link.h"

#include <string_view>

namespace tocsin::delivery {

MailLink::MailLink(const config::Channel& channel, const TransferOptions& options)
    : tls_first_(channel.url.starts_with("smtps://")), transfer_(channel, options) {}

bool MailLink::is_connected() const {
  curl_off_t connect_us = 0;
  curl_off_t tls_us = 0;
  curl_easy_getinfo(handle(), CURLINFO_CONNECT_TIME_T, &connect_us);
  curl_easy_getinfo(handle(), CURLINFO_APPCONNECT_TIME_T, &tls_us);
  return connect_us > 0 && (!tls_first_ || tls_us > 0);
}

curl_socket_t MailLink::socket() const {
  curl_socket_t socket = CURL_SOCKET_BAD;
  curl_easy_getinfo(handle(), CURLINFO_ACTIVESOCKET, &socket);
  return socket;
}

bool MailLink::is_stale() const {
  char byte = 0;
  std::size_t size = 0;
  return curl_easy_recv(handle(), &byte, 1, &size) != CURLE_AGAIN;
}

/// False if nothing could be sent now.
bool MailLink::send_some(SmtpDialogue& dialogue) const {
  const std::string_view bytes = dialogue.next_bytes();
  if (bytes.empty()) return false;
  std::size_t size = 0;
  const CURLcode code = curl_easy_send(handle(), bytes.data(), bytes.size(), &size);
  if (code == CURLE_AGAIN) return false;
  if (code != CURLE_OK) {
    dialogue.connection_lost();
    return false;
  }
  dialogue.sent(size);
  return true;
}

/// False if nothing came.
bool MailLink::receive_some(SmtpDialogue& dialogue) const {
  char bytes[4096];
  std::size_t size = 0;
  const CURLcode code = curl_easy_recv(handle(), bytes, sizeof bytes, &size);
  if (code == CURLE_AGAIN) return false;
  if (code != CURLE_OK || size == 0) {
    dialogue.connection_lost();
    return false;
  }
  dialogue.received(std::string_view(bytes, size));
  return true;
}

void MailLink::pump(SmtpDialogue& dialogue) const {
  // Until neither goes on: what TLS has read ahead wakes no poll(). A dialogue is bounded, so is
  // this. What the server says comes first, so that a "no" is heard before a send fails.
  while (!dialogue.ended() && (receive_some(dialogue) || send_some(dialogue))) continue;
}

void MailLink::close(CURLM* multi) const {
  std::size_t size = 0;
  constexpr std::string_view kQuit = "QUIT\r\n";
  curl_easy_send(handle(), kQuit.data(), kQuit.size(), &size);
  curl_multi_remove_handle(multi, handle());
}

}  // namespace tocsin::delivery
