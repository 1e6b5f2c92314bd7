#include <chrono>
#include <optional>
#include <utility>

#include "config/certificates.h"
#include "config/secret.h"
#include "config/settings_reader.h"

namespace tocsin::config {
namespace {

Instant wall_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

/// Only a warning: a daemon that pages people with an old certificate is better than none.
void warn_of_expiry(const Value& file, Instant expires) {
  const std::string day = format_rfc3339(expires).substr(0, 10);
  if (expires <= wall_now()) {
    file.warning("the certificate expired on " + day + ", so that senders refuse it",
                 "renew it, then: tocsin reload");
  }
}

}  // namespace

void read_tls(const Value& value, SettingsDraft& draft) {
  Section section(value);
  const auto certificates = section.require("cert_file", "name the server's certificate");
  const auto key = section.require("key_file", "name the certificate's private key");
  const auto client_ca = section.find("client_ca_file");
  section.secret("key", "key_file");
  if (!certificates || !key) return;
  auto chain = read_public_block(*certificates, draft.folder);
  auto secret = read_secret_block(*key, draft.folder);
  auto authorities = client_ca ? read_public_block(*client_ca, draft.folder) : std::string();
  if (!chain || !secret || !authorities) return;
  const auto expires = check_certificates(*chain, *secret, client_ca ? &*authorities : nullptr);
  if (!expires) {
    using In = CertificateProblem::In;
    const CertificateProblem& wrong = expires.error();
    const Value& at = wrong.in == In::key                      ? *key
                      : wrong.in == In::client_ca && client_ca ? *client_ca
                                                               : *certificates;
    return at.error(wrong.problem, wrong.cure);
  }
  warn_of_expiry(*certificates, *expires);
  draft.out.tls = {std::move(*chain), std::move(*secret), std::move(*authorities), *expires};
}

}  // namespace tocsin::config
