#include "http/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>

#include "tocsin/base/check.h"

namespace tocsin::http {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
/// How far a sender's clock may be from this one.
constexpr std::chrono::seconds kClockDifferenceMax{300};

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

/// The two parts of "t=1479884169,v1=…".
struct Timed {
  std::string_view time, hex;
};

std::optional<Timed> read_timed(std::string_view value) {
  constexpr std::string_view kTime = "t=";
  constexpr std::string_view kSignature = ",v1=";
  const std::size_t comma = value.find(kSignature);
  if (!value.starts_with(kTime) || comma == value.npos) return std::nullopt;
  return Timed{value.substr(kTime.size(), comma - kTime.size()),
               value.substr(comma + kSignature.size())};
}

bool is_timely(std::string_view time, Instant now) {
  std::int64_t seconds = 0;
  const auto [end, failed] = std::from_chars(time.data(), time.data() + time.size(), seconds);
  if (failed != std::errc() || end != time.data() + time.size()) return false;
  const std::int64_t here =
      std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  return seconds >= here - kClockDifferenceMax.count() &&
         seconds <= here + kClockDifferenceMax.count();
}

/// What is signed is the time and the body.
CheckedSignature check_timed(const config::Sender& sender, const Timed& timed,
                             std::string_view body, Instant now) {
  std::string text(timed.time);
  text.append(".").append(body);
  const std::string wanted = hex_hmac(sender.hmac_secret, text);
  if (!is_same(std::string(timed.hex), wanted)) return {Signature::wrong};
  if (!is_timely(timed.time, now)) return {Signature::untimely};
  return {Signature::good, sender.source + ' ' + wanted};
}

}  // namespace

CheckedSignature check_signature(const config::Sender* sender, const Request& request,
                                 Instant now) {
  if (sender == nullptr || sender->hmac_secret.empty()) return {Signature::none_needed};
  std::string_view value;
  if (request.head.header) value = request.head.header(sender->hmac_header);
  if (value.empty()) return {Signature::missing};
  if (const auto timed = read_timed(value)) {
    return check_timed(*sender, *timed, request.body_as_sent, now);
  }
  constexpr std::string_view kAlgorithm = "sha256=";
  if (value.starts_with(kAlgorithm)) value.remove_prefix(kAlgorithm.size());
  return {is_same(std::string(value), hex_hmac(sender->hmac_secret, request.body_as_sent))
              ? Signature::good
              : Signature::wrong};
}

}  // namespace tocsin::http
