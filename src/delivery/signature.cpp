#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <string>

#include "tocsin/base/check.h"
#include "tocsin/delivery/delivery.h"

namespace tocsin::delivery {

std::string signature(std::string_view secret, std::int64_t unix_seconds, std::string_view body) {
  const std::string time = std::to_string(unix_seconds);
  std::string signed_text = time + '.';
  signed_text += body;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(signed_text.data());
  CHECK(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes,
             signed_text.size(), digest, &size) != nullptr);
  std::string out = "t=" + time + ",v1=";
  for (unsigned i = 0; i < size; ++i) {
    out += "0123456789abcdef"[digest[i] >> 4];
    out += "0123456789abcdef"[digest[i] & 0xF];
  }
  return out;
}

}  // namespace tocsin::delivery
