#include "http/tls.h"

#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>

namespace tocsin::http {

namespace asio = boost::asio;

std::expected<std::shared_ptr<Tls>, std::string> make_tls(const config::Tls& files) {
  auto tls = std::make_shared<Tls>();
  asio::ssl::context& context = tls->context;
  boost::system::error_code failed;
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Buffers are held only while something is in them, and writes go on from where they stopped.
  SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS |
                                                SSL_MODE_ENABLE_PARTIAL_WRITE |
                                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context.native_handle(), 1);
  // Without a name for its sessions OpenSSL refuses to resume those with a client's certificate.
  static constexpr unsigned char kSessions[] = "tocsin";
  SSL_CTX_set_session_id_context(context.native_handle(), kSessions, sizeof kSessions - 1);
  context.use_certificate_chain(asio::buffer(files.certificates), failed);
  if (!failed) context.use_private_key(asio::buffer(files.key), asio::ssl::context::pem, failed);
  if (!failed && !files.client_ca.empty()) {
    context.add_certificate_authority(asio::buffer(files.client_ca), failed);
    if (!failed) context.set_verify_mode(asio::ssl::verify_peer, failed);
  }
  if (failed) return std::unexpected("the certificate cannot be used: " + failed.message());
  return tls;
}

}  // namespace tocsin::http
