#include "delivery/transfer.h"

#include <memory>
#include <utility>

#include "tocsin/base/check.h"

namespace tocsin::delivery {
namespace {

/// Of an answer's body; it is thrown away, so more would only cost.
constexpr std::size_t kBodyMax = 64U << 10;

/// curl_easy_setopt fails only for want of memory or for an option the library was built without.
template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK);
}

void append(curl_slist*& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list, line.c_str());
  CHECK(longer != nullptr);
  list = longer;
}

std::string url_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return "";
  std::string out(text);
  curl_free(text);
  return out;
}

}  // namespace

HostAndPort host_and_port(const std::string& url) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), curl_url_cleanup);
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return {};
  return {url_part(parsed.get(), CURLUPART_HOST), url_part(parsed.get(), CURLUPART_PORT)};
}

Transfer::Transfer(const Request& request, const TransferOptions& options)
    : handle_(curl_easy_init()) {
  CHECK(handle_ != nullptr);
  set_request(request);
  set_terms(options);
}

Transfer::Transfer(const config::Channel& mail_channel, const TransferOptions& options)
    : handle_(curl_easy_init()) {
  CHECK(handle_ != nullptr);
  set_mail_server(mail_channel);
  set_terms(options);
}

void Transfer::set_terms(const TransferOptions& options) {
  set_callbacks();
  set(handle_, CURLOPT_USERAGENT, options.user_agent.c_str());
  set(handle_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  set(handle_, CURLOPT_TIMEOUT_MS, static_cast<long>(options.total_timeout.count()));
  set(handle_, CURLOPT_NOSIGNAL, 1L);
  // A name lookup that hangs is left to its thread instead of being waited for.
  set(handle_, CURLOPT_QUICK_EXIT, 1L);
  set(handle_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  // Every new connection looks its name up, so that a move of the destination is followed at once.
  set(handle_, CURLOPT_DNS_CACHE_TIMEOUT, options.resolve.empty() ? 0L : 60L);
  if (!options.resolve.empty()) {
    append(resolve_, options.resolve);
    set(handle_, CURLOPT_RESOLVE, resolve_);
  }
}

Transfer::~Transfer() {
  curl_easy_cleanup(handle_);
  curl_slist_free_all(headers_);
  curl_slist_free_all(resolve_);
}

void Transfer::set_request(const Request& request) {
  for (const std::string& header : request.headers) append(headers_, header);
  // No "100 Continue" dialogue for long bodies: some receivers never answer it.
  append(headers_, "Expect:");
  set(handle_, CURLOPT_URL, request.url.c_str());
  set(handle_, CURLOPT_POST, 1L);
  set(handle_, CURLOPT_POSTFIELDS, request.body.data());
  set(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  set(handle_, CURLOPT_HTTPHEADER, headers_);
  set(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle_, CURLOPT_FOLLOWLOCATION, 0L);
  // HTTP/2 would put attempts of several channels on one connection, where one delays another.
  set(handle_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
}

void Transfer::set_mail_server(const config::Channel& channel) {
  const config::MailSettings& mail = channel.mail;
  set(handle_, CURLOPT_URL, channel.url.c_str());
  set(handle_, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(handle_, CURLOPT_CONNECT_ONLY, 1L);
  set(handle_, CURLOPT_USE_SSL,
      static_cast<long>(mail.require_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
  // A proxy for the web does not speak SMTP; it may let it through.
  set(handle_, CURLOPT_HTTPPROXYTUNNEL, 1L);
  if (!mail.user.empty()) {
    set(handle_, CURLOPT_USERNAME, mail.user.c_str());
    set(handle_, CURLOPT_PASSWORD, mail.password.c_str());
  }
  if (mail.trusted.empty()) return;
  std::string pem = mail.trusted;
  curl_blob blob{pem.data(), pem.size(), CURL_BLOB_COPY};
  set(handle_, CURLOPT_CAINFO_BLOB, &blob);
  set(handle_, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
}

void Transfer::set_callbacks() {
  set(handle_, CURLOPT_PREREQFUNCTION, &Transfer::before_request);
  set(handle_, CURLOPT_PREREQDATA, static_cast<void*>(this));
  set(handle_, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(handle_, CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(handle_, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(handle_, CURLOPT_WRITEDATA, static_cast<void*>(this));
}

/// libcurl repeats a request by itself if a kept connection broke without an answer. That would be
/// a duplicate nobody is told about, so the second time ends the transfer: its outcome is unknown
/// and the core repeats it, marked as a possible duplicate.
int Transfer::before_request(void* self, char*, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (std::exchange(transfer.request_began_, true)) return CURL_PREREQFUNC_ABORT;
  return CURL_PREREQFUNC_OK;
}

std::size_t Transfer::on_header(char* line, std::size_t, std::size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view text(line, size);
  if (text.starts_with("HTTP/")) {
    transfer.header_whole_ = false;  // An interim answer (1xx) came before.
  } else if (text == "\r\n" || text == "\n") {
    transfer.header_whole_ = true;
  }
  return size;
}

std::size_t Transfer::on_body(char*, std::size_t, std::size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.body_bytes_ += size;
  return transfer.body_bytes_ > kBodyMax ? 0 : size;
}

Evidence Transfer::evidence(CURLcode code) const {
  curl_off_t lookup_us = 0;
  curl_off_t connect_us = 0;
  curl_off_t tls_us = 0;
  curl_off_t retry_after = 0;
  Evidence out;
  out.code = code;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &out.status);
  curl_easy_getinfo(handle_, CURLINFO_OS_ERRNO, &out.os_errno);
  curl_easy_getinfo(handle_, CURLINFO_NAMELOOKUP_TIME_T, &lookup_us);
  curl_easy_getinfo(handle_, CURLINFO_CONNECT_TIME_T, &connect_us);
  curl_easy_getinfo(handle_, CURLINFO_APPCONNECT_TIME_T, &tls_us);
  curl_easy_getinfo(handle_, CURLINFO_RETRY_AFTER, &retry_after);
  out.answered = header_whole_ && out.status >= 200;
  out.request_began = request_began_;
  out.looked_up = lookup_us > 0;
  out.connected = connect_us > 0;
  out.encrypted = tls_us > 0;
  out.retry_after_seconds = retry_after;
  return out;
}

std::string Transfer::address() const {
  const char* address = nullptr;
  curl_easy_getinfo(handle_, CURLINFO_PRIMARY_IP, &address);
  return address == nullptr ? "" : address;
}

}  // namespace tocsin::delivery
