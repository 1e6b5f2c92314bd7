#include "config/certificates.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <ctime>
#include <memory>
#include <utility>
#include <vector>

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

/// All of a PEM text, or why one of them cannot be read.
std::expected<std::vector<Certificate>, CertificateProblem> read_certificates(
    In in, const std::string& pem, const char* cure_of_none) {
  std::vector<Certificate> out;
  const Bio bio = reader_of(pem);
  while (Certificate next = next_certificate(bio.get())) out.push_back(std::move(next));
  if (out.empty()) return wrong(in, "the file holds no certificate", cure_of_none);
  // The one end that is no mistake: nothing more begins.
  const unsigned long why = ERR_peek_last_error();
  if (ERR_GET_LIB(why) != ERR_LIB_PEM || ERR_GET_REASON(why) != PEM_R_NO_START_LINE) {
    return wrong(in,
                 "certificate " + std::to_string(out.size() + 1) +
                     " of the file is broken: " + last_reason(),
                 "copy it again, whole from its BEGIN line to its END line");
  }
  ERR_clear_error();
  return out;
}

/// The rest of the chain is checked here, too: OpenSSL else refuses a weak one at every handshake.
std::expected<void, CertificateProblem> use_chain(SSL_CTX* context,
                                                  const std::vector<Certificate>& chain) {
  if (SSL_CTX_use_certificate(context, chain[0].get()) != 1) {
    return wrong(In::certificates, "the certificate cannot be used: " + last_reason(),
                 "make a new one, with an RSA key of 2048 bits or more or an EC key");
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) == 1) continue;
    return wrong(
        In::certificates,
        "certificate " + std::to_string(i + 1) + " of the chain cannot be used: " + last_reason(),
        "let an authority with an RSA key of 2048 bits or more or an EC key sign it");
  }
  return {};
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
  const auto chain =
      read_certificates(In::certificates, certificates,
                        "write the server's certificate into it as PEM, then its chain");
  if (!chain) return std::unexpected(chain.error());
  if (auto used = use_chain(context.get(), *chain); !used) return std::unexpected(used.error());
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
  if (client_ca != nullptr) {
    const auto signers =
        read_certificates(In::client_ca, *client_ca,
                          "write the certificates of those who sign clients into it as PEM");
    if (!signers) return std::unexpected(signers.error());
  }
  ERR_clear_error();
  return expiry_of(chain->front().get());
}

}  // namespace tocsin::config
