#include "http/session.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "http/exchange.h"
#include "http/net_thread.h"
#include "http/patience.h"
#include "http/request_reader.h"
#include "http/wire.h"

namespace tocsin::http {
namespace {

namespace asio = boost::asio;
using Failure = boost::system::error_code;
using Now = Wire::Now;

/// What is copied so that a small answer is one record of TLS.
constexpr std::size_t kCopiedBody = 16U << 10;
constexpr std::size_t kHeadOfAnswer = 512;

bool equals_no_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

/// A connection as a machine of phases: step() does what can be done at once and says whether there
/// is more; what has to be waited for is waited for without a buffer.
class Connection final : public Session, public Conversation {
 public:
  Connection(NetThread& net, Wire::Socket socket, Peer peer, std::shared_ptr<Tls> tls)
      : net_(net),
        wire_(std::move(socket), std::move(tls)),
        peer_(std::move(peer)),
        exchange_(net, peer_, *this) {}

  void start() override {
    Failure ignored;
    wire_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    expect_first(true);
    if (wire_.is_secure()) {
      enter(Phase::greeting, kHeadTimeout);
      return go();
    }
    next_request();
    wait(Now::wants_read);
  }

  void tick(Clock::time_point now) override {
    if (!patience_.is_over(now)) return;
    if (phase_ != Phase::head && phase_ != Phase::body) return close();
    // The answer leaves when the read that is waited for has come back.
    patience_.have_forever();
    overdue_ = true;
    Failure ignored;
    wire_.socket().cancel(ignored);
  }

  void drain() override {
    draining_ = true;
    if (phase_ == Phase::idle && !expects_first_) close();
  }

  void respond(Response response) override {
    if (closed_) return end();
    exchange_.answered(response.status);
    // The body went back to the budget: it must not wait in memory for a peer that reads slowly.
    if (reader_) net_.give_back(std::move(reader_));
    keep_ = keep_ && !response.close && !draining_;
    out_.reserve(kHeadOfAnswer);
    append_head(response, keep_, is_http_1_0_, net_.date(), out_);
    if (!is_head_) out_body_ = std::move(response.body);
    if (wire_.is_secure() && out_body_.size() <= kCopiedBody) {
      out_ += out_body_;
      out_body_ = std::string();
    }
    written_ = 0;
    enter(Phase::writing, kWriteTimeout);
    go();
  }

 private:
  enum class Phase : std::uint8_t {
    greeting,  ///< Of TLS.
    idle,      ///< Between requests.
    head,
    continuing,  ///< "100 Continue" is being written.
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
    patience_.begin(Patience::now(), limit);
  }

  /// A request takes four steps: most turns end before the clock is asked.
  static constexpr int kStepsOfALook = 8;

  /// Goes on for as long as something can be done. What it calls may call it again.
  void go() {
    if (std::exchange(going_, true)) return;
    std::optional<Clock::time_point> turn_ends;
    for (int steps = 1; step(); ++steps) {
      const bool looks = std::exchange(took_coded_, false) || steps % kStepsOfALook == 0;
      // While the exchange works, its answer is what is outstanding.
      if (phase_ == Phase::working || !looks) continue;
      const Clock::time_point now = Clock::now();
      if (!turn_ends) turn_ends = now + kTurn;
      if (now < *turn_ends) continue;
      asio::post(net_.io(), [this] { came_back({}); });
      break;
    }
    keep_left();
    going_ = false;
  }

  /// What was outstanding is there.
  void came_back(Failure failed) {
    if (closed_) return end();
    if (std::exchange(overdue_, false)) {
      keep_ = false;
      return respond(exchange_.broken(408, "the request did not come in time", "timeout"));
    }
    if (failed) return end();
    go();
  }

  /// True if there is something to do in the phase it is then in.
  bool step() {
    if (closed_) return false;
    switch (phase_) {
      case Phase::greeting:
        return greet();
      case Phase::idle:
      case Phase::head:
      case Phase::body:
        return read_request();
      case Phase::working:
        return false;
      case Phase::continuing:
      case Phase::writing:
        return write_out();
      case Phase::discarding:
      case Phase::lingering:
        return discard();
    }
    return false;
  }

  /// Always false: there is nothing to do until then.
  bool wait(Now now) {
    if (now == Now::ended || now == Now::failed) {
      end();
      return false;
    }
    const auto kind = now == Now::wants_write ? Wire::Socket::wait_write : Wire::Socket::wait_read;
    wire_.socket().async_wait(kind, [this, now](Failure failed) {
      if (now == Now::wants_read) wire_.became_readable();
      came_back(failed);
    });
    return false;
  }

  bool greet() {
    const Now now = wire_.greet();
    if (now == Now::failed) refuse_greeting();
    if (now != Now::done) return wait(now);
    peer_.certificate = wire_.peer_certificate();
    next_request();
    return true;
  }

  void refuse_greeting() {
    Site& site = net_.site();
    site.count_access("tls");
    site.warn("http.tls " + peer_.address, "http.tls_refused",
              {{"peer", peer_.address}, {"problem", wire_.problem()}});
  }

  void next_request() {
    if (draining_ && !expects_first_) return end();
    discard_left_ = 0;
    keep_ = true;
    is_head_ = false;
    is_http_1_0_ = false;
    enter(Phase::idle, kIdleTimeout);
  }

  /// Bytes behind those that are left, or false: they are waited for.
  bool read_more() {
    if (!wire_.may_have_more()) return wait(Now::wants_read);
    keep_left();
    const std::span<char> buffer = net_.read_buffer();
    const Wire::Moved moved = wire_.read(buffer);
    if (moved.now != Now::done) return wait(moved.now);
    const std::string_view fresh(buffer.data(), moved.bytes);
    if (left_.empty()) {
      left_ = fresh;
    } else {
      rest_.append(fresh);
      left_ = rest_;
    }
    if (phase_ != Phase::idle && phase_ != Phase::head) {
      patience_.moved(Patience::now(), moved.bytes);
    }
    return true;
  }

  /// The net thread's buffer is for the next connection: what is left goes into one of its own.
  void keep_left() {
    if (left_.empty()) {
      if (rest_.capacity() > 0) rest_ = std::string();
      return;
    }
    if (left_.data() >= rest_.data() && left_.data() < rest_.data() + rest_.size()) {
      rest_.erase(0, static_cast<std::size_t>(left_.data() - rest_.data()));
    } else {
      rest_.assign(left_);
    }
    left_ = rest_;
  }

  bool read_request() {
    if (left_.empty()) return read_more();
    if (phase_ == Phase::idle) {
      enter(Phase::head, kHeadTimeout);
      reader_ = net_.take_reader();
    }
    switch (reader_->take(left_)) {
      case RequestReader::Got::too_little:
        return read_more();
      case RequestReader::Got::head:
        take_head();
        return true;
      case RequestReader::Got::some:
        body_has_room();
        return true;
      case RequestReader::Got::whole:
        if (body_has_room()) work();
        return true;
      case RequestReader::Got::broken: {
        const Breakage breakage = reader_->breakage();
        keep_ = false;
        respond(exchange_.broken(breakage.status, breakage.detail, breakage.reason));
        return true;
      }
      case RequestReader::Got::trouble:
        keep_ = false;
        respond(exchange_.refuse_body(reader_->trouble()));
        return true;
    }
    return false;
  }

  bool body_has_room() {
    took_coded_ = took_coded_ || reader_->body().is_coded();
    auto full = exchange_.body_grew(reader_->body().charge());
    if (!full) return true;
    keep_ = false;
    respond(*std::move(full));
    return false;
  }

  void take_head() {
    const Head head = reader_->head();
    is_head_ = head.method == "HEAD";
    is_http_1_0_ = head.is_http_1_0;
    keep_ = reader_->keeps_connection();
    auto early = exchange_.begin(head);
    expect_first(false);  // From here on the exchange counts.
    const bool expects = !head.expect.empty() && !head.is_http_1_0;
    const bool waits = expects && equals_no_case(head.expect, "100-continue");
    if (!early && expects && !waits) {
      early = exchange_.broken(417, "of the expectations only 100-continue is known", "expect");
    }
    if (early) {
      plan_discard(head, expects);
      return respond(*std::move(early));
    }
    if (reader_->is_whole()) return work();
    reader_->expect_body(exchange_.body_terms());
    enter(Phase::body, kBodyTimeout);
    if (!waits || !left_.empty()) return;
    out_ = "HTTP/1.1 100 Continue\r\n\r\n";
    written_ = 0;
    phase_ = Phase::continuing;
  }

  /// The body that will not be read must not be taken for the next request.
  void plan_discard(const Head& head, bool expects) {
    const std::uint64_t length = head.content_length.value_or(0);
    if (head.is_chunked || length > kDrainMax) keep_ = false;
    // Nobody can say whether a body follows that was only announced (RFC 9110 section 10.1.1).
    if (expects && length > 0) keep_ = false;
    discard_left_ = length;
  }

  void work() {
    phase_ = Phase::working;
    patience_.have_forever();
    exchange_.run(reader_->body());
  }

  bool write_out() {
    const std::size_t size = out_.size() + out_body_.size();
    while (written_ < size) {
      std::string_view first = out_, second = out_body_;
      first.remove_prefix(std::min(written_, first.size()));
      second.remove_prefix(written_ - (out_.size() - first.size()));
      const Wire::Moved moved = wire_.write(first, second);
      if (moved.now != Now::done) return wait(moved.now);
      written_ += moved.bytes;
      if (written_ < size) patience_.moved(Patience::now(), moved.bytes);
    }
    out_ = std::string();
    out_body_ = std::string();
    if (phase_ == Phase::continuing) {
      phase_ = Phase::body;
      return true;
    }
    exchange_.end();
    if (!keep_) return linger();
    if (discard_left_ == 0) {
      next_request();
      return true;
    }
    enter(Phase::discarding, kBodyTimeout);
    return true;
  }

  /// Throws away what belongs to the request that was answered.
  bool discard() {
    const std::uint64_t some = std::min<std::uint64_t>(discard_left_, left_.size());
    left_.remove_prefix(static_cast<std::size_t>(some));
    discard_left_ -= some;
    if (discard_left_ > 0) return read_more();
    if (phase_ == Phase::lingering) {
      end();
      return false;
    }
    next_request();
    return true;
  }

  /// Closes so that the peer can read the answer even while it still sends: what comes is thrown
  /// away for a while, else the kernel would reset the connection (RFC 9112 section 9.6).
  bool linger() {
    wire_.say_goodbye();
    enter(Phase::lingering, kLingerTimeout);
    discard_left_ = kDrainMax;
    return true;
  }

  /// Closes the socket; what is outstanding comes back soon and ends the session.
  void close() {
    closed_ = true;
    patience_.have_forever();
    Failure ignored;
    if (phase_ == Phase::idle) wire_.say_goodbye();
    wire_.socket().close(ignored);
  }

  void end() {
    exchange_.end();
    expect_first(false);
    if (std::exchange(ended_, true)) return;
    closed_ = true;
    patience_.have_forever();
    net_.remove(*this);
  }

  NetThread& net_;
  Wire wire_;
  Peer peer_;
  Exchange exchange_;
  std::unique_ptr<RequestReader> reader_;  ///< Only while there is a request.
  std::string_view left_;  ///< Bytes that were read and not taken, in rest_ or the thread's buffer.
  std::string rest_;
  std::string out_, out_body_;
  std::size_t written_ = 0;  ///< Of both.
  std::uint64_t discard_left_ = 0;
  Patience patience_;
  Phase phase_ = Phase::idle;
  bool going_ = false;
  bool took_coded_ = false;  ///< A piece of a coded body, which may take a turn by itself.
  bool overdue_ = false;
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
  return std::make_unique<Connection>(net, std::move(socket), std::move(peer), std::move(tls));
}

}  // namespace tocsin::http
