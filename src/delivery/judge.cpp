#include "delivery/judge.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string_view>

#include "delivery/smtp_dialogue.h"

namespace tocsin::delivery {
namespace {

using triage::Outcome;
using triage::PageAttempted;
using triage::Reason;

/// Our own words: the phrase a destination sends may be anything. Source: RFC 9110 section 15.
std::string_view phrase_of(long status) {
  switch (status) {
    case 200:
      return " OK";
    case 201:
      return " Created";
    case 202:
      return " Accepted";
    case 204:
      return " No Content";
    case 301:
      return " Moved Permanently";
    case 302:
      return " Found";
    case 303:
      return " See Other";
    case 307:
      return " Temporary Redirect";
    case 308:
      return " Permanent Redirect";
    case 400:
      return " Bad Request";
    case 401:
      return " Unauthorized";
    case 403:
      return " Forbidden";
    case 404:
      return " Not Found";
    case 405:
      return " Method Not Allowed";
    case 408:
      return " Request Timeout";
    case 410:
      return " Gone";
    case 413:
      return " Content Too Large";
    case 415:
      return " Unsupported Media Type";
    case 422:
      return " Unprocessable Content";
    case 429:
      return " Too Many Requests";
    case 500:
      return " Internal Server Error";
    case 501:
      return " Not Implemented";
    case 502:
      return " Bad Gateway";
    case 503:
      return " Service Unavailable";
    case 504:
      return " Gateway Timeout";
    default:
      return "";
  }
}

PageAttempted judge_answer(PageId page, const Evidence& evidence) {
  PageAttempted out{page, Outcome::refused, Reason::other, std::to_string(evidence.status), {}};
  out.detail += phrase_of(evidence.status);
  const long status = evidence.status;
  if (status >= 200 && status < 300) {
    out.outcome = Outcome::delivered;
    out.reason = Reason::none;
  } else if (status >= 300 && status < 400) {
    out.detail += "; redirects are not followed";
  } else if (status == 429) {
    out.reason = Reason::http_429;
  } else if (status >= 400 && status < 500) {
    out.reason = Reason::http_4xx;
  } else if (status >= 500 && status < 600) {
    out.reason = Reason::http_5xx;
  }
  if ((status == 429 || status == 503) && evidence.retry_after_seconds > 0) {
    const auto longest = std::chrono::duration_cast<std::chrono::seconds>(kRetryAfterMax).count();
    out.retry_after = std::chrono::seconds(std::min(evidence.retry_after_seconds, longest));
  }
  return out;
}

/// The request, or a part of it, may have arrived.
PageAttempted judge_silence(PageId page, const Evidence& evidence) {
  switch (evidence.code) {
    case CURLE_OPERATION_TIMEDOUT:
      return {page, Outcome::unknown, Reason::timeout, "no answer in time", {}};
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return {page, Outcome::unknown, Reason::other, "the answer is not HTTP", {}};
    default:
      return {page, Outcome::unknown, Reason::connect, "connection lost before the answer", {}};
  }
}

std::string_view words_of_errno(long os_errno) {
  switch (os_errno) {
    case ECONNREFUSED:
      return "connection refused";
    case ECONNRESET:
      return "connection reset";
    case EHOSTUNREACH:
      return "no route to the host";
    case ENETUNREACH:
      return "network unreachable";
    case ETIMEDOUT:
      return "connection timed out";
    case EADDRNOTAVAIL:
      return "no local port is free";
    case EMFILE:
    case ENFILE:
      return "too many open files";
    default:
      return "connection failed";
  }
}

PageAttempted refused(PageId page, Reason reason, std::string_view detail) {
  return {page, Outcome::refused, reason, std::string(detail), {}};
}

/// Certainly nothing was sent.
PageAttempted judge_unsent(PageId page, const Evidence& evidence) {
  switch (evidence.code) {
    case CURLE_OPERATION_TIMEDOUT:
      if (!evidence.looked_up) return refused(page, Reason::dns, "name lookup timed out");
      if (!evidence.connected) return refused(page, Reason::connect, "connection timed out");
      return refused(page, Reason::tls, "TLS handshake timed out");
    case CURLE_COULDNT_RESOLVE_HOST:
      return refused(page, Reason::dns, "the name of the host is not known");
    case CURLE_COULDNT_RESOLVE_PROXY:
      return refused(page, Reason::dns, "the name of the proxy is not known");
    case CURLE_COULDNT_CONNECT:
      return refused(page, Reason::connect, words_of_errno(evidence.os_errno));
    case CURLE_PEER_FAILED_VERIFICATION:
      return refused(page, Reason::tls, "the certificate is not trusted");
    case CURLE_SSL_CONNECT_ERROR:
      return refused(page, Reason::tls, "TLS handshake failed");
    case CURLE_SSL_CACERT_BADFILE:
      return refused(page, Reason::tls, "the trusted certificates cannot be read");
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return refused(page, Reason::other, "the channel's URL is not one of http or https");
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return refused(page, Reason::connect, "connection lost");
    default:
      // Fixed texts of the library, without any part of the URL.
      return refused(page, Reason::other, curl_easy_strerror(evidence.code));
  }
}

/// The server's reply to greeting, EHLO, STARTTLS or AUTH, if it was a "no".
PageAttempted refused_by_server(PageId page, const Evidence& evidence, std::string_view what) {
  if (evidence.status < 400) return refused(page, Reason::other, what);
  return refused(page, reason_of_reply(evidence.status),
                 std::string(what) + ": " + words_of_reply(evidence.status));
}

}  // namespace

triage::PageAttempted judge_mail_connection(PageId page, const Evidence& evidence, bool tls_first) {
  switch (evidence.code) {
    case CURLE_OPERATION_TIMEDOUT: {
      const bool is_open = evidence.connected && (!tls_first || evidence.encrypted);
      // libcurl tells that TCP is up only once TLS is, too.
      if (!is_open && evidence.looked_up && tls_first) {
        return refused(page, Reason::connect, "no connection with TLS in time");
      }
      if (!is_open) return judge_unsent(page, evidence);
      return refused(page, Reason::timeout, "the mail server did not answer in time");
    }
    case CURLE_LOGIN_DENIED:
      return refused_by_server(page, evidence, "authentication failed");
    case CURLE_USE_SSL_FAILED:
      return refused(page, Reason::tls, "the mail server offers no STARTTLS");
    case CURLE_REMOTE_ACCESS_DENIED:
      return refused_by_server(page, evidence, "the mail server refused us");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      if (evidence.status < 400) return refused(page, Reason::other, "the answer is not SMTP");
      return refused_by_server(page, evidence, "the mail server refused us");
    default:
      return judge_unsent(page, evidence);
  }
}

triage::PageAttempted judge(PageId page, const Evidence& evidence) {
  if (evidence.answered) return judge_answer(page, evidence);
  if (evidence.request_began) return judge_silence(page, evidence);
  return judge_unsent(page, evidence);
}

}  // namespace tocsin::delivery
