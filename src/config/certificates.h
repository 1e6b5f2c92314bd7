#pragma once

#include <expected>
#include <string>

#include "tocsin/base/time.h"

namespace tocsin::config {

/// What is wrong with a certificate or key. Holds nothing of the key.
struct CertificateProblem {
  enum class In { certificates, key, client_ca } in = In::certificates;
  std::string problem;
  std::string cure;
};

/// Gives PEM texts to OpenSSL as a server would, so that what it refuses is found when the files
/// are read. `client_ca` may be null. Returns when the server's certificate expires.
std::expected<Instant, CertificateProblem> check_certificates(const std::string& certificates,
                                                              const std::string& key,
                                                              const std::string* client_ca);

}  // namespace tocsin::config
