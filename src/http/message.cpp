#include "http/message.h"

#include "tocsin/base/text.h"
#include "tocsin/view/view.h"

namespace tocsin::http {

namespace {

/// What every answer tells a browser: keep nothing, guess no type, load nothing, show it in no
/// frame, and tell nobody the address. No Strict-Transport-Security: it would bind every port of
/// the host's name (RFC 6797 section 8.3), and so the other things that run there.
constexpr std::string_view kSameForAll =
    "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
    "Referrer-Policy: no-referrer\r\n";

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

Response error_response(Dialect dialect, int status, std::string_view detail) {
  Response response;
  response.status = status;
  switch (dialect) {
    case Dialect::native:
      response.content_type = "application/problem+json";
      response.body = view::problem_json(status, reason_phrase(status), detail);
      break;
    case Dialect::alertmanager:
      response.content_type = kJson;
      response.body = "{\"code\":" + std::to_string(status) + ",\"message\":";
      append_json_string(detail, response.body);
      response.body += '}';
      break;
    case Dialect::pagerduty:
      response.content_type = kJson;
      response.body =
          "{\"status\":\"invalid event\",\"message\":\"Event object is invalid\",\"errors\":[";
      append_json_string(detail, response.body);
      response.body += "]}";
      break;
  }
  return response;
}

Response overloaded(Dialect dialect, std::string_view detail) {
  const bool has_429 = dialect == Dialect::pagerduty;
  Response response = error_response(dialect, has_429 ? 429 : 503, detail);
  response.headers = "Retry-After: 5\r\n";
  return response;
}

Response json_response(std::string body) {
  Response response;
  response.content_type = kJson;
  response.body = std::move(body);
  return response;
}

Response text_response(int status, std::string body) {
  Response response;
  response.status = status;
  response.content_type = kPlainText;
  response.body = std::move(body);
  return response;
}

void append_head(const Response& response, bool keep_alive, bool is_http_1_0, std::string_view date,
                 std::string& out) {
  out += "HTTP/1.1 ";
  out += std::to_string(response.status);
  out += ' ';
  out += reason_phrase(response.status);
  out += "\r\nDate: ";
  out += date;
  if (!response.content_type.empty()) {
    out += "\r\nContent-Type: ";
    out += response.content_type;
  }
  out += "\r\nContent-Length: ";
  out += std::to_string(response.body.size());
  out += kSameForAll;
  if (!keep_alive) {
    out += "Connection: close\r\n";
  } else if (is_http_1_0) {
    out += "Connection: keep-alive\r\n";
  }
  out += response.headers;
  out += "\r\n";
}

}  // namespace tocsin::http
