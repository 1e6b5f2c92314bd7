#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "http/tls.h"

namespace tocsin::http {

/// A connection's bytes: a socket, or TLS on one. Nothing here waits, and while nothing moves no
/// buffer is held: what cannot be done at once says what it waits for.
class Wire {
 public:
  using Io = boost::asio::io_context;
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Io::executor_type>;

  enum class Now : std::uint8_t {
    done,
    wants_read,   ///< Try again when the socket can be read.
    wants_write,  ///< Try again when the socket can be written to.
    ended,        ///< The peer will send no more.
    failed,       ///< See problem().
  };
  struct Moved {
    Now now = Now::done;
    std::size_t bytes = 0;
  };

  /// With `tls` the connection begins with a handshake.
  Wire(Socket, std::shared_ptr<Tls> tls);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  Socket& socket() { return socket_; }
  bool is_secure() const { return ssl_ != nullptr; }

  Now greet();
  Moved read(std::span<char> into);
  /// A part of both, in this order. After wants_* the same again.
  Moved write(std::string_view first, std::string_view second);
  /// Tells the peer that nothing more will come, as far as that can be done at once.
  void say_goodbye();

  /// Reading may find something without waiting for the socket.
  bool may_have_more() const;
  /// The socket was waited for: there is something, or an end.
  void became_readable() { drained_ = false; }

  /// "/CN=prometheus.example.net", or "" if the peer showed no certificate that verified.
  std::string peer_certificate() const;
  /// What failed, for a log line.
  const std::string& problem() const { return problem_; }

 private:
  struct Free {
    void operator()(ssl_st*) const;
  };
  Now judge(int result);

  friend struct SocketBio;  // Reads and writes the socket for OpenSSL.
  Moved receive(std::span<char> into);
  Moved send(std::string_view first, std::string_view second);

  Socket socket_;
  std::shared_ptr<Tls> tls_;  ///< What ssl_ was made with.
  std::unique_ptr<ssl_st, Free> ssl_;
  bool drained_ = true;  ///< The last read left nothing in the socket.
  std::string problem_;
};

}  // namespace tocsin::http
