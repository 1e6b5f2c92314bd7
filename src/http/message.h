#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::http {

/// Who sits at the other end of a connection.
struct Peer {
  std::string address;  ///< "127.0.0.1"
  bool is_loopback = false;
  std::string certificate{};  ///< The subject of the one it showed and that verified; "" = none.
};

/// The head of a request as far as anything here reads it. Views into the connection's memory,
/// valid until the response is written.
struct Head {
  std::string_view method, target;
  std::string_view host, origin, content_type, if_match, sec_fetch_site, authorization,
      idempotency_key;
  std::string_view content_encoding, expect;
  std::string_view forwarded_by;  ///< Name of the header that tells of a proxy, "" if none does.
  int hosts = 0;                  ///< How many Host headers there are.
  int content_encodings = 0;
  bool is_http_1_0 = false;
  bool is_chunked = false;
  std::optional<std::uint64_t> content_length;
  /// A further header by its name; "" if it is missing. Empty where there are none.
  std::function<std::string_view(std::string_view name)> header{};
};

/// What goes back. Everything but the body's own length is said here.
struct Response {
  int status = 200;
  std::string_view content_type;  ///< A literal; "" for none.
  std::string headers;            ///< Further lines, each with its CR LF.
  std::string body;
  bool close = false;
};

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

/// Which family of answers a path belongs to.
enum class Dialect : std::uint8_t {
  native,        ///< application/problem+json (RFC 9457)
  alertmanager,  ///< {"code","message"}, as its schema layer writes it
  pagerduty,     ///< {"status","message","errors"} of its Events API; overload is 429
};

std::string_view reason_phrase(int status);
/// An error for people: `detail` says what is wrong and what would be right.
Response error_response(Dialect, int status, std::string_view detail);
/// 503 with Retry-After; 429 for the senders that take 5xx or 4xx differently: see Dialect.
Response overloaded(Dialect, std::string_view detail);
Response json_response(std::string body);
Response text_response(int status, std::string body);

/// Status line, headers and the empty line, appended to `out`.
void append_head(const Response&, bool keep_alive, bool is_http_1_0, std::string_view date,
                 std::string& out);

}  // namespace tocsin::http
