#include "config/certificates.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <ctime>
#include <memory>
#include <utility>

#include "tocsin/base/check.h"

namespace tocsin::config {
namespace {

using In = CertificateProblem::In;
using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

std::unexpected<CertificateProblem> wrong(In in, std::string problem, std::string cure) {
  ERR_clear_error();
  return std::unexpected(CertificateProblem{in, std::move(problem), std::move(cure)});
}

/// OpenSSL's own words for why it refused, such as "ee key too small".
std::string last_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason == nullptr ? "no reason given" : reason;
}

Bio reader_of(const std::string& pem) {
  Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  CHECK(bio != nullptr);
  return bio;
}

Certificate next_certificate(BIO* from) {
  return {PEM_read_bio_X509(from, nullptr, nullptr, nullptr), &X509_free};
}

/// A key with a passphrase is not asked for one: nobody is there to give it.
int no_passphrase(char*, int, int, void*) { return -1; }

Instant expiry_of(const X509* certificate) {
  std::tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) return Instant{};
  return Instant(std::chrono::seconds(timegm(&end)));
}

}  // namespace

std::expected<Instant, CertificateProblem> check_certificates(const std::string& certificates,
                                                              const std::string& key,
                                                              const std::string* client_ca) {
  const Context context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  CHECK(context != nullptr);
  const Bio chain = reader_of(certificates);
  const Certificate own = next_certificate(chain.get());
  if (own == nullptr) {
    return wrong(In::certificates, "the file holds no certificate",
                 "write the server's certificate into it as PEM, then its chain");
  }
  if (SSL_CTX_use_certificate(context.get(), own.get()) != 1) {
    return wrong(In::certificates, "the certificate cannot be used: " + last_reason(),
                 "make a new one, with an RSA key of 2048 bits or more or an EC key");
  }
  const Bio key_reader = reader_of(key);
  const Key read(PEM_read_bio_PrivateKey(key_reader.get(), nullptr, &no_passphrase, nullptr),
                 &EVP_PKEY_free);
  if (read == nullptr) {
    return wrong(In::key, "the file holds no private key, or one with a passphrase",
                 "write the key into it as PEM without a passphrase");
  }
  if (SSL_CTX_use_PrivateKey(context.get(), read.get()) != 1) {
    return wrong(
        In::key, "the key does not belong to the first certificate of cert_file",
        "name the key it was made with; cert_file begins with the server's own certificate");
  }
  if (client_ca != nullptr && next_certificate(reader_of(*client_ca).get()) == nullptr) {
    return wrong(In::client_ca, "the file holds no certificate",
                 "write the certificates of those who sign clients into it as PEM");
  }
  ERR_clear_error();
  return expiry_of(own.get());
}

}  // namespace tocsin::config
