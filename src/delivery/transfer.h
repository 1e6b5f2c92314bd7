#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "delivery/judge.h"
#include "delivery/request.h"

namespace tocsin::delivery {

/// Where a URL leads.
struct HostAndPort {
  std::string host;
  std::string port;
  friend bool operator==(const HostAndPort&, const HostAndPort&) = default;
};
/// Empty host if the URL cannot be read.
HostAndPort host_and_port(const std::string& url);

struct TransferOptions {
  Duration connect_timeout{};
  Duration total_timeout{};
  std::string user_agent;
  /// CURLOPT_RESOLVE entry: use this address instead of looking the name up. "" = look it up.
  std::string resolve;
};

/// One POST on one libcurl handle, or one connection to a mail server. The request must outlive it,
/// and its address must stay put: libcurl's callbacks hold it.
class Transfer {
 public:
  Transfer(const Request&, const TransferOptions&);
  /// Ends when the connection is made, encrypted and authenticated; nothing of a mail is sent.
  Transfer(const config::Channel& mail_channel, const TransferOptions&);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() const { return handle_; }
  /// REQUIRES: the transfer has ended with `code`.
  Evidence evidence(CURLcode code) const;
  /// The address that was connected to; "" if there was no connection.
  std::string address() const;

 private:
  void set_request(const Request&);
  void set_mail_server(const config::Channel&);
  void set_terms(const TransferOptions&);
  void set_callbacks();
  static int before_request(void* self, char*, char*, int, int);
  static std::size_t on_header(char* line, std::size_t, std::size_t size, void* self);
  static std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* self);

  CURL* handle_ = nullptr;
  curl_slist* headers_ = nullptr;
  curl_slist* resolve_ = nullptr;
  bool request_began_ = false;
  bool header_whole_ = false;
  std::size_t body_bytes_ = 0;
};

}  // namespace tocsin::delivery
