#include "http/wire.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

#include "tocsin/base/check.h"

namespace tocsin::http {
namespace {

int size_for_openssl(std::size_t bytes) {
  constexpr std::size_t kMost = std::numeric_limits<int>::max();
  return static_cast<int>(std::min(bytes, kMost));
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

iovec piece_of(std::string_view bytes) {
  // sendmsg takes what it only reads as not const.
  return {const_cast<char*>(bytes.data()), bytes.size()};
}

}  // namespace

/// OpenSSL's way to the socket. Its own for sockets would raise SIGPIPE.
struct SocketBio {
  static Wire& wire_of(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* into, int size) {
    BIO_clear_retry_flags(bio);
    const auto moved = wire_of(bio).receive({into, static_cast<std::size_t>(size)});
    if (moved.now == Wire::Now::wants_read) BIO_set_retry_read(bio);
    if (moved.now == Wire::Now::ended) return 0;
    return moved.now == Wire::Now::done ? static_cast<int>(moved.bytes) : -1;
  }
  static int write(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    const auto moved = wire_of(bio).send({from, static_cast<std::size_t>(size)}, {});
    if (moved.now == Wire::Now::wants_write) BIO_set_retry_write(bio);
    return moved.now == Wire::Now::done ? static_cast<int>(moved.bytes) : -1;
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* const fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
      CHECK(fresh != nullptr);
      BIO_meth_set_read(fresh, read);
      BIO_meth_set_write(fresh, write);
      BIO_meth_set_ctrl(fresh, control);
      return fresh;
    }();
    return made;
  }
};

void Wire::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }

Wire::Wire(Socket socket, std::shared_ptr<Tls> tls)
    : socket_(std::move(socket)), tls_(std::move(tls)) {
  if (tls_ == nullptr) return;
  ssl_.reset(SSL_new(tls_->context.native_handle()));
  BIO* const bio = BIO_new(SocketBio::method());
  CHECK(ssl_ != nullptr && bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_accept_state(ssl_.get());
}

Wire::~Wire() = default;

Wire::Moved Wire::receive(std::span<char> into) {
  const ssize_t got = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
  if (got > 0) {
    // Less than there was room for: no more was there.
    drained_ = static_cast<std::size_t>(got) < into.size();
    return {Now::done, static_cast<std::size_t>(got)};
  }
  if (got == 0) return {Now::ended};
  drained_ = true;
  if (would_block(errno)) return {Now::wants_read};
  problem_ = std::generic_category().message(errno);
  return {Now::failed};
}

Wire::Moved Wire::send(std::string_view first, std::string_view second) {
  std::array<iovec, 2> pieces = {piece_of(first), piece_of(second)};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) return {Now::done, static_cast<std::size_t>(sent)};
  if (would_block(errno)) return {Now::wants_write};
  problem_ = std::generic_category().message(errno);
  return {Now::failed};
}

/// What a call to OpenSSL came to. REQUIRES: its queue of errors was empty before the call.
Wire::Now Wire::judge(int result) {
  if (result > 0) return Now::done;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Now::wants_read;
    case SSL_ERROR_WANT_WRITE:
      return Now::wants_write;
    case SSL_ERROR_ZERO_RETURN:
      return Now::ended;
    default:
      break;
  }
  const char* const reason = ERR_reason_error_string(ERR_peek_error());
  if (reason != nullptr) problem_ = reason;
  if (problem_.empty()) problem_ = "the peer closed the connection";
  return Now::failed;
}

Wire::Now Wire::greet() {
  if (ssl_ == nullptr) return Now::done;
  ERR_clear_error();
  return judge(SSL_do_handshake(ssl_.get()));
}

Wire::Moved Wire::read(std::span<char> into) {
  if (ssl_ == nullptr) return receive(into);
  ERR_clear_error();
  const int got = SSL_read(ssl_.get(), into.data(), size_for_openssl(into.size()));
  const Now now = judge(got);
  return {now, now == Now::done ? static_cast<std::size_t>(got) : 0};
}

Wire::Moved Wire::write(std::string_view first, std::string_view second) {
  if (ssl_ == nullptr) return send(first, second);
  const std::string_view bytes = first.empty() ? second : first;
  if (bytes.empty()) return {};
  ERR_clear_error();
  const int sent = SSL_write(ssl_.get(), bytes.data(), size_for_openssl(bytes.size()));
  const Now now = judge(sent);
  return {now, now == Now::done ? static_cast<std::size_t>(sent) : 0};
}

void Wire::say_goodbye() {
  if (ssl_ != nullptr && SSL_is_init_finished(ssl_.get()) != 0) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

bool Wire::may_have_more() const {
  return !drained_ || (ssl_ != nullptr && SSL_has_pending(ssl_.get()) != 0);
}

std::string Wire::peer_certificate() const {
  if (ssl_ == nullptr) return {};
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      SSL_get1_peer_certificate(ssl_.get()), &X509_free);
  if (certificate == nullptr || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return {};
  char text[256] = {};
  X509_NAME_oneline(X509_get_subject_name(certificate.get()), text, sizeof text);
  return text;
}

}  // namespace tocsin::http
