#pragma once

#include <boost/asio/ssl/context.hpp>
#include <expected>
#include <memory>
#include <string>

#include "tocsin/config/config.h"

namespace tocsin::http {

/// What TLS connections are made with. Shared by them; replaced whole by a reload.
struct Tls {
  boost::asio::ssl::context context{boost::asio::ssl::context::tls_server};
};

/// TLS 1.2 and 1.3 with OpenSSL's choice of ciphers. Clients are asked for a certificate where an
/// authority for it is named; one that does not verify ends the handshake, none does not: Access
/// decides what may be done without. Fails with a sentence.
std::expected<std::shared_ptr<Tls>, std::string> make_tls(const config::Tls&);

}  // namespace tocsin::http
