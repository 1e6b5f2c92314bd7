#include "http/session.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "http/exchange.h"
#include "http/net_thread.h"
#include "http/tls.h"

namespace tocsin::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Failure = boost::system::error_code;
using Parser = beast::http::request_parser<beast::http::string_body>;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

bool starts_with_no_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         beast::iequals({text.data(), prefix.size()}, {prefix.data(), prefix.size()});
}

void read_field(const beast::http::fields::value_type& line, Head& head) {
  using beast::http::field;
  const std::string_view value = view(line.value());
  switch (line.name()) {
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
    case field::if_match:
      head.if_match = value;
      return;
    case field::authorization:
      head.authorization = value;
      return;
    case field::forwarded:
    case field::via:
      head.forwarded_by = view(line.name_string());
      return;
    default:
      break;
  }
  const std::string_view name = view(line.name_string());
  if (starts_with_no_case(name, "x-forwarded-") ||
      beast::iequals(line.name_string(), "X-Real-IP")) {
    head.forwarded_by = name;
  } else if (beast::iequals(line.name_string(), "Sec-Fetch-Site")) {
    head.sec_fetch_site = value;
  } else if (beast::iequals(line.name_string(), "Idempotency-Key")) {
    head.idempotency_key = value;
  }
}

/// What bytes that are no request are told.
struct Breakage {
  int status = 400;
  std::string_view detail = "this is not an HTTP/1.1 request";
  std::string_view reason = "not_http";
};
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

using Plain = NetThread::Socket;
using Secure = asio::ssl::stream<NetThread::Socket>;

Plain& socket_of(Plain& stream) { return stream; }
Plain& socket_of(Secure& stream) { return stream.next_layer(); }

/// "CN=prometheus.example.net", or "" if the peer showed no certificate.
std::string subject_of_peer(Secure& stream) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      SSL_get1_peer_certificate(stream.native_handle()), &X509_free);
  if (certificate == nullptr || SSL_get_verify_result(stream.native_handle()) != X509_V_OK) {
    return {};
  }
  char text[256] = {};
  X509_NAME_oneline(X509_get_subject_name(certificate.get()), text, sizeof text);
  return text;
}

/// A connection over a stream of bytes: the socket itself, or TLS on it.
template <class Stream>
class Connection final : public Session, public Conversation {
 public:
  Connection(NetThread& net, Stream stream, Peer peer, std::shared_ptr<Tls> tls)
      : net_(net),
        tls_(std::move(tls)),
        stream_(std::move(stream)),
        peer_(std::move(peer)),
        exchange_(net, peer_, *this) {
    buffer_.reserve(kReadBuffer);
  }

  void start() override {
    Failure ignored;
    socket_of(stream_).set_option(asio::ip::tcp::no_delay(true), ignored);
    expect_first(true);
    if constexpr (kIsSecure) return shake_hands();
    next_request();
  }

  void tick(Clock::time_point now) override {
    if (deadline_ > now) return;
    if (phase_ == Phase::head || phase_ == Phase::body) {
      exchange_.broken(408, "the request did not come in time", "timeout");
      exchange_.answered(408);
    }
    close();
  }

  void drain() override {
    draining_ = true;
    if (phase_ == Phase::idle && !expects_first_) close();
  }

  void respond(Response response) override {
    if (closed_) return end();
    exchange_.answered(response.status);
    keep_ = keep_ && !response.close && !draining_;
    out_.clear();
    append_head(response, keep_, is_http_1_0_, net_.date(), out_);
    out_body_ = is_head_ ? std::string() : std::move(response.body);
    write_out();
  }

 private:
  static constexpr bool kIsSecure = std::is_same_v<Stream, Secure>;
  enum class Phase : std::uint8_t {
    greeting,  ///< Of TLS.
    idle,      ///< Between requests.
    head,
    body,
    working,  ///< The exchange has it.
    writing,
    discarding,
    lingering,
  };

  /// What was accepted is as good as a request under way: draining waits for it, too.
  void expect_first(bool yes) {
    if (std::exchange(expects_first_, yes) == yes) return;
    std::atomic<std::size_t>& open = net_.site().open_requests;
    open.fetch_add(yes ? 1U : std::size_t{0} - 1, std::memory_order_relaxed);
  }

  void enter(Phase phase, std::chrono::seconds limit) {
    phase_ = phase;
    deadline_ = Clock::now() + limit;
  }

  void shake_hands() requires kIsSecure {
    enter(Phase::greeting, kHeadTimeout);
    stream_.async_handshake(Secure::server, [this](Failure failed) {
      if (failed) refuse_greeting(failed);
      if (failed || closed_) return end();
      peer_.certificate = subject_of_peer(stream_);
      next_request();
    });
  }

  void refuse_greeting(Failure failed) {
    Site& site = net_.site();
    site.count_access("tls");
    site.warn("http.tls " + peer_.address, "http.tls_refused",
              {{"peer", peer_.address}, {"problem", failed.message()}});
  }

  void next_request() {
    if (draining_ && !expects_first_) return end();
    parser_.emplace(std::piecewise_construct, std::make_tuple(std::move(body_)));
    parser_->header_limit(kHeadMax);
    parser_->eager(false);
    parser_->body_limit(boost::none);  // Set when the route is known.
    discard_left_ = 0;
    keep_ = true;
    is_head_ = false;
    is_http_1_0_ = false;
    enter(Phase::idle, kIdleTimeout);
    advance();
  }

  void read_some() {
    // All but the unfinished line of a head or a chunk has been taken out, so there is room.
    const std::size_t room = buffer_.capacity() - buffer_.size();
    stream_.async_read_some(buffer_.prepare(room), [this](Failure failed, std::size_t size) {
      if (failed || closed_) return end();
      buffer_.commit(size);
      if (phase_ == Phase::discarding || phase_ == Phase::lingering) return discard();
      advance();
    });
  }

  /// Gives the parser what is there until the request is whole or more is needed.
  void advance() {
    for (;;) {
      if (buffer_.size() == 0 && !parser_->is_done()) return read_some();
      if (phase_ == Phase::idle) enter(Phase::head, kHeadTimeout);
      if (!parser_->is_done()) {
        Failure failed;
        const std::size_t used = parser_->put(buffer_.data(), failed);
        buffer_.consume(used);
        if (failed == beast::http::error::need_more) return read_some();
        if (failed) return refuse_bytes(failed);
      }
      if (phase_ == Phase::head && parser_->is_header_done() && !take_head()) return;
      if (phase_ == Phase::body && !take_body()) return;
      if (parser_->is_done()) return work();
    }
  }

  /// False if the response is on its way already, or the body is waited for.
  bool take_head() {
    const auto& message = parser_->get();
    Head head;
    head.method = view(message.method_string());
    head.target = view(message.target());
    head.is_http_1_0 = message.version() < 11;
    head.is_chunked = parser_->chunked();
    if (const auto length = parser_->content_length()) head.content_length = *length;
    for (const auto& field : message) read_field(field, head);
    head.header = [&message](std::string_view name) {
      return view(message[beast::string_view(name.data(), name.size())]);
    };
    is_head_ = head.method == "HEAD";
    is_http_1_0_ = head.is_http_1_0;
    keep_ = parser_->keep_alive();

    auto early = exchange_.begin(head);
    expect_first(false);  // From here on the exchange counts.
    const bool unknown_coding =
        !head.is_chunked && message.find(beast::http::field::transfer_encoding) != message.end();
    if (!early && unknown_coding) {
      early = exchange_.broken(501, "of the transfer codings only chunked is known", "coding");
    }
    const bool expects = beast::iequals(message[beast::http::field::expect], "100-continue");
    if (early) {
      plan_discard(head, expects);
      respond(*std::move(early));
      return false;
    }
    parser_->body_limit(exchange_.body_max());
    enter(Phase::body, kBodyTimeout);
    if (!expects || head.is_http_1_0 || parser_->is_done() || buffer_.size() > 0) return true;
    say_continue();
    return false;
  }

  /// The body that will not be read must not be taken for the next request.
  void plan_discard(const Head& head, bool expects) {
    const std::uint64_t length = head.content_length.value_or(0);
    if (head.is_chunked || length > kDrainMax) keep_ = false;
    // Nobody can say whether a body follows that was only announced (RFC 9110 section 10.1.1).
    if (expects && length > 0) keep_ = false;
    discard_left_ = length;
  }

  void say_continue() {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(kContinue), [this](Failure failed, std::size_t) {
      if (failed || closed_) return end();
      advance();
    });
  }

  bool take_body() {
    auto full = exchange_.body_grew(parser_->get().body().size());
    if (!full) return true;
    keep_ = false;
    respond(*std::move(full));
    return false;
  }

  void refuse_bytes(Failure failed) {
    keep_ = false;
    if (failed == beast::http::error::body_limit) return respond(exchange_.too_large());
    const Breakage breakage = breakage_of(failed);
    respond(exchange_.broken(breakage.status, breakage.detail, breakage.reason));
  }

  void work() {
    phase_ = Phase::working;
    deadline_ = Clock::time_point::max();
    exchange_.run(parser_->get().body());
  }

  void write_out() {
    enter(Phase::writing, kWriteTimeout);
    const std::array<asio::const_buffer, 2> parts = {asio::buffer(out_), asio::buffer(out_body_)};
    asio::async_write(stream_, parts, [this](Failure failed, std::size_t) {
      exchange_.end();
      if (failed || closed_) return end();
      give_back_memory();
      if (!keep_) return linger();
      enter(Phase::discarding, kBodyTimeout);
      discard();
    });
  }

  void give_back_memory() {
    body_ = std::move(parser_->get().body());
    if (body_.capacity() > kKeptBody) body_ = std::string();
    body_.clear();
    if (out_body_.capacity() > kKeptBody) out_body_ = std::string();
  }

  /// Throws away what belongs to the request that was answered.
  void discard() {
    const std::uint64_t some = std::min<std::uint64_t>(discard_left_, buffer_.size());
    buffer_.consume(static_cast<std::size_t>(some));
    discard_left_ -= some;
    if (discard_left_ > 0) return read_some();
    if (phase_ == Phase::lingering) return end();
    next_request();
  }

  /// Closes so that the peer can read the answer even while it still sends: what comes is thrown
  /// away for a while, else the kernel would reset the connection (RFC 9112 section 9.6).
  void linger() {
    Failure failed;
    if constexpr (kIsSecure) {
      // TLS has an end of its own, which the peer confirms.
      enter(Phase::lingering, kLingerTimeout);
      return stream_.async_shutdown([this](Failure) { end(); });
    }
    socket_of(stream_).shutdown(asio::ip::tcp::socket::shutdown_send, failed);
    if (failed) return end();
    enter(Phase::lingering, kLingerTimeout);
    discard_left_ = kDrainMax;
    discard();
  }

  /// Closes the socket; what is outstanding comes back soon and ends the session.
  void close() {
    closed_ = true;
    deadline_ = Clock::time_point::max();
    Failure ignored;
    socket_of(stream_).close(ignored);
  }

  void end() {
    exchange_.end();
    expect_first(false);
    if (std::exchange(ended_, true)) return;
    closed_ = true;
    deadline_ = Clock::time_point::max();
    net_.remove(*this);
  }

  NetThread& net_;
  std::shared_ptr<Tls> tls_;  ///< What the stream was made with; null if it is plain.
  Stream stream_;
  Peer peer_;
  Exchange exchange_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::string body_, out_, out_body_;
  std::uint64_t discard_left_ = 0;
  Clock::time_point deadline_ = Clock::time_point::max();
  Phase phase_ = Phase::idle;
  bool keep_ = true;
  bool is_head_ = false;
  bool is_http_1_0_ = false;
  bool draining_ = false;
  bool expects_first_ = false;
  bool closed_ = false;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Session> make_session(NetThread& net, NetThread::Socket socket, Peer peer,
                                      std::shared_ptr<Tls> tls) {
  if (tls == nullptr) {
    return std::make_unique<Connection<Plain>>(net, std::move(socket), std::move(peer), nullptr);
  }
  Secure stream(std::move(socket), tls->context);
  return std::make_unique<Connection<Secure>>(net, std::move(stream), std::move(peer),
                                              std::move(tls));
}

}  // namespace tocsin::http
