#include "http/request_reader.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <optional>
#include <string>
#include <vector>

#include "http/limits.h"

namespace tocsin::http {
namespace {

namespace beast = boost::beast;
using beast::http::field;
using Failure = boost::system::error_code;
using Text = beast::string_view;

std::string_view view(Text text) { return {text.data(), text.size()}; }
Text text_of(std::string_view text) { return {text.data(), text.size()}; }

bool equals_no_case(std::string_view a, std::string_view b) {
  return beast::iequals(text_of(a), text_of(b));
}

/// A piece of the head's text, which may still move.
struct Piece {
  std::size_t at = 0, size = 0;
};

struct Line {
  field name = field::unknown;
  Piece spelled, value;
};

/// What is read of a request. Kept apart from the parser, which is made anew for each.
struct Parts {
  std::string text;  ///< Method, target, and names and values of the lines.
  Piece method, target;
  int version = 0;
  std::vector<Line> lines;
  bool has_head = false;
  Body body;
  Breakage breakage;
  BodyTrouble trouble = BodyTrouble::none;

  void clear() {
    text.clear();
    lines.clear();
    has_head = false;
    body.clear();
    breakage = {};
    trouble = BodyTrouble::none;
  }
  Piece keep(Text given) {
    const Piece piece{text.size(), given.size()};
    text.append(given.data(), given.size());
    return piece;
  }
  std::string_view operator[](const Piece& piece) const {
    return std::string_view(text).substr(piece.at, piece.size);
  }
};

class Parser final : public beast::http::basic_parser<true> {
 public:
  explicit Parser(Parts& request) : request_(request) {
    header_limit(kHeadMax);
    eager(false);
    body_limit(boost::none);  // Body has one of its own.
  }

 private:
  void on_request_impl(beast::http::verb, Text method, Text target, int version,
                       Failure&) override {
    request_.method = request_.keep(method);
    request_.target = request_.keep(target);
    request_.version = version;
  }
  void on_response_impl(int, Text, int, Failure&) override {}
  void on_field_impl(field name, Text spelled, Text value, Failure& failed) override {
    // A trailer comes too late to say anything about the request (RFC 9110 section 6.5.1).
    if (request_.has_head) return;
    if (request_.lines.size() == kHeadFieldsMax) {
      return break_off({431, "the head of the request has more than 100 lines", "head_too_large"},
                       failed);
    }
    request_.lines.push_back({name, request_.keep(spelled), request_.keep(value)});
  }
  void on_header_impl(Failure& failed) override {
    request_.has_head = true;
    check_transfer_coding(failed);
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Failure&) override {}
  std::size_t on_body_impl(Text bytes, Failure& failed) override {
    return take_body(bytes, failed);
  }
  void on_chunk_header_impl(std::uint64_t, Text, Failure&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text bytes, Failure& failed) override {
    return take_body(bytes, failed);
  }
  void on_finish_impl(Failure& failed) override { note(request_.body.finish(), failed); }

  std::size_t take_body(Text bytes, Failure& failed) {
    note(request_.body.take(view(bytes)), failed);
    return bytes.size();
  }
  void note(BodyTrouble trouble, Failure& failed) {
    request_.trouble = trouble;
    if (trouble != BodyTrouble::none) failed = beast::http::error::body_limit;
  }
  void break_off(const Breakage& why, Failure& failed) {
    request_.breakage = why;
    failed = beast::http::error::bad_field;
  }

  /// Whoever reads the length of a body differently than we do would take a part of it for the next
  /// request (RFC 9112 section 6.1).
  void check_transfer_coding(Failure& failed) {
    int codings = 0;
    bool only_chunked = true;
    for (const Line& line : request_.lines) {
      if (line.name != field::transfer_encoding) continue;
      ++codings;
      only_chunked = only_chunked && equals_no_case(request_[line.value], "chunked");
    }
    if (codings == 0) return;
    if (request_.version < 11 || content_length()) {
      return break_off(
          {400, "the length of the body is not said, or said in two ways", "body_length"}, failed);
    }
    if (codings == 1 && only_chunked) return;
    break_off({501, "of the transfer codings only chunked is known", "coding"}, failed);
  }

  Parts& request_;
};

bool starts_with_no_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equals_no_case(text.substr(0, prefix.size()), prefix);
}

void read_line(field name, std::string_view spelled, std::string_view value, Head& head) {
  switch (name) {
    case field::host:
      head.host = value;
      ++head.hosts;
      return;
    case field::origin:
      head.origin = value;
      return;
    case field::content_type:
      head.content_type = value;
      return;
    case field::content_encoding:
      head.content_encoding = value;
      ++head.content_encodings;
      return;
    case field::if_match:
      head.if_match = value;
      return;
    case field::authorization:
      head.authorization = value;
      return;
    case field::expect:
      head.expect = value;
      return;
    case field::forwarded:
    case field::via:
      head.forwarded_by = spelled;
      return;
    default:
      break;
  }
  if (starts_with_no_case(spelled, "x-forwarded-") || equals_no_case(spelled, "X-Real-IP")) {
    head.forwarded_by = spelled;
  } else if (equals_no_case(spelled, "Sec-Fetch-Site")) {
    head.sec_fetch_site = value;
  } else if (equals_no_case(spelled, "Idempotency-Key")) {
    head.idempotency_key = value;
  }
}

/// Whether the first line ends as that of another HTTP does: "GET / HTTP/2.0".
bool is_of_another_version(std::string_view bytes) {
  constexpr std::string_view kPattern = " HTTP/0.0";
  const std::string_view line = bytes.substr(0, bytes.find("\r\n"));
  if (line.size() < kPattern.size() || line.size() == bytes.size()) return false;
  const std::string_view end = line.substr(line.size() - kPattern.size());
  const auto fits = [](char c, char p) { return p == '0' ? c >= '0' && c <= '9' : c == p; };
  return std::ranges::equal(end, kPattern, fits) && !end.starts_with(" HTTP/1");
}

Breakage breakage_of(Failure failed) {
  using beast::http::error;
  if (failed == error::header_limit) {
    return {431, "the head of the request is larger than 16 KiB", "head_too_large"};
  }
  if (failed == error::bad_content_length || failed == error::multiple_content_length ||
      failed == error::bad_transfer_encoding) {
    return {400, "the length of the body is not said, or said in two ways", "body_length"};
  }
  if (failed == error::bad_chunk || failed == error::bad_chunk_extension) {
    return {400, "the chunks of the body are broken", "body_length"};
  }
  return {};
}

}  // namespace

struct RequestReader::Impl {
  Parts request;
  std::optional<Parser> parser;
};

RequestReader::RequestReader() : impl_(std::make_unique<Impl>()) { begin(); }
RequestReader::~RequestReader() = default;

void RequestReader::begin() {
  impl_->request.clear();
  impl_->parser.emplace(impl_->request);
}

RequestReader::Got RequestReader::take(std::string_view& bytes) {
  Parts& request = impl_->request;
  const bool had_head = request.has_head;
  // Empty lines between requests are the habit of some old senders (RFC 9112 section 2.2).
  while (!impl_->parser->got_some() && bytes.starts_with("\r\n")) bytes.remove_prefix(2);
  if (!impl_->parser->got_some() && (bytes.empty() || bytes == "\r")) return Got::too_little;
  Failure failed;
  std::size_t offered = request.body.is_coded() ? kCodedPiece : bytes.size();
  do {
    offered = std::min(offered, bytes.size());
    bytes.remove_prefix(impl_->parser->put({bytes.data(), offered}, failed));
    offered *= 2;  // The line of a chunk may be longer.
  } while (failed == beast::http::error::need_more && offered / 2 < bytes.size());
  if (failed == beast::http::error::need_more) {
    // The parser bounds a head, but neither the line of a chunk nor its trailers.
    if (bytes.size() <= kHeadMax) return Got::too_little;
    request.breakage = breakage_of(beast::http::error::header_limit);
    return Got::broken;
  }
  if (request.trouble != BodyTrouble::none) return Got::trouble;
  if (failed) {
    const bool other = failed == beast::http::error::bad_version && is_of_another_version(bytes);
    if (other) request.breakage = {505, "of HTTP the versions 1.1 and 1.0 are known", "version"};
    if (request.breakage.reason == Breakage().reason) request.breakage = breakage_of(failed);
    return Got::broken;
  }
  if (!had_head) return request.has_head ? Got::head : Got::too_little;
  return is_whole() ? Got::whole : Got::some;
}

bool RequestReader::is_whole() const { return impl_->parser->is_done(); }

Head RequestReader::head() const {
  const Parts& request = impl_->request;
  Head head;
  head.method = request[request.method];
  head.target = request[request.target];
  head.is_http_1_0 = request.version < 11;
  head.is_chunked = impl_->parser->chunked();
  if (const auto length = impl_->parser->content_length()) head.content_length = *length;
  for (const Line& line : request.lines) {
    read_line(line.name, request[line.spelled], request[line.value], head);
  }
  head.header = [this](std::string_view name) { return header(name); };
  return head;
}

std::string_view RequestReader::header(std::string_view name) const {
  const Parts& request = impl_->request;
  for (const Line& line : request.lines) {
    if (equals_no_case(request[line.spelled], name)) return request[line.value];
  }
  return {};
}

bool RequestReader::keeps_connection() const { return impl_->parser->keep_alive(); }

void RequestReader::expect_body(const BodyTerms& terms) {
  impl_->request.body.begin(terms, impl_->parser->content_length().value_or(0));
}

const Body& RequestReader::body() const { return impl_->request.body; }
Breakage RequestReader::breakage() const { return impl_->request.breakage; }
BodyTrouble RequestReader::trouble() const { return impl_->request.trouble; }

}  // namespace tocsin::http
