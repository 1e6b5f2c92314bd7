#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/alert/labels.h"

namespace tocsin {

/// The 128-bit key an alert is found by: XXH3-128, with the store's secret, of its identity.
struct Key {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend auto operator<=>(const Key&, const Key&) = default;
};

/// 192 bytes that make keys unforgeable from outside; made once per store and kept in it.
class KeySecret {
 public:
  /// Expands 16 or more bytes of entropy. Equal seeds give equal secrets.
  explicit KeySecret(std::string_view seed);
  Key key_of_labels(LabelsView identity_labels) const;
  /// A sender's own key is scoped to its source.
  Key key_of_sender(std::string_view source, std::string_view sender_key) const;
  /// For derived names such as a correlation key: any bytes, in a space of their own.
  Key key_of_bytes(std::string_view bytes) const;
  /// Of bytes as they are, for a secret that makes no other keys: they share no space with those.
  Key key_of_spelling(std::string_view bytes) const;

 private:
  std::array<unsigned char, 192> bytes_{};
};

enum class IdentityBy : std::uint8_t { labels, sender_key };

/// 32 hex digits.
std::string to_hex(const Key&);
bool key_from_hex(std::string_view, Key& out);

/// Unkeyed XXH3-64: content hashes of files and rule sets, not identities.
std::uint64_t content_hash(std::string_view bytes, std::uint64_t seed = 0);

}  // namespace tocsin
