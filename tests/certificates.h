#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <functional>
#include <memory>
#include <string>

/// Certificates for tests, made on the spot: nothing expires in the tree, and no key lies in it.
namespace tocsin {

struct MadeCertificate {
  std::string certificate, key;  ///< PEM.
  std::shared_ptr<X509> x509;
  std::shared_ptr<EVP_PKEY> pkey;
};

inline std::string pem_of(const std::function<int(BIO*)>& write) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  write(bio.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

/// For `name` and 127.0.0.1, valid from a day ago until `days` from now; signed by `authority`,
/// else by itself. `bits` > 0: an RSA key of that size instead of one on P-256.
inline MadeCertificate make_certificate(const std::string& name, int days = 30,
                                        const MadeCertificate* authority = nullptr, int bits = 0) {
  MadeCertificate made;
  made.pkey.reset(bits > 0 ? EVP_RSA_gen(static_cast<unsigned>(bits)) : EVP_EC_gen("P-256"),
                  &EVP_PKEY_free);
  made.x509.reset(X509_new(), &X509_free);
  X509* x509 = made.x509.get();
  static long serial = 1000;
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(x509), days < 0 ? -86400L * 100 : -86400L);
  X509_gmtime_adj(X509_getm_notAfter(x509), 86400L * days);
  X509_set_pubkey(x509, made.pkey.get());
  X509_NAME* subject = X509_get_subject_name(x509);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(
      x509, authority == nullptr ? subject : X509_get_subject_name(authority->x509.get()));
  const auto add = [&](int kind, const std::string& text) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, text.c_str());
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
  };
  add(NID_subject_alt_name, "DNS:" + name + ",IP:127.0.0.1");
  if (authority == nullptr) add(NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(x509, (authority == nullptr ? made.pkey : authority->pkey).get(), EVP_sha256());
  made.certificate = pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, x509); });
  made.key = pem_of([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, made.pkey.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return made;
}

}  // namespace tocsin
