#include "http/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <string>

#include "tocsin/base/check.h"

namespace tocsin::http {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

std::string hex_hmac(std::string_view secret, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  const unsigned char* done =
      HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes.data(), &size);
  CHECK(done != nullptr);
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out += kDigits[bytes[i] >> 4U];
    out += kDigits[bytes[i] & 15U];
  }
  return out;
}

/// Takes as long for a wrong signature as for a good one.
bool is_same(std::string given, const std::string& wanted) {
  std::ranges::transform(given, given.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return given.size() == wanted.size() &&
         CRYPTO_memcmp(given.data(), wanted.data(), wanted.size()) == 0;
}

/// "t=1479884169,v1=…": what is signed is the time and the body.
bool is_timed(std::string_view value, std::string_view secret, std::string_view body) {
  constexpr std::string_view kTime = "t=";
  constexpr std::string_view kSignature = ",v1=";
  const std::size_t comma = value.find(kSignature);
  if (!value.starts_with(kTime) || comma == value.npos) return false;
  std::string text(value.substr(kTime.size(), comma - kTime.size()));
  text.append(".").append(body);
  return is_same(std::string(value.substr(comma + kSignature.size())), hex_hmac(secret, text));
}

}  // namespace

Signature check_signature(const config::Sender* sender, const Request& request) {
  if (sender == nullptr || sender->hmac_secret.empty()) return Signature::none_needed;
  std::string_view value;
  if (request.head.header) value = request.head.header(sender->hmac_header);
  if (value.empty()) return Signature::missing;
  if (is_timed(value, sender->hmac_secret, request.body)) return Signature::good;
  constexpr std::string_view kAlgorithm = "sha256=";
  if (value.starts_with(kAlgorithm)) value.remove_prefix(kAlgorithm.size());
  return is_same(std::string(value), hex_hmac(sender->hmac_secret, request.body))
             ? Signature::good
             : Signature::wrong;
}

}  // namespace tocsin::http
