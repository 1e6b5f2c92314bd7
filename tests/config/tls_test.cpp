#include <gtest/gtest.h>

#include "certificates.h"
#include "config_world.h"
#include "tocsin/config/config.h"

namespace tocsin::config {
namespace {

/// A tocsin.yaml that names tls.crt, tls.key and, in `more`, whatever else.
class TlsFiles : public testing::Test {
 protected:
  void write(const std::string& certificates, const std::string& key) const {
    folder_.write("tls.crt", certificates, std::filesystem::perms(0644));
    folder_.write("tls.key", key);
  }
  SettingsResult read(const std::string& more = "") const {
    return parse_settings("tls: {cert_file: tls.crt, key_file: tls.key" + more + "}\n",
                          folder_ / "tocsin.yaml", folder_.path().string());
  }
  std::string told(const std::string& more = "") const {
    std::string text = text_of(read(more).diagnostics);
    const auto colon = text.find("tocsin.yaml:");
    return colon == text.npos ? text : text.substr(colon);
  }
  TemporaryFolder folder_;
  MadeCertificate own_ = make_certificate("tocsin.example.net");
};

TEST_F(TlsFiles, AreTakenWithAChainBehindTheServersOwnCertificate) {
  write(own_.certificate + make_certificate("authority").certificate, own_.key);
  folder_.write("clients.crt", make_certificate("clients").certificate);
  const SettingsResult result = read(", client_ca_file: clients.crt");
  EXPECT_EQ(text_of(result.diagnostics), "");
  ASSERT_TRUE(result.settings.tls);
  EXPECT_EQ(result.settings.external_url, "https://127.0.0.1:9911");
  EXPECT_GT(result.settings.tls->expires.time_since_epoch().count(), 0);
  EXPECT_NE(result.settings.tls->client_ca, "");
}

TEST_F(TlsFiles, AKeyOfAnotherCertificateIsAnError) {
  write(own_.certificate, make_certificate("other").key);
  EXPECT_EQ(
      told(),
      "tocsin.yaml:1:37: error: tls.key_file: the key does not belong to the first certificate "
      "of cert_file; name the key it was made with; cert_file begins with the server's own "
      "certificate\n");
}

TEST_F(TlsFiles, WhatHoldsNoCertificateIsAnError) {
  write("-----BEGIN CERTIFICATE-----\nnonsense\n", own_.key);
  EXPECT_NE(told().find("tocsin.yaml:1:18: error: tls.cert_file: the file holds no certificate"),
            std::string::npos)
      << told();
  write(own_.certificate, own_.key);
  folder_.write("clients.crt", "");
  EXPECT_NE(told(", client_ca_file: clients.crt")
                .find("tls.client_ca_file: the file holds no certificate"),
            std::string::npos);
}

TEST_F(TlsFiles, ABrokenBlockBehindTheFirstIsAnErrorOfItsFile) {
  const std::string other = make_certificate("authority").certificate;
  const std::string cut = other.substr(0, other.size() / 2);
  std::string noise = other;
  noise.replace(noise.size() / 2, 8, "????????");
  for (const std::string& broken : {cut, noise, other + cut}) {
    SCOPED_TRACE(broken);
    const std::string number = broken.starts_with(other) ? "3" : "2";
    write(own_.certificate + broken, own_.key);
    EXPECT_TRUE(told().starts_with("tocsin.yaml:1:18: error: tls.cert_file: certificate " + number +
                                   " of the file is broken: "))
        << told();
    EXPECT_NE(told().find("; copy it again, whole"), std::string::npos) << told();
    write(own_.certificate, own_.key);
    folder_.write("clients.crt", own_.certificate + broken);
    EXPECT_TRUE(told(", client_ca_file: clients.crt")
                    .starts_with("tocsin.yaml:1:62: error: tls.client_ca_file: certificate " +
                                 number + " of the file is broken: "))
        << told(", client_ca_file: clients.crt");
  }
}

TEST_F(TlsFiles, WordsAndKeysBetweenCertificatesAreNoMistake) {
  const std::string other = make_certificate("authority").certificate;
  write("made by hand\n" + own_.certificate + own_.key + "the authority:\n" + other + "the end\n",
        own_.key);
  EXPECT_EQ(text_of(read().diagnostics), "");
}

TEST_F(TlsFiles, AWeakAuthorityInTheChainIsAnError) {
  write(own_.certificate + make_certificate("small", 30, nullptr, 1024).certificate, own_.key);
  EXPECT_NE(told().find("tls.cert_file: certificate 2 of the chain cannot be used: "),
            std::string::npos)
      << told();
}

TEST_F(TlsFiles, AKeyThatOthersMayReadIsAnError) {
  write(own_.certificate, own_.key);
  std::filesystem::permissions(folder_ / "tls.key", std::filesystem::perms(0644));
  EXPECT_NE(told().find("others may read the secret file"), std::string::npos) << told();
  EXPECT_EQ(told().find("PRIVATE"), std::string::npos);
}

TEST_F(TlsFiles, AKeyWithAPassphraseIsAnErrorAndNobodyIsAskedForIt) {
  const std::string locked = pem_of([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, own_.pkey.get(), EVP_aes_128_cbc(), nullptr, 0, nullptr,
                                    const_cast<char*>("passphrase"));
  });
  write(own_.certificate, locked);
  EXPECT_NE(told().find("no private key, or one with a passphrase"), std::string::npos) << told();
}

TEST_F(TlsFiles, AKeyThatIsTooSmallIsAnError) {
  const MadeCertificate small = make_certificate("small", 30, nullptr, 1024);
  write(small.certificate, small.key);
  EXPECT_NE(told().find("tls.cert_file: the certificate cannot be used: ee key too small"),
            std::string::npos)
      << told();
}

TEST_F(TlsFiles, AnExpiredCertificateIsAWarningSoThatPagingGoesOn) {
  const MadeCertificate old = make_certificate("tocsin.example.net", -2);
  write(old.certificate, old.key);
  const SettingsResult result = read();
  EXPECT_FALSE(has_errors(result.diagnostics));
  EXPECT_TRUE(result.settings.tls);
  EXPECT_NE(told().find("warning: tls.cert_file: the certificate expired on "), std::string::npos)
      << told();
}

TEST_F(TlsFiles, WithThemAndATokenItMayListenBeyondLoopback) {
  write(own_.certificate, own_.key);
  folder_.write("ana", "token-of-ana-0123456789");
  const std::string text =
      "listen: 0.0.0.0:9911\ntls: {cert_file: tls.crt, key_file: tls.key}\n"
      "auth: {tokens: [{name: ana, token_file: ana, scopes: [read]}]}\n";
  const auto result = parse_settings(text, folder_ / "tocsin.yaml", folder_.path().string());
  EXPECT_EQ(text_of(result.diagnostics), "");
}

}  // namespace
}  // namespace tocsin::config
